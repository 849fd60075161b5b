"""Reads a binary heap (`heapq`) in sorted order without popping its entries."""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Any, TypeVar

# Any: heapq compares whatever tuples it is given.
Entry = TypeVar("Entry", bound=tuple[Any, ...])

SLACK = 16


def iter_sorted(heap: Sequence[Entry]) -> Iterator[Entry]:
    """The entries, least first; the first k cost k log k whatever the heap's size. Do not change it meanwhile."""
    frontier = [(heap[0], 0)] if heap else []
    while frontier:
        entry, at = heappop(frontier)
        yield entry
        for child in range(2 * at + 1, min(2 * at + 3, len(heap))):
            heappush(frontier, (heap[child], child))


def needs_compaction(heap: Sequence[Entry], live: int) -> bool:
    """Whether stale entries are so many that rebuilding costs no more than making them did."""
    return len(heap) > 2 * live + SLACK
