"""What is deleted is in no file of the data folder any more: not in the database, not in its write-ahead log."""

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.topics import LIMITED_RETENTION_SECONDS
from services.platform.bus.port import ProducerRecord
from services.platform.bus.sqlite import SqliteBus
from services.platform.sqlite.database import open_database
from services.platform.store.collections import DEAD_LETTERS, DeadLetter
from services.platform.store.expiry import purge_expired
from services.platform.store.port import Changes, Key, Put
from services.platform.store.sqlite import SqliteStore
from tests.fakes import START, ManualTimeSource

WORDS = "words-of-a-member"


def found(folder: Path) -> int:
    """How often the words stand in the bytes of the folder's files."""
    return sum(path.read_bytes().count(WORDS.encode()) for path in folder.rglob("*") if path.is_file())


def letter(number: int) -> DeadLetter:
    return DeadLetter(
        group="conversations",
        partition=0,
        topic="inbound_limited",
        offset=number,
        event=f"{WORDS} {number} " + "x" * (number * 37 % 9_000),
        event_id=str(number),
        event_type="pasokh.inbound.message",
        workspace="w",
        error="e",
        at=START,
        expires_at=START + timedelta(hours=22),
    )


@pytest.mark.parametrize("count", [1, 300])
async def test_no_file_has_the_words_after_their_time(tmp_path: Path, count: int) -> None:
    clock = ManualTimeSource()
    async with open_database(tmp_path / "pasokh.db") as database, SqliteBus.over(database, clock, partitions=2) as bus:
        store = SqliteStore(database, paired=True)
        await store.prepare([DEAD_LETTERS])
        for number in range(count):
            value = f"{WORDS} {number} ".encode() + b"y" * (number * 53 % 20_000)
            await bus.publish([ProducerRecord("inbound_limited", number % 2, "w/x:main:1", value)])
            await store.commit(Changes(puts=[Put(Key(DEAD_LETTERS.name, str(number)), letter(number))]))
            await bus.publish([ProducerRecord("inbound", number % 2, "w/api:main:1", b"stays")])
        assert found(tmp_path) >= 2 * count
        clock.at = START + timedelta(seconds=LIMITED_RETENTION_SECONDS + 1)
        await bus.trim()
        await purge_expired(store, [DEAD_LETTERS], clock.now())
        assert await database.truncate_log()
        assert found(tmp_path) == 0
        assert (await bus.end_offsets(("inbound",), 0))["inbound"] == (count + 1) // 2


async def test_a_reader_that_was_away_goes_on_behind_what_is_gone(tmp_path: Path) -> None:
    clock = ManualTimeSource()
    async with SqliteBus.open(tmp_path / "bus.db", clock, partitions=1) as bus:
        await bus.publish([ProducerRecord("inbound_limited", 0, "k", b"gone")])
        clock.at = START + timedelta(seconds=LIMITED_RETENTION_SECONDS + 1)
        await bus.trim()
        await bus.publish([ProducerRecord("inbound_limited", 0, "k", b"new")])
        async with bus.consume("readers", ["inbound_limited"]) as consumer:
            await consumer.assignment({})
            assert await consumer.seek(0, {"inbound_limited": 0}) == {"inbound_limited": 1}
            assert [record.value for record in await consumer.poll(0, wait=0)] == [b"new"]
