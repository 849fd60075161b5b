"""How far all groups have read: what is on the log now is in documents once every partition of every group has passed it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.platform.bus.port import Bus
from services.platform.store.collections import ROWS
from services.platform.store.port import Document, Key, Store

POLL_SECONDS = 0.05

Ends = Mapping[str, Mapping[str, int]]
"""`group/partition` → topic → offset."""


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """The partition rows of all groups. `topics`: group → the topics it reads."""

    store: Store
    bus: Bus
    topics: Mapping[str, Sequence[str]]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def until(self, is_done: Callable[[Mapping[str, Document]], bool]) -> None:
        """Wait until the rows of all partitions satisfy `is_done`: for ever, if a group does not run."""
        keys = [Key(ROWS.name, source) for source in self._sources()]
        while True:
            documents = await self.store.get_many(keys) if keys else {}
            if is_done({key.id: documents.get(key, {}) for key in keys}):
                return
            await self.pause(POLL_SECONDS)

    async def ends(self) -> Ends:
        """The end offsets now of each partition of each group: the positions that its owner must reach."""
        return {
            f"{group}/{partition}": await self.bus.end_offsets(topics, partition)
            for group, topics in self.topics.items()
            for partition in range(self.bus.partitions)
        }

    async def until_read(self) -> Ends:
        """Wait until all groups have read what is on the log now; returns its ends."""
        ends = await self.ends()
        await self.until(lambda rows: all(_has_read(rows[source], offsets) for source, offsets in ends.items()))
        return ends

    def _sources(self) -> Iterator[str]:
        for group in self.topics:
            yield from (f"{group}/{partition}" for partition in range(self.bus.partitions))


def _has_read(row: Document, ends: Mapping[str, int]) -> bool:
    offsets = row.get("offsets")
    return isinstance(offsets, dict) and all(int(str(offsets.get(topic, 0))) >= end for topic, end in ends.items())
