"""Agents of the same teams and skills: only what they have in hand and how long they rest tell them apart.

A `SkillGroup` has its free agents once per kind of work that tasks ask for (`FreeAgents`): an agent may be free for a mail and not
for a call. There are few kinds: a class has one size, or one per team that says otherwise.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Final, Protocol

from services.router.dispatch.domain.heaps import iter_sorted, needs_compaction
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Availability, LoadRank
from services.router.dispatch.domain.work import Work

# Position in the tuple. Ranks are plain tuples because heaps compare millions of them.
LOAD_RANK_AGENT: Final = 2


class Ranking(Protocol):
    """What ranks groups by the best free agent of each, and counts their agents."""

    counts: Counter[Availability]

    def on_group_changed(self, free: "FreeAgents", rank: LoadRank) -> None:
        """A group has a new best free agent."""


@dataclass(slots=True, eq=False)
class FreeAgents:
    """The agents of a group who are free for one kind of work, best first. `number` is the group's.

    `availability` is that of each agent of the group, and `counts` the number of agents of each availability. `load_ranks` are
    those of the free agents. `rankings` are those that the group takes part in, by requirement.
    """

    number: int
    work: Work
    availability: dict[str, Availability] = field(default_factory=dict)
    counts: Counter[Availability] = field(default_factory=Counter)
    load_ranks: dict[str, LoadRank] = field(default_factory=dict)
    rankings: dict[TaskRequirement, Ranking] = field(default_factory=dict)
    _heap: list[LoadRank] = field(default_factory=list)

    def put_agent(self, agent: Agent) -> None:
        """Add or update an agent."""
        availability = agent.availability(self.work)
        self._set_availability(agent.id, availability)
        if availability != "free":
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
        # Rankings know only the best agent of a group.
        if self.first_available() == rank:
            for ranking in self.rankings.values():
                ranking.on_group_changed(self, rank)

    def _set_availability(self, agent: str, after: Availability | None) -> None:
        before = self.availability.pop(agent, None)
        if after is not None:
            self.availability[agent] = after
        if before == after:
            return
        for counts in (self.counts, *(ranking.counts for ranking in self.rankings.values())):
            if before is not None:
                counts[before] -= 1
            if after is not None:
                counts[after] += 1


@dataclass(slots=True, eq=False)
class SkillGroup:
    """Agents of the same teams and skills, and who of them is free for each kind of work that is asked for."""

    number: int
    teams: frozenset[str]
    skills: Mapping[str, int]
    agents: dict[str, Agent] = field(default_factory=dict)
    free: dict[Work, FreeAgents] = field(default_factory=dict)

    def put_agent(self, agent: Agent) -> None:
        """Add or update an agent."""
        self.agents[agent.id] = agent
        for free in self.free.values():
            free.put_agent(agent)

    def remove_agent(self, agent: str) -> None:
        """Remove an agent of the group."""
        del self.agents[agent]
        for free in self.free.values():
            free.remove_agent(agent)

    def join(self, requirement: TaskRequirement, ranking: Ranking) -> FreeAgents:
        """The agents who are free for the work of a requirement. From now on the ranking follows them."""
        free = self.free.get(requirement.work)
        if free is None:
            free = self.free[requirement.work] = FreeAgents(self.number, requirement.work)
            for agent in self.agents.values():
                free.put_agent(agent)
        free.rankings[requirement] = ranking
        return free

    def leave(self, requirement: TaskRequirement) -> None:
        """The ranking of a requirement follows this group no longer."""
        free = self.free[requirement.work]
        del free.rankings[requirement]
        if not free.rankings:
            del self.free[requirement.work]
