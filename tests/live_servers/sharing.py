"""How `make test` deals tests out to its workers: files whole, for their tests share what they start or build.

pytest-xdist's own `loadgroup` would do this by marks, which it loses with pytest 9.2 (it writes them to the ids of tests, which
that version keeps elsewhere).
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WAITING = ("tests/live/", "tests/contracts/test_kafka.py")
"""Tests that mostly wait: for a dead member to be missed, for a timer of a real process."""
SECONDS = {
    "tests/live/test_kill.py": 100.0,
    "tests/live/test_outage.py": 65.0,
    "tests/live/test_dispatch_faults.py": 55.0,
    "tests/live/test_inbox_upgrade.py": 35.0,
    "tests/live/test_generated_requests.py": 30.0,
    "tests/live/test_failpoints.py": 30.0,
    "tests/live/test_absent_agents.py": 20.0,
    "tests/live/test_storage_limits.py": 30.0,
    "tests/live/test_customers.py": 20.0,
    "tests/live/test_upgrade.py": 16.0,
    "tests/live/test_polling.py": 16.0,
    "tests/live/test_deleting_a_workspace.py": 8.0,
    "tests/live/test_topology.py": 7.0,
    "tests/live/": 2.0,
    "tests/browser/test_desk_day.py": 45.0,
    "tests/browser/test_desk_admin.py": 10.0,
    "tests/browser/test_desk_sleep.py": 27.0,
    "tests/browser/": 4.0,
    "tests/contracts/test_kafka.py": 3.0,
    "tests/contracts/": 0.5,
    "tests/simulator/": 5.0,
    "tests/router/conversations/test_ways_on.py": 11.0,
    "tests/router/dispatch/test_against_oracle.py": 2.0,
}
"""About how long one test of a file or folder takes, the first that fits; elsewhere `OTHER_SECONDS`."""
OTHER_SECONDS = 0.03
SINGLE = "tests/simulator/"
"""Tests that share nothing, and take long."""


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One worker of three begins with what waits, while the others use the processor; all begin with what takes longest."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if nodeid.startswith(SINGLE) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: Any) -> None:
        waits = self.nodes.index(node) % 3 == 0

        def preferred(scope: str) -> tuple[bool, float]:
            return scope.startswith(WAITING) == waits, seconds_of(scope) * len(self.workqueue[scope])

        self.workqueue.move_to_end(max(self.workqueue, key=preferred), last=False)
        super()._assign_work_unit(node)


def seconds_of(scope: str) -> float:
    """About how long one of these tests takes."""
    return next((seconds for folder, seconds in SECONDS.items() if scope.startswith(folder)), OTHER_SECONDS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:  # Any: what xdist logs with
    """Instead of xdist's own, whatever `--dist` says."""
    return FilesTogether(config, log)
