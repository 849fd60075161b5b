"""Finds the best agent for a requirement by heaps, without comparing all agents.

A `CandidateSet` belongs to one requirement and ranks the groups whose agents satisfy it (`SkillGroup`) by the best of each who is
free for its work.

Both use heaps with lazy deletion. An entry may rank an agent better than it ranks now, because the agent was free and is
not any more; such a stale entry is dropped or corrected when it reaches the top. An entry never ranks an agent worse
than now: an agent that becomes freer is pushed right away. So a top entry that is current is the true best. A change of
an agent's load costs, per kind of work, the logarithm of its group's size and at most one push per candidate set, never a step
per agent or task.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice
from typing import Final

from services.router.dispatch.domain.heaps import iter_sorted, needs_compaction
from services.router.dispatch.domain.requirement import SkillMatch, TaskRequirement
from services.router.dispatch.domain.skill_groups import FreeAgents, SkillGroup
from services.router.dispatch.domain.values import Availability, LoadRank

CandidateRank = tuple[int, int, float, datetime, str, int]
"""How the best agents of groups are ordered: `SkillMatch`, then `LoadRank`, then the group's number. The least comes first."""

# Positions in the tuples. Ranks are plain tuples because heaps compare millions of them.
AGENT: Final = 4
GROUP: Final = 5


@dataclass(slots=True, eq=False)
class CandidateSet:
    """The groups that satisfy a requirement, by number, each with how well its skills match.

    `counts` is the number of agents of those groups per availability. `_best_by_group` has the entry of each group with free
    agents; the heap holds these entries and stale ones.
    """

    requirement: TaskRequirement
    groups: dict[int, tuple[SkillGroup, FreeAgents, SkillMatch]] = field(default_factory=dict)
    counts: Counter[Availability] = field(default_factory=Counter)
    _best_by_group: dict[int, CandidateRank] = field(default_factory=dict)
    _heap: list[CandidateRank] = field(default_factory=list)

    def add_group(self, group: SkillGroup, match: SkillMatch) -> None:
        """Add a group that satisfies the requirement."""
        free = group.join(self.requirement, self)
        self.groups[group.number] = group, free, match
        self.counts.update(free.counts)
        best = free.first_available()
        if best is not None:
            self.on_group_changed(free, best)

    def remove_group(self, group: SkillGroup) -> None:
        """Remove a group. The counts stay: either the group has no agents any more, or this set is dropped."""
        del self.groups[group.number]
        group.leave(self.requirement)
        self._best_by_group.pop(group.number, None)

    def on_group_changed(self, free: FreeAgents, rank: LoadRank) -> None:
        """Enter the new best agent of a group, if it ranks better than the group's present entry."""
        number = free.number
        entry = (*self.groups[number][2], *rank, number)
        current = self._best_by_group.get(number)
        if current is not None and current <= entry:
            return
        self._best_by_group[number] = entry
        heappush(self._heap, entry)
        if needs_compaction(self._heap, len(self._best_by_group)):
            self._heap = list(self._best_by_group.values())
            heapify(self._heap)

    def best(self) -> str | None:
        """The id of the best free agent; None when no agent is free."""
        while self._heap:
            entry = self._heap[0]
            current = self._corrected(entry)
            if current is None:
                heappop(self._heap)
            elif current == entry:
                return entry[AGENT]
            else:
                heapreplace(self._heap, current)
        return None

    def first(self, limit: int) -> list[str]:
        """The ids of the `limit` best free agents, best first."""
        return list(islice(self.ranked(), limit))

    def ranked(self) -> Iterator[str]:
        """The ids of the free agents, best first."""
        # A merge of sorted iterators. At depth 0 is one iterator, over the groups' best entries; taking a group from it
        # adds the iterator over that group's agents at depth 1. An entry of depth 0 never ranks worse than the agents of its
        # group, so no agent comes out before a better one of a group that was not taken yet.
        entries = (entry for entry in iter_sorted(self._heap) if self._best_by_group.get(entry[GROUP]) is entry)
        pending: list[tuple[CandidateRank, int, Iterator[CandidateRank]]] = []
        _push_next(pending, 0, entries)
        while pending:
            entry, depth, rest = heappop(pending)
            _push_next(pending, depth, rest)
            if depth:
                yield entry[AGENT]
            else:
                _, free, match = self.groups[entry[GROUP]]
                _push_next(pending, 1, self._ranks_in_group(free, match))

    @staticmethod
    def _ranks_in_group(free: FreeAgents, match: SkillMatch) -> Iterator[CandidateRank]:
        return ((*match, *rank, free.number) for rank in free.ranked())

    def _corrected(self, entry: CandidateRank) -> CandidateRank | None:
        """The entry as the group's best agent ranks now; None if the group has another entry or no free agent."""
        number = entry[GROUP]
        # By identity: the group may have been entered again with an equal rank, and must be there once.
        if self._best_by_group.get(number) is not entry:
            return None
        _, free, match = self.groups[number]
        rank = free.first_available()
        if rank is None:
            del self._best_by_group[number]
            return None
        current = (*match, *rank, number)
        if current != entry:
            self._best_by_group[number] = current
        return current


def _push_next(
    pending: list[tuple[CandidateRank, int, Iterator[CandidateRank]]], depth: int, entries: Iterator[CandidateRank]
) -> None:
    # No two pending tuples agree in entry and depth, so that iterators are never compared.
    entry = next(entries, None)
    if entry is not None:
        heappush(pending, (entry, depth, entries))
