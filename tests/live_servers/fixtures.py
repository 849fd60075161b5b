"""Real servers as fixtures: started by the first test that asks, one for the whole run.

A test that asks for one is marked `live` (`tests/conftest.py`) and may open sockets. Where the server cannot be had the
test is skipped and says how to get it; with `PASOKH_REQUIRE_LIVE=1` that is a failure.
"""

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.live_servers.kafka import LocalKafka, open_kafka, open_local_kafka
from tests.live_servers.mongo import open_mongo
from tests.live_servers.server import Given, Server, Unavailable

S = TypeVar("S", bound=Server)


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[Server]:
    """A Kafka shared by all tests of the run: `url` is `kafka://host:port`. Use topic names of your own."""
    yield from _opened(open_kafka)


@pytest.fixture(scope="session")
def mongo_server() -> Iterator[Server]:
    """A MongoDB replica set shared by all tests of the run: `url` is `mongodb://...`. Use a database of your own."""
    yield from _opened(open_mongo)


@pytest.fixture
def stoppable_kafka(kafka_server: Server) -> Iterator[Server]:
    """The same Kafka, for a test that stops or kills it; it runs again afterwards."""
    yield from _stoppable(kafka_server)


@pytest.fixture
def stoppable_mongo(mongo_server: Server) -> Iterator[Server]:
    """The same MongoDB, for a test that stops or kills it; it runs again afterwards."""
    yield from _stoppable(mongo_server)


@pytest.fixture(scope="module")
def kafka_cluster() -> Iterator[LocalKafka]:
    """Three nodes of a Kafka of the module's own, always local: `nodes[i].process.kill()`, `nodes[i].start()`."""
    yield from _opened(lambda: open_local_kafka(nodes=3))


def _opened(open_server: Callable[[], S]) -> Iterator[S]:
    server = _open_or_absent(open_server)
    yield server
    server.close()


def _open_or_absent(open_server: Callable[[], S]) -> S:
    try:
        return open_server()
    except Unavailable as error:
        raise absence(str(error)) from None


def _stoppable(server: Server) -> Iterator[Server]:
    if isinstance(server, Given):
        raise absence(f"{server.url} was given by address, and this test stops it")
    yield server
    server.start()


def absence(reason: str) -> BaseException:
    """What to raise in a test that cannot have its server."""
    if os.environ.get("PASOKH_REQUIRE_LIVE") == "1":
        return pytest.fail.Exception(f"PASOKH_REQUIRE_LIVE=1: {reason}", pytrace=False)
    return pytest.skip.Exception(reason)
