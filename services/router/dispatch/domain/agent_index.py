"""The agents of a workspace, indexed so that the best for a need is found without looking at the others.

Agents of the same teams and skills are one `SkillGroup`: equal for every task but for their load and rest. A `CandidateSet` is
a need that tasks have had: the kinds that meet it, best fit first. Both keep heaps of which only the top is ever
trusted. A heap's entry may promise too much (an agent that was free and is not) and is mended when it comes to the
top; it never promises too little, because whoever becomes freer is entered anew at once. So a change of load costs the
logarithm of a kind, and at worst one small step per opening, but never anything per agent or per task.
"""

from bisect import bisect_left, insort
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice

from services.router.dispatch.domain.heaps import iter_sorted, needs_compaction
from services.router.dispatch.domain.values import (
    Agent,
    Availability,
    LoadRank,
    SkillMatch,
    TaskRequirement,
    rare_skills,
)

MAX_CACHED_CANDIDATE_SETS = 1_000

CandidateRank = tuple[int, int, float, datetime, str, int]
"""The best that a kind offers to an opening: fit, standing, and the kind's number."""


@dataclass(slots=True, eq=False)
class SkillGroup:
    """Agents of the same teams and skills. `standings` are those of its free agents."""

    number: int
    teams: frozenset[str]
    skills: Mapping[str, int]
    situations: dict[str, Availability] = field(default_factory=dict)
    counts: Counter[Availability] = field(default_factory=Counter)
    standings: dict[str, LoadRank] = field(default_factory=dict)
    openings: dict[TaskRequirement, "CandidateSet"] = field(default_factory=dict)
    _heap: list[LoadRank] = field(default_factory=list)

    def add_agent(self, agent: Agent) -> None:
        """Add an agent, or update it."""
        self._update_availability(agent.id, agent.situation)
        if agent.situation != "free":
            self.standings.pop(agent.id, None)
        elif self.standings.get(agent.id) != agent.load_rank:
            self._offer(agent.load_rank)

    def remove_agent(self, agent: str) -> None:
        """Remove an agent of the group."""
        self._update_availability(agent, None)
        self.standings.pop(agent, None)

    def first_available(self) -> LoadRank | None:
        """The free agent that comes first; None when nobody is free."""
        while self._heap and not self._is_current(self._heap[0]):
            heappop(self._heap)
        return self._heap[0] if self._heap else None

    def ranked(self) -> Iterator[LoadRank]:
        """Its free agents, first first."""
        last: LoadRank | None = None
        for rank in iter_sorted(self._heap):
            if rank != last and self._is_current(rank):
                last = rank
                yield rank

    def _is_current(self, rank: LoadRank) -> bool:
        return self.standings.get(rank[2]) == rank

    def _offer(self, rank: LoadRank) -> None:
        self.standings[rank[2]] = rank
        heappush(self._heap, rank)
        if needs_compaction(self._heap, len(self.standings)):
            self._heap = list(self.standings.values())
            heapify(self._heap)
        if self.first_available() == rank:
            for opening in self.openings.values():
                opening.on_group_changed(self, rank)

    def _update_availability(self, agent: str, after: Availability | None) -> None:
        before = self.situations.pop(agent, None)
        if after is not None:
            self.situations[agent] = after
        if before == after:
            return
        for counts in (self.counts, *(opening.counts for opening in self.openings.values())):
            if before is not None:
                counts[before] -= 1
            if after is not None:
                counts[after] += 1


@dataclass(slots=True, eq=False)
class CandidateSet:
    """A need, and the kinds that meet it. `counts` are of all agents of those kinds by situation."""

    need: TaskRequirement
    kinds: dict[int, tuple[SkillGroup, SkillMatch]] = field(default_factory=dict)
    counts: Counter[Availability] = field(default_factory=Counter)
    _bids: dict[int, CandidateRank] = field(default_factory=dict)
    _heap: list[CandidateRank] = field(default_factory=list)

    def add_group(self, kind: SkillGroup, fit: SkillMatch) -> None:
        """Let a kind take part."""
        self.kinds[kind.number] = kind, fit
        kind.openings[self.need] = self
        self.counts.update(kind.counts)
        best = kind.first_available()
        if best is not None:
            self.on_group_changed(kind, best)

    def remove_group(self, kind: SkillGroup) -> None:
        """A kind that has no agents any more."""
        del self.kinds[kind.number], kind.openings[self.need]
        self._bids.pop(kind.number, None)

    def on_group_changed(self, kind: SkillGroup, rank: LoadRank) -> None:
        """A kind has a new best agent: enter it, if it is better than what the kind stands for here."""
        bid = (*self.kinds[kind.number][1], *rank, kind.number)
        current = self._bids.get(kind.number)
        if current is not None and current <= bid:
            return
        self._bids[kind.number] = bid
        heappush(self._heap, bid)
        if needs_compaction(self._heap, len(self._bids)):
            self._heap = list(self._bids.values())
            heapify(self._heap)

    def best(self) -> str | None:
        """The id of the best free agent; None when nobody is free."""
        while self._heap:
            bid = self._heap[0]
            current = self._drop_stale_entries(bid)
            if current is None:
                heappop(self._heap)
            elif current == bid:
                return bid[4]
            else:
                heapreplace(self._heap, current)
        return None

    def first(self, limit: int) -> list[str]:
        """The ids of the first free agents, best first, so many at the most."""
        return list(islice(self.ranked(), limit))

    def ranked(self) -> Iterator[str]:
        """The ids of the free agents, best first."""
        bids = (bid for bid in iter_sorted(self._heap) if self._bids.get(bid[5]) is bid)
        pending: list[tuple[CandidateRank, int, Iterator[CandidateRank]]] = []
        _advance(pending, 0, bids)
        while pending:
            bid, depth, rest = heappop(pending)
            _advance(pending, depth, rest)
            if depth:
                yield bid[4]
            else:
                _advance(pending, 1, self._offers(*self.kinds[bid[5]]))

    @staticmethod
    def _offers(kind: SkillGroup, fit: SkillMatch) -> Iterator[CandidateRank]:
        return ((*fit, *rank, kind.number) for rank in kind.ranked())

    def _drop_stale_entries(self, bid: CandidateRank) -> CandidateRank | None:
        number = bid[5]
        if self._bids.get(number) is not bid:
            return None
        kind, fit = self.kinds[number]
        rank = kind.first_available()
        if rank is None:
            del self._bids[number]
            return None
        entry = (*fit, *rank, number)
        if entry != bid:
            self._bids[number] = entry
        return entry


def _advance(
    pending: list[tuple[CandidateRank, int, Iterator[CandidateRank]]], depth: int, bids: Iterator[CandidateRank]
) -> None:
    bid = next(bids, None)
    if bid is not None:
        heappush(pending, (bid, depth, bids))


class AgentIndex:
    """All agents of a workspace. `members` are the ids per team, sorted; `rare` the skills that few hold."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.members: dict[str, list[str]] = {}
        self._kinds: dict[tuple[frozenset[str], frozenset[tuple[str, int]]], SkillGroup] = {}
        self._kind_of: dict[str, SkillGroup] = {}
        self._by_skill: dict[tuple[str, str | None], dict[int, SkillGroup]] = {}
        self._holders: Counter[str] = Counter()
        self._openings: OrderedDict[TaskRequirement, CandidateSet] = OrderedDict()
        self.rare: frozenset[str] = frozenset()
        self._recount = False
        self._numbered = 0

    def put(self, agent: Agent) -> None:
        """Enter an agent, or note how it is now."""
        stored = self.agents.get(agent.id)
        if stored is not None and (stored.teams != agent.teams or stored.skills != agent.skills):
            self.remove(agent.id)
            stored = None
        if stored is None:
            self._index_agent(agent)
        self.agents[agent.id] = agent
        self._kind_of[agent.id].add_agent(agent)

    def remove(self, agent: str) -> None:
        """Forget an agent, which must be here."""
        stored, kind = self.agents.pop(agent), self._kind_of.pop(agent)
        kind.remove_agent(agent)
        self._holders.subtract(stored.skills.keys())
        for team in stored.teams:
            del self.members[team][bisect_left(self.members[team], agent)]
        if not kind.situations:
            self._remove_group(kind)
        self._recount = True

    def opening(self, need: TaskRequirement) -> CandidateSet:
        """The opening of a need, made when it is first asked for."""
        if self._recount:
            self._recompute_scarce_skills()
        opening = self._openings.get(need) or self._open(need)
        self._openings.move_to_end(need)
        while len(self._openings) > MAX_CACHED_CANDIDATE_SETS:
            self._close(next(iter(self._openings.values())))
        return opening

    def excluded(self, opening: CandidateSet) -> dict[str, int]:
        """How many agents each filter excludes, each counted under the first that it fails."""
        in_team, counts = len(self.members.get(opening.need.team, ())), opening.counts
        excluded = {
            "team": len(self.agents) - in_team,
            "skills": in_team - sum(counts.values()),
            "presence": counts["presence"],
            "capacity": counts["capacity"],
        }
        return {name: count for name, count in excluded.items() if count}

    def _index_agent(self, agent: Agent) -> None:
        self._holders.update(agent.skills.keys())
        for team in agent.teams:
            insort(self.members.setdefault(team, []), agent.id)
        key = agent.teams, frozenset(agent.skills.items())
        self._kind_of[agent.id] = self._kinds.get(key) or self._add_group(agent)
        self._recount = True

    def _add_group(self, agent: Agent) -> SkillGroup:
        self._numbered += 1
        kind = SkillGroup(self._numbered, agent.teams, agent.skills)
        self._kinds[agent.teams, frozenset(agent.skills.items())] = kind
        for at in _team_keys(kind):
            self._by_skill.setdefault(at, {})[kind.number] = kind
        for opening in self._openings.values():
            self._admit(opening, kind)
        return kind

    def _remove_group(self, kind: SkillGroup) -> None:
        del self._kinds[kind.teams, frozenset(kind.skills.items())]
        for at in _team_keys(kind):
            del self._by_skill[at][kind.number]
        for opening in list(kind.openings.values()):
            opening.remove_group(kind)

    def _recompute_scarce_skills(self) -> None:
        """Fits hang on what is rare: where that changed, all openings are made anew when asked for."""
        self._recount = False
        rare = rare_skills(self._holders, len(self.agents))
        if rare == self.rare:
            return
        self.rare = rare
        self._openings.clear()
        for kind in self._kinds.values():
            kind.openings.clear()

    def _open(self, need: TaskRequirement) -> CandidateSet:
        opening = self._openings[need] = CandidateSet(need)
        shelves = [self._by_skill.get((need.team, name), {}) for name, _ in need.skills]
        rarest = min(shelves, key=len) if shelves else self._by_skill.get((need.team, None), {})
        for kind in rarest.values():
            self._admit(opening, kind)
        return opening

    def _admit(self, opening: CandidateSet, kind: SkillGroup) -> None:
        if opening.need.is_satisfied_by(kind.teams, kind.skills):
            opening.add_group(kind, opening.need.fit(kind.skills, self.rare))

    def _close(self, opening: CandidateSet) -> None:
        del self._openings[opening.need]
        for kind, _ in list(opening.kinds.values()):
            opening.remove_group(kind)


def _team_keys(kind: SkillGroup) -> list[tuple[str, str | None]]:
    return [(team, name) for team in kind.teams for name in (None, *kind.skills)]
