"""A processor whose data a newer version has migrated stops and says so; it writes nothing more. Time is virtual."""

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.platform.core.errors import Unavailable
from services.platform.core.instruments import ProcessorInstruments
from services.platform.processing.commit import row_key
from services.platform.processing.group import GroupMember
from services.platform.processing.runtime import Runtime
from services.platform.store.collections import LAYOUT, LAYOUT_KEY, RUNTIME_COLLECTIONS
from services.platform.store.migration_steps import Migration
from services.platform.store.migrations import migrate
from services.platform.store.port import Changes, Collection, Put
from tests.fakes import LoopTimeSource, MemoryBus, MemoryStore
from tests.platform.processing.test_passing_over import KEPT, Keeper, outgoing
from tests.simulator.loop import run_virtually

ROW = row_key("keeper", 0)
NEWER = (Migration(7, "newer", ()),)


def test_an_owner_of_the_older_version_writes_nothing_after_the_migration_and_is_not_ready() -> None:
    async def main() -> None:
        store, bus = MemoryStore(), MemoryBus(1)
        # Any: a collection of some model is none of every model.
        collections: list[Collection[Any]] = [*RUNTIME_COLLECTIONS, LAYOUT, KEPT]
        await store.prepare(collections)
        await store.commit(Changes(puts=[Put(LAYOUT_KEY, {"partitions": 1})]))
        runtime = Runtime(store, bus, LoopTimeSource(), ProcessorInstruments(CollectorRegistry()), data_version=6)
        older = GroupMember(Keeper().bound(), runtime)
        running = asyncio.create_task(older.run())
        await bus.publish([outgoing("keep-1")])
        await asyncio.sleep(1)
        await older.check()
        await migrate(store, NEWER, LoopTimeSource(), "newer")
        fenced, kept = store.documents[ROW], len(await store.scan(KEPT.name, "", 10))
        await bus.publish([outgoing("keep-2")])
        await asyncio.sleep(10)
        assert store.documents[ROW] == fenced
        assert len(await store.scan(KEPT.name, "", 10)) == kept
        with pytest.raises(Unavailable, match="the data are of version 7 now"):
            await older.check()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        runtime = Runtime(store, bus, LoopTimeSource(), ProcessorInstruments(CollectorRegistry()), data_version=7)
        newer = asyncio.create_task(GroupMember(Keeper().bound(), runtime).run())
        await asyncio.sleep(1)
        assert len(await store.scan(KEPT.name, "", 10)) == kept + 1
        assert store.documents[ROW]["version"] == 7, "the row keeps the version that it has"
        newer.cancel()
        await asyncio.gather(newer, return_exceptions=True)

    run_virtually(main())
