"""Which adapters the URLs open, and what is refused with a fix."""

from pathlib import Path
from typing import Any

import pytest

from services.platform.bus.port import ProducerRecord
from services.platform.bus.sqlite import SqliteBus
from services.platform.core.errors import Misconfigured
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine, sqlite_path
from services.platform.store.collections import OUTBOXES, ROWS
from services.platform.store.port import Changes, Collection, Key, Put
from tests.contracts.sample_collection import COLLECTIONS, put, thing

OUTBOX = Key(OUTBOXES.name, "g/0/1")
CHANGES = Changes(
    puts=[Put(Key(ROWS.name, "g/0"), {"seq": 1}), put(thing(1))],
    outbox=[ProducerRecord("inbound", 0, "w/k", b"{}")],
    outbox_key=OUTBOX,
)


def settings(folder: Path, **chosen: Any) -> Settings:
    return Settings(data=folder, **chosen)


async def test_one_file_for_both_publishes_inside_the_commit(tmp_path: Path) -> None:
    async with open_engine(settings(tmp_path), SystemTimeSource(), COLLECTIONS) as (store, bus):
        assert list(await store.commit(CHANGES)) == []
        assert await bus.end_offsets(["inbound"], 0) == {"inbound": 1}
        assert await store.get_many([OUTBOX]) == {}
        assert bus.partitions == 2
    assert (tmp_path / "pasokh.db").exists()


async def test_two_files_keep_an_outbox_between_them(tmp_path: Path) -> None:
    chosen = settings(tmp_path, bus=f"sqlite:///{tmp_path}/bus.db", store=f"sqlite:///{tmp_path}/store.db")
    async with open_engine(chosen, SystemTimeSource(), COLLECTIONS) as (store, bus):
        assert list(await store.commit(CHANGES)) == list(CHANGES.outbox)
        assert await bus.end_offsets(["inbound"], 0) == {"inbound": 0}
        assert list(await store.get_many([OUTBOX])) == [OUTBOX]


async def test_what_was_written_is_there_for_the_next_process(tmp_path: Path) -> None:
    async with open_engine(settings(tmp_path, partitions=5), SystemTimeSource(), COLLECTIONS) as (store, _):
        await store.commit(CHANGES)
    none: list[Collection[Any]] = []
    async with open_engine(settings(tmp_path), SystemTimeSource(), none) as (store, bus):
        assert await store.get_many([Key(ROWS.name, "g/0")]) == {Key(ROWS.name, "g/0"): {"seq": 1}}
        assert (bus.partitions, await bus.end_offsets(["inbound"], 0)) == (5, {"inbound": 1})


async def test_another_partition_count_is_refused_with_the_fix(tmp_path: Path) -> None:
    async with open_engine(settings(tmp_path), SystemTimeSource(), COLLECTIONS):
        pass
    with pytest.raises(Misconfigured, match="PASOKH_PARTITIONS=2"):
        async with open_engine(settings(tmp_path, partitions=3), SystemTimeSource(), COLLECTIONS):
            pass


async def test_a_store_is_not_run_with_a_bus_of_another_count(tmp_path: Path) -> None:
    first = settings(tmp_path, bus=f"sqlite:///{tmp_path}/first.db")
    async with open_engine(first, SystemTimeSource(), COLLECTIONS):
        pass
    async with SqliteBus.open(tmp_path / "second.db", SystemTimeSource(), partitions=4):
        pass
    second = settings(tmp_path, bus=f"sqlite:///{tmp_path}/second.db")
    with pytest.raises(Misconfigured, match="made for 2 partitions"):
        async with open_engine(second, SystemTimeSource(), COLLECTIONS):
            pass


@pytest.mark.parametrize("url", ["sqlite:relative.db", "sqlite:///relative.db", "sqlite:////", "sqlite://"])
def test_a_relative_path_is_refused_with_the_form_that_is_wanted(url: str) -> None:
    with pytest.raises(Misconfigured, match="by its absolute path"):
        sqlite_path(url)


def test_an_absolute_path_is_taken_as_it_is() -> None:
    assert sqlite_path("sqlite:////srv/پاسخ/a b.db") == Path("/srv/پاسخ/a b.db")
    assert sqlite_path("kafka://localhost:9092") is None


@pytest.mark.parametrize("name", ["bus", "store"])
async def test_a_url_of_no_adapter_is_refused_with_the_setting(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match=f"PASOKH_{name.upper()}"):
        async with open_engine(settings(tmp_path, **{name: "redis://localhost"}), SystemTimeSource(), COLLECTIONS):
            pass
