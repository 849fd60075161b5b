"""How far behind its input a group is: the ends of the log less the offsets in the partition rows."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from services.platform.bus.port import Bus
from services.platform.core.errors import Unavailable
from services.platform.core.instruments import ProcessorInstruments
from services.platform.processing.commit import row_key
from services.platform.store.collections import ROWS
from services.platform.store.port import Store

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Events of a partition of a topic that a group has not handled yet."""

    group: str
    topic: str
    partition: int
    events: int


async def lags(store: Store, bus: Bus, topics: Mapping[str, tuple[str, ...]]) -> list[Lag]:
    """The lag of each group (name → its topics), of every partition. Raises Unavailable."""
    keys = {(g, p): row_key(g, p) for g in topics for p in range(bus.partitions)}
    rows = await store.get_many(list(keys.values()))
    every = sorted({topic for names in topics.values() for topic in names})
    ends = {p: await bus.end_offsets(every, p) for p in range(bus.partitions)}
    found = []
    # The offsets were read before the ends: events that come in between count as lag, never as less than none.
    for (group, partition), key in keys.items():
        offsets = ROWS.decode(rows[key]).offsets if key in rows else {}
        for topic in topics[group]:
            behind = ends[partition][topic] - offsets.get(topic, 0)
            found.append(Lag(group, topic, partition, max(0, behind)))
    return found


async def watch_lag(
    instruments: ProcessorInstruments, store: Store, bus: Bus, topics: Mapping[str, tuple[str, ...]]
) -> None:
    """Export the lag of these groups until cancelled. Every replica exports the same: take the maximum, not the sum."""
    while topics:
        try:
            for one in await lags(store, bus, topics):
                instruments.lag.labels(one.group, one.topic, str(one.partition)).set(one.events)
        except Unavailable as error:
            log.warning("lag_unknown", reason=str(error))
        await asyncio.sleep(INTERVAL_SECONDS)
