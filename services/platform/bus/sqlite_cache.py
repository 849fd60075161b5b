"""The youngest records of a log, as this process appended them, so that a reader that keeps up need not read the file."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from services.platform.bus.port import Record
from services.platform.sqlite.jobs import LogRecord

CACHE_BYTES = 250_000
"""Bytes per partition of a topic, at most; the last record is cached whatever its size."""

TopicPartition = tuple[str, int]
"""The topic's short name and the partition."""


@dataclass(slots=True)
class _RecordRun:
    """Records without a gap, each with its number in the order of arrival over all topics."""

    records: deque[tuple[int, Record]] = field(default_factory=deque)
    size: int = 0

    @property
    def first(self) -> int:
        return self.records[0][1].offset

    @property
    def end(self) -> int:
        return self.records[-1][1].offset + 1

    def add(self, arrival: int, record: Record) -> None:
        # Another process has appended in between: what came before the gap would not lead up to the end any more.
        if self.records and self.end != record.offset:
            self.records.clear()
            self.size = 0
        self.records.append((arrival, record))
        self.size += len(record.value)
        while self.size > CACHE_BYTES and len(self.records) > 1:
            self.size -= len(self.records.popleft()[1].value)


class RecentRecordCache:
    """A cache alone: a reader that needs more than it holds reads the file."""

    def __init__(self) -> None:
        self._runs: dict[TopicPartition, _RecordRun] = {}
        self._arrivals = 0

    def append(self, events: Sequence[LogRecord], ends: Mapping[TopicPartition, int]) -> None:
        """Cache events that are committed, in order. `ends`: where their partitions end now."""
        # Offsets are contiguous: counting back from the end gives the offset of the first event of each partition.
        following = dict(ends)
        for event in events:
            following[event.topic, event.partition] -= 1
        for event in events:
            place = (event.topic, event.partition)
            record = Record(event.topic, event.partition, following[place], event.key, event.value)
            following[place] += 1
            self._arrivals += 1
            self._runs.setdefault(place, _RecordRun()).add(self._arrivals, record)

    def discard(self, topic: str, partition: int) -> None:
        """Forget a partition whose oldest records were removed: a reader behind them must get OffsetOutOfRange from the file."""
        self._runs.pop((topic, partition), None)

    def read(
        self, partition: int, behind: Mapping[str, int], ends: Mapping[str, int], *, limit: int, max_bytes: int
    ) -> list[Record] | None:
        """What the log would give from these positions (each before its end); None when the cache lacks a part of it."""
        arrived = list[tuple[int, Record]]()
        for topic, position in behind.items():
            run = self._runs.get((topic, partition))
            if run is None or not run.first <= position or run.end != ends[topic]:
                return None
            arrived += islice(run.records, position - run.first, position - run.first + limit)
        # Several topics: merge them in the order of arrival, as a read of the file does.
        if len(behind) > 1:
            arrived.sort(key=itemgetter(0))
        return _within(arrived, limit, max_bytes)


def _within(arrived: Sequence[tuple[int, Record]], limit: int, max_bytes: int) -> list[Record]:
    """The first records, as many as fit together; one at the least."""
    records, size = list[Record](), 0
    for _, record in arrived:
        size += len(record.value)
        if records and (len(records) == limit or size > max_bytes):
            break
        records.append(record)
    return records
