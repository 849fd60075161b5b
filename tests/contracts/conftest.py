"""Each contract test runs on every adapter of its port."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from services.platform.bus.port import Bus
from services.platform.store.port import Store
from tests.contracts.buses import KAFKA, BusSite
from tests.contracts.buses import SQLITE as SQLITE_BUS
from tests.contracts.sample_collection import COLLECTIONS
from tests.contracts.stores import MONGO, PAIR, SQLITE, StoreSite
from tests.live_servers.server import Server


@pytest.fixture(params=[SQLITE, PAIR, pytest.param(MONGO, marks=pytest.mark.live)])
def store_site(request: pytest.FixtureRequest, tmp_path: Path) -> StoreSite:
    """A place of its own for each test, in every adapter."""
    if request.param == MONGO:
        server: Server = request.getfixturevalue("mongo_server")
        return StoreSite(MONGO, urlsplit(server.url)._replace(path=f"/test-{uuid4().hex}").geturl())
    return StoreSite(request.param, str(tmp_path / "pasokh.db"))


@pytest.fixture
async def store(store_site: StoreSite) -> AsyncIterator[Store]:
    """A store, prepared for the things of `tests.contracts.sample_collection`."""
    async with store_site.open() as opened:
        await opened.prepare(COLLECTIONS)
        yield opened


@pytest.fixture(params=[SQLITE_BUS, pytest.param(KAFKA, marks=pytest.mark.live)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> BusSite:
    """A log of its own for each test, in every adapter."""
    namespace = f"test-{uuid4().hex}"
    if request.param == KAFKA:
        server: Server = request.getfixturevalue("kafka_server")
        return BusSite(KAFKA, server.url, namespace)
    return BusSite(SQLITE_BUS, str(tmp_path / "pasokh.db"), namespace)


@pytest.fixture
async def bus(site: BusSite) -> AsyncIterator[Bus]:
    async with site.open() as opened:
        yield opened
