"""Tests of one live file run in one worker, for they share what it starts; all others go wherever there is room.

pytest-xdist's own `loadgroup` does this by marks, which it loses with pytest 9.2 (it writes them to the ids of tests, which
that version keeps elsewhere).
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARING = ("tests/live/", "tests/contracts/test_kafka.py")


class LiveFilesTogether(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """The largest groups go first, single tests last, where they fill what is left of the time."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0] if nodeid.startswith(SHARING) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LiveFilesTogether:  # Any: what xdist logs with
    """How `make test` deals tests out to its workers."""
    return LiveFilesTogether(config, log)
