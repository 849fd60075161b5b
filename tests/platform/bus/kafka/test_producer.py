"""Lanes: one batch of a lane in flight, the order kept, and nothing appended after a failure."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.bus.kafka.producer import BATCH_BYTES, OrderedProducer, Pair
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unknown


class Broker:
    """Appends what it is given; `fail_at` is the number of the batch that it does not acknowledge."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.fail_at = fail_at
        self.batches: list[tuple[str, int, list[str]]] = []
        self.in_flight: dict[tuple[str, int], int] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1

    async def append(self, topic: str, partition: int, pairs: Sequence[Pair]) -> None:
        where = (topic, partition)
        self.in_flight[where] = self.in_flight.get(where, 0) + 1
        assert self.in_flight[where] == 1
        number = len(self.batches)
        self.batches.append((topic, partition, [value.decode() for _, value in pairs]))
        await self.gate.wait()
        self.in_flight[where] -= 1
        if number == self.fail_at:
            raise Unknown("no answer")

    def lanes(self) -> OrderedProducer:
        return OrderedProducer(self.append, self.failed)

    def log(self, topic: str = "t", partition: int = 0) -> list[str]:
        return [value for t, p, values in self.batches if (t, p) == (topic, partition) for value in values]


def events(*values: str, partition: int = 0) -> list[ProducerRecord]:
    return [ProducerRecord("t", partition, "k", value.encode()) for value in values]


@given(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 200_000)), max_size=8), max_size=6))
async def test_concurrent_publishers_keep_the_order_of_each_lane(publishes: list[list[tuple[int, int]]]) -> None:
    broker = Broker()
    lanes = broker.lanes()
    sent: dict[int, list[str]] = {0: [], 1: [], 2: []}
    asked = []
    for n, publish in enumerate(publishes):
        group = [ProducerRecord("t", p, "k", f"{n}.{i} ".encode().ljust(size)) for i, (p, size) in enumerate(publish)]
        for one in group:
            sent[one.partition].append(one.value.decode())
        asked.append(asyncio.create_task(lanes.publish(group)))
    await asyncio.gather(*asked)
    assert {p: broker.log(partition=p) for p in sent} == sent
    assert all(len(values) == 1 or sum(map(len, values)) <= BATCH_BYTES for _, _, values in broker.batches)


async def test_small_publishes_that_wait_share_a_batch() -> None:
    broker = Broker()
    broker.gate.clear()
    lanes = broker.lanes()
    tasks = [asyncio.create_task(lanes.publish(events(str(n)))) for n in range(5)]
    await asyncio.sleep(0)
    broker.gate.set()
    await asyncio.gather(*tasks)
    assert broker.log() == list("01234")
    assert len(broker.batches) <= 2


async def test_nothing_follows_a_batch_that_failed() -> None:
    broker = Broker(fail_at=1)
    large = [f"{n}".ljust(100_000) for n in range(10)]
    with pytest.raises(Unknown):
        await broker.lanes().publish(events(*large))
    assert broker.log() == large[: len(broker.log())]
    assert len(broker.batches) == 2


async def test_one_failure_fails_every_publisher_and_is_reported_once() -> None:
    broker = Broker(fail_at=0)
    broker.gate.clear()
    lanes = broker.lanes()
    tasks = [asyncio.create_task(lanes.publish(events(f"{n}", partition=n % 2))) for n in range(6)]
    await asyncio.sleep(0)
    broker.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results} <= {Unknown, type(None)}
    assert isinstance(results[0], Unknown)
    assert broker.failures == 1
    before = len(broker.batches)
    with pytest.raises(Unknown):
        await lanes.publish(events("late"))
    assert len(broker.batches) == before


async def test_a_publisher_that_gives_up_does_not_hold_up_the_others() -> None:
    broker = Broker()
    broker.gate.clear()
    lanes = broker.lanes()
    first = asyncio.create_task(lanes.publish(events("in flight")))
    given_up = asyncio.create_task(lanes.publish(events("given up")))
    last = asyncio.create_task(lanes.publish(events("last")))
    while not broker.batches:  # noqa: ASYNC110 - turns of the loop, not time
        await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait({given_up})
    broker.gate.set()
    await asyncio.gather(first, last)
    assert broker.log()[0] == "in flight"
    assert broker.log()[-1] == "last"
