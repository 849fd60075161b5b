"""Chooses the agent of a task and explains the choice: candidates with filters and scores, counts of the others, the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.routing import Advantage, Candidate, Filter, Reason
from schemas.values import Json, instant_text
from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.candidates import CandidateSet
from services.router.dispatch.domain.values import DISTANT_PAST, Agent, Task, TaskRequirement

MAX_CANDIDATES = 10
NEAR_MISS_LIMIT = 20
"""When fewer than `MAX_CANDIDATES` are eligible, so many members of the team, by id, are examined for near misses."""

QueuePick = Literal["in_line", "reserved"]
"""How an agent pulled a task from the queue: the first by priority, or the oldest of all (the reserved share)."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a task was decided so. REST makes a sentence of `reason`.

    `candidates` are at most ten: the eligible agents, best first, then near misses. `excluded` counts each agent that is not
    eligible, also a near miss, under the first filter that it fails: team, skills, presence, capacity.
    """

    reason: Reason
    candidates: list[Candidate]
    excluded: dict[str, int]


def choose(index: AgentIndex, task: Task) -> Agent | None:
    """The agent for a task: the preferred one if eligible, else the best by `SkillMatch` and `LoadRank`; None if none is eligible."""
    candidates = index.candidates(task.requirement)
    preferred = _preferred(index, task)
    best = preferred.id if preferred else candidates.best()
    return index.agents[best] if best is not None else None


def explain_assigned(index: AgentIndex, task: Task, queue_pick: QueuePick | None = None) -> Explanation:
    """Why the task goes to the agent that `choose` names now. `queue_pick`: the agent pulled the task from the queue."""
    candidates = index.candidates(task.requirement)
    ranked = _ranked(index, candidates, task)
    # Also when an agent pulled the task: had a better one been free, the task would not have waited.
    eligible, winner = candidates.counts["free"], ranked[0]
    reason = Reason(
        kind="chosen",
        name=winner.name,
        levels={name: winner.skills[name] for name, _ in task.requirement.skills},
        load=winner.load,
        capacity=winner.capacity,
        team=task.requirement.team,
        eligible=eligible,
        advantage=None if eligible == 1 else _tie_breaker(task, index, *ranked[:2]),
        queue_pick=queue_pick,
        priority=task.priority,
        agents=len(index.agents),
        by=None,
    )
    return Explanation(reason, _public_candidates(index, task, ranked), index.excluded(candidates))


def explain_forced(agent: Agent, by: str | None) -> Explanation:
    """Why the task goes to an agent that a person chose (`by`; None: an operator). No agents were compared."""
    reason = Reason(kind="forced", name=agent.name, load=agent.load, capacity=agent.capacity, by=by)
    return Explanation(reason, [], {})


def explain_waiting(index: AgentIndex, task: Task) -> Explanation:
    """Why no agent can take the task now."""
    candidates = index.candidates(task.requirement)
    reason = Reason(kind="waiting", team=task.requirement.team, agents=len(index.agents), priority=task.priority)
    return Explanation(reason, _public_candidates(index, task, []), index.excluded(candidates))


def _ranked(index: AgentIndex, candidates: CandidateSet, task: Task) -> list[Agent]:
    best = [index.agents[i] for i in candidates.first(MAX_CANDIDATES)]
    preferred = _preferred(index, task)
    return [preferred, *(a for a in best if a.id != preferred.id)][:MAX_CANDIDATES] if preferred else best


def _preferred(index: AgentIndex, task: Task) -> Agent | None:
    agent = index.agents.get(task.preferred) if task.preferred else None
    if agent is None or agent.availability != "free":
        return None
    return agent if task.requirement.is_satisfied_by(agent.teams, agent.skills) else None


def _public_candidates(index: AgentIndex, task: Task, ranked: Sequence[Agent]) -> list[Candidate]:
    eligible = [_eligible_candidate(index, task, agent) for agent in ranked]
    if len(ranked) == MAX_CANDIDATES:
        return eligible
    ranked_ids = {agent.id for agent in ranked}
    # A limit, because a team may have thousands of members and every decision is explained.
    members = index.members.get(task.requirement.team, [])[:NEAR_MISS_LIMIT]
    others = [index.agents[member] for member in members if member not in ranked_ids]
    near_misses = [Candidate(agent=a.id, eligible=False, filters=_filters(a, task.requirement)) for a in others]
    # The fewest failed filters first: these agents show what was nearly enough.
    near_misses.sort(key=lambda candidate: (sum(not f.passed for f in candidate.filters), candidate.agent))
    return [*eligible, *near_misses[: MAX_CANDIDATES - len(eligible)]]


def _eligible_candidate(index: AgentIndex, task: Task, agent: Agent) -> Candidate:
    surplus, rare = task.requirement.match(agent.skills, index.rare_skills)
    load_ratio, resting_since, _ = agent.load_rank
    scores: dict[str, Json] = {
        "preferred": agent.id == task.preferred,
        "surplus": surplus,
        "rare_to_spare": rare,
        "load_ratio": round(load_ratio, 6),
        "rested_since": None if resting_since is DISTANT_PAST else instant_text(resting_since),
    }
    return Candidate(agent=agent.id, eligible=True, filters=_filters(agent, task.requirement), scores=scores)


def _filters(agent: Agent, requirement: TaskRequirement) -> list[Filter]:
    member = requirement.team in agent.teams
    skills = [f"{name} {agent.skills.get(name, 0)} of at least {minimum}" for name, minimum in requirement.skills]
    return [
        Filter(name="team", passed=member, detail=f"{'in' if member else 'not in'} team {requirement.team}"),
        Filter(
            name="skills", passed=requirement.is_met_by_skills(agent.skills), detail=", ".join(skills) or "none needed"
        ),
        Filter(name="presence", passed=agent.presence == "online", detail=agent.presence),
        Filter(
            name="capacity",
            passed=agent.load < agent.capacity,
            detail=f"{agent.load} of {agent.capacity} units in use",
        ),
    ]


def _tie_breaker(task: Task, index: AgentIndex, winner: Agent, second: Agent) -> Advantage:
    """The first criterion in which the winner beats the second candidate."""
    if winner.id == task.preferred:
        return "preferred"
    winner_key, second_key = (
        (*task.requirement.match(agent.skills, index.rare_skills), *agent.load_rank) for agent in (winner, second)
    )
    criteria: tuple[Advantage, ...] = ("fit", "rare", "load", "idle" if winner.idle_since else "rested", "id")
    compared = zip(criteria, winner_key, second_key, strict=True)
    return next(criterion for criterion, best, next_best in compared if best != next_best)
