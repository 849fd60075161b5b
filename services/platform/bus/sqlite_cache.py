"""The youngest records of a log, as this process appended them: what is read at once need not be read from the file."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from services.platform.bus.port import Record
from services.platform.sqlite.jobs import LogRecord

CACHE_BYTES = 250_000
"""Of each topic's partition, at most (and always the last record)."""

TopicPartition = tuple[str, int]
"""The topic's short name and the partition."""


@dataclass(slots=True)
class _RecordRun:
    """Records without a gap, each with its place in the order of arrival. It ends where the log ended by then."""

    records: deque[tuple[int, Record]] = field(default_factory=deque)
    size: int = 0

    @property
    def first(self) -> int:
        return self.records[0][1].offset

    @property
    def end(self) -> int:
        return self.records[-1][1].offset + 1

    def add(self, arrival: int, record: Record) -> None:
        if self.records and self.end != record.offset:
            self.records.clear()
            self.size = 0
        self.records.append((arrival, record))
        self.size += len(record.value)
        while self.size > CACHE_BYTES and len(self.records) > 1:
            self.size -= len(self.records.popleft()[1].value)


class RecentRecordCache:
    """Kept in memory and never relied on: whoever asks for more than is here reads the file."""

    def __init__(self) -> None:
        self._stretches: dict[TopicPartition, _RecordRun] = {}
        self._arrivals = 0

    def append(self, events: Sequence[LogRecord], ends: Mapping[TopicPartition, int]) -> None:
        """Events that are committed, in order, and where their partitions ended by that."""
        following = dict(ends)
        for event in events:
            following[event.topic, event.partition] -= 1
        for event in events:
            place = (event.topic, event.partition)
            record = Record(event.topic, event.partition, following[place], event.key, event.value)
            following[place] += 1
            self._arrivals += 1
            self._stretches.setdefault(place, _RecordRun()).add(self._arrivals, record)

    def forget(self, topic: str, partition: int) -> None:
        """Let go of a partition whose log lost its oldest records: a reader they have overtaken is told so."""
        self._stretches.pop((topic, partition), None)

    def read(
        self, partition: int, behind: Mapping[str, int], ends: Mapping[str, int], *, limit: int, max_bytes: int
    ) -> list[Record] | None:
        """What the log would give from these positions (each before its end); None when not all of it is here."""
        arrived = list[tuple[int, Record]]()
        for topic, position in behind.items():
            stretch = self._stretches.get((topic, partition))
            if stretch is None or not stretch.first <= position or stretch.end != ends[topic]:
                return None
            arrived += islice(stretch.records, position - stretch.first, position - stretch.first + limit)
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
