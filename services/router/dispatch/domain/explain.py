"""Explains why a task went to an agent, or waits: candidates with filters and scores, counts of the others, the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.routing import Advantage, Candidate, Filter, Reason
from schemas.values import Json, instant_text
from services.router.dispatch.domain.agent_index import AgentIndex, CandidateSet
from services.router.dispatch.domain.values import DISTANT_PAST, Agent, Task, TaskRequirement

MAX_CANDIDATES = 10
NEAR_MISS_LIMIT = 20
"""Where fewer than ten are eligible, so many members of the team, first by id, are looked at for near misses."""
Drawn = Literal["in_line", "reserved"]
"""How an agent came upon a task in the queue: it was first in line, or the longest waiting (the reserved share)."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a decision says. `reason`: what its sentence is made of. `candidates`: the eligible, best first, then near misses; ten at the most.

    `excluded` counts every agent that a filter excluded (also those shown), under the first it failed of team, skills,
    presence, capacity.
    """

    reason: Reason
    candidates: list[Candidate]
    excluded: dict[str, int]


def choose(roster: AgentIndex, task: Task) -> Agent | None:
    """The agent for a task: the preferred if eligible, else by fit, load ratio, rest and id; None if nobody is."""
    opening = roster.opening(task.need)
    preferred = _preferred(roster, task)
    best = preferred.id if preferred else opening.best()
    return roster.agents[best] if best is not None else None


def explain_assigned(roster: AgentIndex, task: Task, drawn: Drawn | None = None) -> Explanation:
    """Why the task goes to the agent that `choose` names now. `drawn` says how the agent came upon it in the queue."""
    opening = roster.opening(task.need)
    ranked = _ranked(roster, opening, task)
    eligible, winner = opening.counts["free"], ranked[0]
    reason = Reason(
        kind="chosen",
        name=winner.name,
        levels={name: winner.skills[name] for name, _ in task.need.skills},
        load=winner.load,
        capacity=winner.capacity,
        team=task.need.team,
        eligible=eligible,
        advantage=None if eligible == 1 else _tie_breaker(task, roster, *ranked[:2]),
        queue_pick=drawn,
        priority=task.priority,
        agents=len(roster.agents),
        by=None,
    )
    return Explanation(reason, _public_candidates(roster, task, ranked), roster.excluded(opening))


def explain_forced(agent: Agent, by: str | None) -> Explanation:
    """The explanation of a person's choice, for which no agents were compared."""
    reason = Reason(kind="forced", name=agent.name, load=agent.load, capacity=agent.capacity, by=by)
    return Explanation(reason, [], {})


def explain_waiting(roster: AgentIndex, task: Task) -> Explanation:
    """Why nobody can take the task now."""
    opening = roster.opening(task.need)
    reason = Reason(kind="waiting", team=task.need.team, agents=len(roster.agents), priority=task.priority)
    return Explanation(reason, _public_candidates(roster, task, []), roster.excluded(opening))


def _ranked(roster: AgentIndex, opening: CandidateSet, task: Task) -> list[Agent]:
    best = [roster.agents[i] for i in opening.first(MAX_CANDIDATES)]
    preferred = _preferred(roster, task)
    return [preferred, *(a for a in best if a.id != preferred.id)][:MAX_CANDIDATES] if preferred else best


def _preferred(roster: AgentIndex, task: Task) -> Agent | None:
    agent = roster.agents.get(task.preferred) if task.preferred else None
    return (
        agent if agent and agent.situation == "free" and task.need.is_satisfied_by(agent.teams, agent.skills) else None
    )


def _public_candidates(roster: AgentIndex, task: Task, ranked: Sequence[Agent]) -> list[Candidate]:
    eligible = [_eligible(roster, task, agent) for agent in ranked]
    if len(ranked) == MAX_CANDIDATES:
        return eligible
    ranked_ids = {agent.id for agent in ranked}
    near = [roster.agents[i] for i in roster.members.get(task.need.team, [])[:NEAR_MISS_LIMIT] if i not in ranked_ids]
    missed = [Candidate(agent=a.id, eligible=False, filters=_filters(a, task.need)) for a in near]
    missed.sort(key=lambda candidate: (sum(not f.passed for f in candidate.filters), candidate.agent))
    return [*eligible, *missed[: MAX_CANDIDATES - len(eligible)]]


def _eligible(roster: AgentIndex, task: Task, agent: Agent) -> Candidate:
    surplus, rare = task.need.fit(agent.skills, roster.rare)
    ratio, rested, _ = agent.load_rank
    scores: dict[str, Json] = {
        "preferred": agent.id == task.preferred,
        "surplus": surplus,
        "rare_to_spare": rare,
        "load_ratio": round(ratio, 6),
        "rested_since": None if rested is DISTANT_PAST else instant_text(rested),
    }
    return Candidate(agent=agent.id, eligible=True, filters=_filters(agent, task.need), scores=scores)


def _filters(agent: Agent, need: TaskRequirement) -> list[Filter]:
    member = need.team in agent.teams
    skills = [f"{name} {agent.skills.get(name, 0)} of at least {minimum}" for name, minimum in need.skills]
    return [
        Filter(name="team", passed=member, detail=f"{'in' if member else 'not in'} team {need.team}"),
        Filter(name="skills", passed=need.skilled(agent.skills), detail=", ".join(skills) or "none needed"),
        Filter(name="presence", passed=agent.presence == "online", detail=agent.presence),
        Filter(
            name="capacity",
            passed=agent.load < agent.capacity,
            detail=f"{agent.load} of {agent.capacity} units in use",
        ),
    ]


def _tie_breaker(task: Task, roster: AgentIndex, winner: Agent, second: Agent) -> Advantage:
    """The first criterion in which the winner beats the second candidate."""
    if winner.id == task.preferred:
        return "preferred"
    winner_key, second_key = ((*task.need.fit(a.skills, roster.rare), *a.load_rank) for a in (winner, second))
    words: tuple[Advantage, ...] = ("fit", "rare", "load", "idle" if winner.idle_since else "rested", "id")
    return words[next(at for at, pair in enumerate(zip(winner_key, second_key, strict=True)) if pair[0] != pair[1])]
