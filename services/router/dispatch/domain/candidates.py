"""Finds the best agent for a requirement by heaps, without comparing all agents.

Agents of the same teams and skills form a `SkillGroup`: only load and rest tell them apart. A `CandidateSet` belongs to one
requirement and ranks the groups whose agents satisfy it by the best free agent of each.

Both use heaps with lazy deletion. An entry may rank an agent better than it ranks now, because the agent was free and is
not any more; such a stale entry is dropped or corrected when it reaches the top. An entry never ranks an agent worse
than now: an agent that becomes freer is pushed right away. So a top entry that is current is the true best. A change of
an agent's load costs the logarithm of its group's size and at most one push per candidate set, never a step per agent or task.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice
from typing import Final

from services.router.dispatch.domain.heaps import iter_sorted, needs_compaction
from services.router.dispatch.domain.values import Agent, Availability, LoadRank, SkillMatch, TaskRequirement

CandidateRank = tuple[int, int, float, datetime, str, int]
"""How the best agents of groups are ordered: `SkillMatch`, then `LoadRank`, then the group's number. The least comes first."""

# Positions in the tuples. Ranks are plain tuples because heaps compare millions of them.
LOAD_RANK_AGENT: Final = 2
AGENT: Final = 4
GROUP: Final = 5


@dataclass(slots=True, eq=False)
class SkillGroup:
    """Agents of the same teams and skills.

    `availability` is that of each agent, and `counts` the number of agents of each availability. `load_ranks` are those of
    the free agents. `candidate_sets` are the sets that the group takes part in.
    """

    number: int
    teams: frozenset[str]
    skills: Mapping[str, int]
    availability: dict[str, Availability] = field(default_factory=dict)
    counts: Counter[Availability] = field(default_factory=Counter)
    load_ranks: dict[str, LoadRank] = field(default_factory=dict)
    candidate_sets: dict[TaskRequirement, "CandidateSet"] = field(default_factory=dict)
    _heap: list[LoadRank] = field(default_factory=list)

    def put_agent(self, agent: Agent) -> None:
        """Add or update an agent."""
        self._set_availability(agent.id, agent.availability)
        if agent.availability != "free":
            self.load_ranks.pop(agent.id, None)
        elif self.load_ranks.get(agent.id) != agent.load_rank:
            self._push(agent.load_rank)

    def remove_agent(self, agent: str) -> None:
        """Remove an agent of the group."""
        self._set_availability(agent, None)
        self.load_ranks.pop(agent, None)

    def first_available(self) -> LoadRank | None:
        """The rank of the best free agent; None when no agent is free."""
        while self._heap and not self._is_current(self._heap[0]):
            heappop(self._heap)
        return self._heap[0] if self._heap else None

    def ranked(self) -> Iterator[LoadRank]:
        """The ranks of the free agents, best first."""
        last: LoadRank | None = None
        for rank in iter_sorted(self._heap):
            # An agent that was busy in between has left an equal entry behind.
            if rank != last and self._is_current(rank):
                last = rank
                yield rank

    def _is_current(self, rank: LoadRank) -> bool:
        return self.load_ranks.get(rank[LOAD_RANK_AGENT]) == rank

    def _push(self, rank: LoadRank) -> None:
        self.load_ranks[rank[LOAD_RANK_AGENT]] = rank
        heappush(self._heap, rank)
        if needs_compaction(self._heap, len(self.load_ranks)):
            self._heap = list(self.load_ranks.values())
            heapify(self._heap)
        # Candidate sets know only the best agent of a group.
        if self.first_available() == rank:
            for candidate_set in self.candidate_sets.values():
                candidate_set.on_group_changed(self, rank)

    def _set_availability(self, agent: str, after: Availability | None) -> None:
        before = self.availability.pop(agent, None)
        if after is not None:
            self.availability[agent] = after
        if before == after:
            return
        for counts in (self.counts, *(candidate_set.counts for candidate_set in self.candidate_sets.values())):
            if before is not None:
                counts[before] -= 1
            if after is not None:
                counts[after] += 1


@dataclass(slots=True, eq=False)
class CandidateSet:
    """The groups that satisfy a requirement, by number, each with how well its skills match.

    `counts` is the number of agents of those groups per availability. `_best_by_group` has the entry of each group with free
    agents; the heap holds these entries and stale ones.
    """

    requirement: TaskRequirement
    groups: dict[int, tuple[SkillGroup, SkillMatch]] = field(default_factory=dict)
    counts: Counter[Availability] = field(default_factory=Counter)
    _best_by_group: dict[int, CandidateRank] = field(default_factory=dict)
    _heap: list[CandidateRank] = field(default_factory=list)

    def add_group(self, group: SkillGroup, match: SkillMatch) -> None:
        """Add a group that satisfies the requirement."""
        self.groups[group.number] = group, match
        group.candidate_sets[self.requirement] = self
        self.counts.update(group.counts)
        best = group.first_available()
        if best is not None:
            self.on_group_changed(group, best)

    def remove_group(self, group: SkillGroup) -> None:
        """Remove a group. The counts stay: either the group has no agents any more, or this set is dropped."""
        del self.groups[group.number], group.candidate_sets[self.requirement]
        self._best_by_group.pop(group.number, None)

    def on_group_changed(self, group: SkillGroup, rank: LoadRank) -> None:
        """Enter the new best agent of a group, if it ranks better than the group's present entry."""
        entry = (*self.groups[group.number][1], *rank, group.number)
        current = self._best_by_group.get(group.number)
        if current is not None and current <= entry:
            return
        self._best_by_group[group.number] = entry
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
                _push_next(pending, 1, self._ranks_in_group(*self.groups[entry[GROUP]]))

    @staticmethod
    def _ranks_in_group(group: SkillGroup, match: SkillMatch) -> Iterator[CandidateRank]:
        return ((*match, *rank, group.number) for rank in group.ranked())

    def _corrected(self, entry: CandidateRank) -> CandidateRank | None:
        """The entry as the group's best agent ranks now; None if the group has another entry or no free agent."""
        number = entry[GROUP]
        # By identity: the group may have been entered again with an equal rank, and must be there once.
        if self._best_by_group.get(number) is not entry:
            return None
        group, match = self.groups[number]
        rank = group.first_available()
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
