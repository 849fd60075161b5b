"""A data folder of an older version after its migration, with REST over it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from services.composition import COLLECTIONS, SINGLE_PROCESS, process_for
from services.metrics.exposition import BusinessMetricsCollector
from services.migrations import MIGRATIONS
from services.platform.core.settings import Settings
from services.platform.host.engine import open_engine
from services.platform.http.app import open_app
from services.platform.http.service import Context
from services.platform.store.codec import codec_for
from services.platform.store.collections import LAYOUT, RUNTIME_COLLECTIONS, Timer
from services.platform.store.migrations import migrate
from services.platform.store.port import Changes, Collection, Key, Put, Store
from tests.fakes import ManualTimeSource
from tests.migrations.folder import Documents, build_folder, left_collections, read_documents

KEY = "an-admin-key-for-tests-0123456789abcdef"
BASE = "/v1/workspaces/shop"
# Any: a collection of some model is none of every model.
EVERY: Sequence[Collection[Any]] = (*RUNTIME_COLLECTIONS, LAYOUT, *COLLECTIONS)


class Migrated:
    """The folder after its migration: its documents before and now, and REST over it, with no processor running.

    REST is opened by the first test that calls it: it takes a fifth of a second.
    """

    def __init__(self, before: Any, now: Any, open_client: Callable[[], Awaitable[httpx2.AsyncClient]]) -> None:
        self.before, self.now = before, now
        self._open_client = open_client
        self._client: httpx2.AsyncClient | None = None

    async def client(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = await self._open_client()
        return self._client

    async def get(self, path: str, **parameters: str) -> Any:
        client = await self.client()
        answer = await client.get(path, params=parameters, headers={"authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200, answer.text
        return answer.json()


async def fill(store: Store, documents: Documents) -> None:
    """Write the documents of a data folder of any version into a store."""
    await store.prepare(EVERY)
    left = [Collection(name, Timer, writer="any") for name in left_collections()]
    await store.prepare(left)
    known = {collection.name for collection in (*EVERY, *left)}
    puts = [Put(Key(n, i), d) for n, found in documents.items() if n in known for i, d in found.items()]
    for start in range(0, len(puts), 100):
        await store.commit(Changes(puts=puts[start : start + 100]))


_MIGRATED: dict[int, tuple[Documents, bytes]] = {}
"""Version of the data → the documents before, and the database after its migration: it is migrated once for all tests."""


async def migrate_folder(folder: Path, version: int, stopped_at: datetime) -> Documents:
    """Write the data folder of a version, as this version migrates it at its start; returns the documents from before."""
    if version not in _MIGRATED:
        database = build_folder(folder, version)
        before = read_documents(database)
        time_source = ManualTimeSource(stopped_at)
        upgrade = partial(migrate, migrations=MIGRATIONS, time_source=time_source, owner="test")
        collections = process_for(SINGLE_PROCESS).collections
        async with open_engine(settings_for(folder), time_source, collections, ensure_version=upgrade):
            pass
        # The last connection has moved the write-ahead log into the file, which is all of it then.
        _MIGRATED[version] = before, database.read_bytes()
    before, content = _MIGRATED[version]
    database = folder / "pasokh.db"
    database.touch(mode=0o600)
    database.write_bytes(content)
    return before


def settings_for(folder: Path) -> Settings:
    return Settings(data=folder, bus=None, store=None, admin_key=SecretStr(KEY))


@asynccontextmanager
async def open_migrated(folder: Path, version: int, stopped_at: datetime) -> AsyncIterator[Migrated]:
    """Migrate a folder of this version of the data, whose process stopped at this time; no processor runs on it."""
    before = await migrate_folder(folder, version, stopped_at)
    async with AsyncExitStack() as stack:
        yield Migrated(before, read_documents(folder / "pasokh.db"), partial(_open_rest, stack, folder, stopped_at))


async def _open_rest(stack: AsyncExitStack, folder: Path, stopped_at: datetime) -> httpx2.AsyncClient:
    settings, time_source, process = settings_for(folder), ManualTimeSource(stopped_at), process_for(SINGLE_PROCESS)
    store, bus = await stack.enter_async_context(open_engine(settings, time_source, process.collections))
    context = Context(settings, store, bus, time_source)
    parts = [await stack.enter_async_context(service(context)) for service in process.services]
    app = await stack.enter_async_context(open_app(context, parts, process.find_caller(context)))
    for collector in (one for part in parts for one in part.collectors):
        if isinstance(collector, BusinessMetricsCollector):
            await collector.refresh()
    transport = httpx2.ASGITransport(app)
    return await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://pasokh"))


def unread_fields(documents: Documents) -> list[str]:
    """Fields of documents that the records of their collections do not have. Raises ValueError for what is no record."""
    models = {collection.name: collection.model for collection in process_for(SINGLE_PROCESS).collections}
    found: list[str] = []
    for name in models.keys() & documents.keys():
        for identity, document in documents[name].items():
            record = codec_for(models[name]).decode(document)
            known = [one.name for one in fields(record)] if is_dataclass(record) else type(record).model_fields
            found += [f"{name}/{identity}: {field}" for field in document.keys() - set(known)]
    return found
