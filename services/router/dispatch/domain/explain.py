"""Explains a decision: candidates with filters and scores, counts of the others, the reason as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from schemas.decision import Advantage, Candidate, Filter, Reason
from schemas.values import Json, instant_text
from services.router.dispatch.domain.agent_index import AgentIndex
from services.router.dispatch.domain.choice import Choice
from services.router.dispatch.domain.values import DISTANT_PAST, Agent, Task

MAX_CANDIDATES = 10
NEAR_MISS_LIMIT = 20
"""When fewer than `MAX_CANDIDATES` are eligible, so many members of the team, by id, are examined for near misses."""

QueuePick = Literal["in_line", "reserved"]
"""How an agent pulled a task from the queue: the first by priority, or the oldest of all (the reserved share)."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a task was decided so. REST makes a sentence of `reason`.

    `candidates` are at most ten: the eligible agents, best first, then near misses. `excluded` counts each agent that is not
    eligible, also a near miss, under the first filter that it fails: team, skills, presence, capacity, then `offer` (it passed the
    task on a moment ago) or `preferred` (the task waits for another agent).
    """

    reason: Reason
    candidates: list[Candidate]
    excluded: dict[str, int]


def explain_assigned(choice: Choice, queue_pick: QueuePick | None = None) -> Explanation:
    """Why the task goes to the best agent of a choice. `queue_pick`: the agent pulled the task from the queue."""
    index, task = choice.index, choice.task
    # Also when an agent pulled the task: had a better one been free, the task would not have waited.
    ranked = choice.first(MAX_CANDIDATES)
    winner = ranked[0]
    reason = Reason(
        kind="chosen",
        name=winner.name,
        levels={name: winner.skills[name] for name, _ in task.requirement.skills},
        load=winner.load,
        capacity=winner.capacity,
        team=task.home_team,
        teams=_teams(task),
        eligible=choice.eligible,
        advantage=None if choice.eligible == 1 else _tie_breaker(task, index, *ranked[:2]),
        queue_pick=queue_pick,
        priority=task.priority,
        agents=len(index.agents),
        by=None,
    )
    return Explanation(reason, _public_candidates(choice, ranked), _excluded(choice))


def explain_by_person(
    kind: Literal["forced", "claimed", "accepted"], agent: Agent, by: str | None, *, above_capacity: bool = False
) -> Explanation:
    """Why the task goes to an agent by a person's decision (`by`; None: an operator). No agents were compared.

    `above_capacity`: the agent has no room for it.
    """
    reason = Reason(
        kind=kind, name=agent.name, load=agent.load, capacity=agent.capacity, by=by, above_capacity=above_capacity
    )
    return Explanation(reason, [], {})


def explain_waiting(choice: Choice) -> Explanation:
    """Why no agent can take the task now."""
    index, task = choice.index, choice.task
    reason = Reason(
        kind="waiting",
        team=task.home_team,
        teams=_teams(task),
        agents=len(index.agents),
        priority=task.priority,
        waits_for=choice.audience.only,
    )
    return Explanation(reason, _public_candidates(choice, []), _excluded(choice))


def _teams(task: Task) -> list[str]:
    """The teams that may take the task, if it is open to more than its own."""
    return list(task.requirement.teams) if len(task.requirement.teams) > 1 else []


def _excluded(choice: Choice) -> dict[str, int]:
    excluded = choice.index.excluded(choice.candidates)
    free = choice.candidates.counts["free"]
    more = {"offer": choice.free_passed} if choice.audience.only is None else {"preferred": free - choice.eligible}
    return excluded | {name: count for name, count in more.items() if count}


def _public_candidates(choice: Choice, ranked: Sequence[Agent]) -> list[Candidate]:
    eligible = [_eligible_candidate(choice, agent) for agent in ranked]
    if len(ranked) == MAX_CANDIDATES:
        return eligible
    index, ranked_ids = choice.index, {agent.id for agent in ranked}
    teams = choice.task.requirement.teams
    # A limit, because a team may have thousands of members and every decision is explained.
    members = {member: None for team in teams for member in index.members.get(team, [])[:NEAR_MISS_LIMIT]}
    others = [index.agents[member] for member in members if member not in ranked_ids][:NEAR_MISS_LIMIT]
    near_misses = [Candidate(agent=agent.id, eligible=False, filters=_filters(choice, agent)) for agent in others]
    # The fewest failed filters first: these agents show what was nearly enough.
    near_misses.sort(key=lambda candidate: (sum(not f.passed for f in candidate.filters), candidate.agent))
    return [*eligible, *near_misses[: MAX_CANDIDATES - len(eligible)]]


def _eligible_candidate(choice: Choice, agent: Agent) -> Candidate:
    surplus, rare = choice.task.requirement.match(agent.skills, choice.index.rare_skills)
    load_ratio, resting_since, _ = agent.load_rank
    scores: dict[str, Json] = {
        "preferred": agent.id == choice.task.preferred,
        "surplus": surplus,
        "rare_to_spare": rare,
        "load_ratio": round(load_ratio, 6),
        "rested_since": None if resting_since is DISTANT_PAST else instant_text(resting_since),
    }
    return Candidate(agent=agent.id, eligible=True, filters=_filters(choice, agent), scores=scores)


def _filters(choice: Choice, agent: Agent) -> list[Filter]:
    requirement = choice.task.requirement
    member, teams = requirement.is_open_to(agent.teams), " or ".join(requirement.teams)
    skills = [f"{name} {agent.skills.get(name, 0)} of at least {minimum}" for name, minimum in requirement.skills]
    filters = [
        Filter(name="team", passed=member, detail=f"{'in' if member else 'not in'} team {teams}"),
        Filter(
            name="skills", passed=requirement.is_met_by_skills(agent.skills), detail=", ".join(skills) or "none needed"
        ),
        Filter(name="presence", passed=agent.takes_work, detail=agent.presence),
        Filter(
            name="capacity",
            passed=agent.has_room(requirement.work) and agent.reserved_for is None,
            detail=f"{agent.load} of {agent.capacity} units in use{_reservation(agent)}",
        ),
    ]
    if agent.id in choice.audience.passed:
        filters.append(Filter(name="offer", passed=False, detail="declined or missed it a moment ago"))
    if choice.audience.only not in (None, agent.id):
        filters.append(Filter(name="preferred", passed=False, detail=f"it waits for {choice.audience.only}"))
    return filters


def _reservation(agent: Agent) -> str:
    return f", reserved for {agent.reserved_for}" if agent.reserved_for is not None else ""


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
