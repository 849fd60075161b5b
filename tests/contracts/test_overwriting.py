"""Records that every group has read may be overwritten in place: on the embedded log; Kafka's is never changed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.bus.port import Bus, ProducerRecord, Record
from services.platform.bus.sqlite import SqliteBus
from tests.examples import examples
from tests.fakes import ManualTimeSource, MemoryBus

WORDS = b"quincefritter"


def replaced(record: Record) -> tuple[str, bytes] | None:
    return ("nobody", b"gone") if WORDS in record.value else None


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def everything(bus: Bus, partition: int = 0) -> list[tuple[str, bytes]]:
    """What a group that reads from the start gets."""
    async with bus.consume(f"readers-{partition}", ["inbound", "commands"]) as consumer:
        await consumer.assignment({})
        await consumer.seek(partition, {})
        found: list[tuple[str, bytes]] = []
        while records := await consumer.poll(partition, wait=0.05, limit=10_000):
            found += [(record.key, record.value) for record in records]
        return found


async def publish(bus: Bus, *values: bytes) -> None:
    for number, value in enumerate(values):
        topic = ("inbound", "commands")[number % 2]
        await bus.publish([ProducerRecord(topic, 0, "w/somebody" if number % 3 else "w/quincefritter", value)])


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
async def test_what_was_read_is_overwritten_and_keeps_its_place(engine: str, tmp_path: Path) -> None:
    if engine == "memory":
        await overwrites(MemoryBus(1))
        return
    async with SqliteBus.open(tmp_path / "bus.db", ManualTimeSource(), partitions=1) as bus:
        await overwrites(bus)


async def overwrites(bus: Bus) -> None:
    await publish(bus, b"a", WORDS + b" 1", b"b", WORDS + b" 2")
    ends = {(topic, 0): (await bus.end_offsets([topic], 0))[topic] for topic in ("inbound", "commands")}
    await publish(bus, WORDS + b" later")
    before = await everything(bus)
    assert await bus.overwrite("quincefritter", ends, replaced) == 2
    after = await everything(bus)
    assert sorted(value for _, value in after) == [b"a", b"b", b"gone", b"gone", WORDS + b" later"]
    assert [key for key, value in after if value == b"gone"] == ["nobody", "nobody"]
    assert len(after) == len(before)
    assert await bus.overwrite("quincefritter", ends, replaced) == 0


async def test_no_file_has_the_words_of_records_that_were_overwritten(tmp_path: Path) -> None:
    async with SqliteBus.open(tmp_path / "bus.db", ManualTimeSource(), partitions=2) as bus:
        for number in range(700):
            value = b"%s %d " % (WORDS, number) + b"y" * (number * 53 % 9_000)
            await bus.publish([ProducerRecord("inbound", number % 2, "w/x:main:1", value)])
        await bus.publish([ProducerRecord("inbound", 0, "w/x:main:2", b"stays")])
        ends = {
            ("inbound", partition): (await bus.end_offsets(["inbound"], partition))["inbound"] for partition in (0, 1)
        }
        assert await bus.overwrite("quincefritter", ends, replaced) == 700
        held = bytes_of(tmp_path)
        assert (WORDS in held, b"stays" in held) == (False, True)


@given(st.lists(st.sampled_from([b"a", b"b", WORDS]), max_size=12), st.integers(0, 12))
@examples(25)
async def test_only_what_lies_before_the_ends_is_overwritten(values: list[bytes], end: int) -> None:
    bus = MemoryBus(1)
    await bus.publish([ProducerRecord("inbound", 0, "k", value) for value in values])
    await bus.overwrite("quincefritter", {("inbound", 0): end}, replaced)
    expected = [b"gone" if value == WORDS and number < end else value for number, value in enumerate(values)]
    assert [value for _, value in await everything(bus)] == expected
