"""Lag is the end of the log less the position of the row."""

from services.platform.bus.port import ProducerRecord
from services.platform.processing.lag import Lag, lags
from services.platform.store.collections import ROWS, PartitionCheckpoint
from tests.fakes import START, MemoryBus, MemoryStore


async def test_lag_counts_what_a_group_has_not_handled() -> None:
    store, bus = MemoryStore(), MemoryBus()
    await bus.publish([ProducerRecord("inbound", 0, "k", b"{}") for _ in range(5)])
    store.insert(ROWS, "conversations/0", PartitionCheckpoint(seq=1, offsets={"inbound": 3}, decided_at=START))
    found = await lags(store, bus, {"conversations": ("inbound",)})
    assert Lag("conversations", "inbound", 0, 2) in found
    assert sum(one.events for one in found) == 2


async def test_a_group_that_never_ran_is_behind_by_everything() -> None:
    store, bus = MemoryStore(), MemoryBus()
    await bus.publish([ProducerRecord("sla", 1, "k", b"{}")])
    assert sum(one.events for one in await lags(store, bus, {"metrics": ("sla",)})) == 1
