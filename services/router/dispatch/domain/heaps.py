"""Reads a binary heap (`heapq`) in sorted order without popping its entries."""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Any, TypeVar

# Any: heapq compares whatever tuples it is given.
Entry = TypeVar("Entry", bound=tuple[Any, ...])

COMPACTION_SLACK = 16
"""A heap of so many stale entries more than live ones is left alone: small heaps would be rebuilt all the time."""


def iter_sorted(heap: Sequence[Entry]) -> Iterator[Entry]:
    """The entries, least first. Reading k of them costs k log k, whatever the heap's size. The heap must not change meanwhile."""
    # An entry is never less than its parent: after the parent, only its two children become candidates for the next.
    frontier = [(heap[0], 0)] if heap else []
    while frontier:
        entry, index = heappop(frontier)
        yield entry
        for child in range(2 * index + 1, min(2 * index + 3, len(heap))):
            heappush(frontier, (heap[child], child))


def needs_compaction(heap: Sequence[Entry], live: int) -> bool:
    """Whether a heap with `live` valid entries has so many stale ones that a rebuild costs no more than their pushes did."""
    return len(heap) > 2 * live + COMPACTION_SLACK
