"""Every store is migrated alike: the data of the version before there were migrations, step by step and interrupted."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.migrations import MIGRATIONS
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unavailable
from services.platform.core.time_source import SystemTimeSource
from services.platform.store import migrations
from services.platform.store.collections import LAYOUT, OUTBOXES
from services.platform.store.migration_steps import latest_version
from services.platform.store.migrations import migrate, read_status
from services.platform.store.port import Changes, Document, Store
from tests.contracts.stores import StoreSite
from tests.fakes import MemoryStore
from tests.migrations.folder import Documents, build_folder, left_collections, read_documents
from tests.migrations.harness import EVERY, fill

EVENT = {
    "specversion": "1.0",
    "id": "e1",
    "source": "dispatch/0",
    "type": "pasokh.control.due",
    "time": "2026-11-28T07:00:00.000000Z",
    "workspace": "shop",
    "partitionkey": "",
    "data": {"at": "2026-11-28T07:00:00.000000Z"},
}


class FailingStore:
    """A store that is unavailable after so many commits."""

    def __init__(self, store: Store, commits: int) -> None:
        self.store, self.left = store, commits
        self.prepare, self.get_many, self.scan = store.prepare, store.get_many, store.scan
        self.query, self.count, self.check = store.query, store.count, store.check
        self.delete_expired = store.delete_expired

    async def commit(self, changes: Changes) -> Sequence[ProducerRecord]:
        if self.left == 0:
            raise Unavailable("no commit is left")
        self.left -= 1
        return await self.store.commit(changes)


def before(folder: Path, version: int = 0) -> Documents:
    """The documents of the fixture, and what Kafka with MongoDB has besides: an outbox that is not published."""
    documents = read_documents(build_folder(folder, version))
    number = documents["rows"]["dispatch/0"]["seq"]
    documents[OUTBOXES.name] = {f"dispatch/0/{number}": {"events": [["sla", 0, "", json.dumps(EVENT)]]}}
    return documents


async def contents(store: Store) -> dict[str, dict[str, Document]]:
    return {one.name: dict(await store.scan(one.name, "", 10_000)) for one in EVERY if one.name != LAYOUT.name}


@pytest.mark.parametrize("version", [0, 5])
async def test_every_store_ends_with_the_same_documents(
    store_site: StoreSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    documents = before(tmp_path / "fixture", version)
    model = MemoryStore()
    await fill(model, documents)
    await migrate(model, MIGRATIONS, SystemTimeSource(), "test")
    monkeypatch.setattr(migrations, "BATCH_DOCUMENTS", 7)
    async with store_site.open() as store:
        await fill(store, documents)
        for commits in (1, 9, 30, 10_000):
            try:
                await migrate(FailingStore(store, commits), MIGRATIONS, SystemTimeSource(), "test")
            except Unavailable:
                continue
        assert (await read_status(store, MIGRATIONS)).version == latest_version(MIGRATIONS)
        assert await contents(store) == await contents(model)
        assert not [name for name in left_collections() if await store.scan(name, "", 1)]


async def test_an_outbox_waits_under_the_number_of_its_row(store_site: StoreSite, tmp_path: Path) -> None:
    documents = before(tmp_path / "fixture")
    async with store_site.open() as store:
        await fill(store, documents)
        await migrate(store, MIGRATIONS, SystemTimeSource(), "test")
        [(identity, outbox)] = await store.scan(OUTBOXES.name, "", 10)
        [(_, row)] = [one for one in await store.scan("rows", "", 100) if one[0] == "dispatch/0"]
        assert identity == f"dispatch/0/{row['seq']}"
        assert "pasokh.control.watermark_request" in json.dumps(outbox)
