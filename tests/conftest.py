"""What holds for every test: real servers by fixture, no network otherwise, and one profile of Hypothesis."""

import gc
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings

from tests.examples import PROFILE, scaled
from tests.plain_logs import use_plain_logs

pytest_plugins = ["tests.live_servers.fixtures", "tests.live_servers.sharing"]

TESTS = Path(__file__).parent
MIN_CASES = 4
settings.load_profile(PROFILE)
use_plain_logs()
# While everything is imported and collected there is no garbage, and looking for it takes a sixth of the time.
gc.disable()

FOLDERS = {"live": "live", "browser": "live", "simulator": "simulator", "contracts": "adapters"}
"""The marker of every test below a folder of `tests`."""
LIVE_FIXTURES = frozenset({"kafka_server", "mongo_server", "stoppable_kafka", "stoppable_mongo", "kafka_cluster"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their folder and by the servers that they ask for; a `live` test may open sockets.

    Files of long tests come first, since at the end of a run each worker has a whole file of its own: the last ones are short.
    A test marked `after_all` comes last, however the tests were shuffled. Of a test with many cases some are left out where
    the profile is `check`; which ones, is another matter each time, as the tests are shuffled.
    """
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in FOLDERS:
            item.add_marker(FOLDERS[folder])
        if LIVE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("live")
        if item.get_closest_marker("live"):
            item.add_marker("enable_socket")
    long_files = {
        item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("simulator")
    }
    items.sort(key=lambda item: (item.get_closest_marker("after_all") is not None, _run_order(item, long_files)))
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        cases[item.nodeid.partition("[")[0]].append(item)
    left_out = {item for every in cases.values() for item in every[scaled(len(every), MIN_CASES) :]}
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=list(left_out))


def _run_order(item: pytest.Item, long_files: set[Path]) -> int:
    if item.path in long_files:
        return 0
    return 1 if item.get_closest_marker("live") or item.get_closest_marker("adapters") else 2


def pytest_collection_finish() -> None:
    """Keep Python from looking for garbage among all that was imported and collected, a fifth of the whole run's time.

    Among the syntax trees of all files, which some tests keep, one look takes two seconds: it is seldom.
    """
    gc.freeze()
    gc.set_threshold(200_000, 10, 100)
    gc.enable()
