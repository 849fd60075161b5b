"""Why a task went to an agent, or waits: candidates with filters and scores, counts for the rest, one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.routing import Candidate, Filter
from schemas.values import Json, instant_text
from services.router.dispatch.domain import NEVER, Agent, Need, Task
from services.router.dispatch.roster import Opening, Roster, Shown

SHOWN = 10
LOOKED_AT = 20
"""Where fewer than ten are eligible, so many members of the team, first by id, are looked at for near misses."""
REMEMBERED = 2 * SHOWN
"""Candidates of an opening, at most."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a decision says. `candidates`: the eligible, best first, then near misses; ten at the most.

    `excluded` counts every agent that a filter excluded (also those shown), under the first it failed of team, skills,
    presence, capacity.
    """

    summary: str
    candidates: list[Candidate]
    excluded: dict[str, int]


def choose(roster: Roster, task: Task) -> Agent | None:
    """The agent for a task: the preferred if eligible, else by fit, load ratio, rest and id; None if nobody is."""
    opening = roster.opening(task.need)
    preferred = _preferred(roster, task)
    best = preferred.id if preferred else opening.best()
    return roster.agents[best] if best is not None else None


def explain_given(roster: Roster, task: Task, drawn: str | None = None) -> Explanation:
    """Why the task goes to the agent that `choose` names now. `drawn` says how the agent came upon it in the queue."""
    opening = roster.opening(task.need)
    ranked = _ranked(roster, opening, task)
    winner = ranked[0]
    skills = [_skill_words(winner, name, minimum) for name, minimum in task.need.skills]
    reason = _reason(task, roster, opening, ranked)
    parts = [*skills, f"{winner.load} of {winner.capacity} units in use", reason, *([drawn] if drawn else [])]
    return Explanation(
        f"Assigned to {_called(winner)}: {', '.join(parts)}.",
        _shown(roster, opening, task, ranked),
        roster.excluded(opening),
    )


def explain_forced(agent: Agent, by: str) -> Explanation:
    """A person decided: nobody was compared."""
    units = f"{agent.load} of {agent.capacity} units in use"
    return Explanation(f"Given to {_called(agent)} by {by}, whatever the rules say: {units}.", [], {})


def explain_waiting(roster: Roster, task: Task) -> Explanation:
    """Why nobody can take the task now."""
    opening = roster.opening(task.need)
    excluded = roster.excluded(opening)
    return Explanation(
        _waiting_words(task.need, len(roster.agents), excluded), _shown(roster, opening, task, []), excluded
    )


def _ranked(roster: Roster, opening: Opening, task: Task) -> list[Agent]:
    best = [roster.agents[i] for i in opening.first(SHOWN)]
    preferred = _preferred(roster, task)
    return [preferred, *(a for a in best if a.id != preferred.id)][:SHOWN] if preferred else best


def _preferred(roster: Roster, task: Task) -> Agent | None:
    agent = roster.agents.get(task.preferred) if task.preferred else None
    return agent if agent and agent.situation == "free" and task.need.met_by(agent.teams, agent.skills) else None


def _shown(roster: Roster, opening: Opening, task: Task, ranked: Sequence[Agent]) -> list[Candidate]:
    eligible = [_eligible(roster, opening, task, agent) for agent in ranked]
    if len(ranked) == SHOWN:
        return eligible
    taken = {agent.id for agent in ranked}
    near = [roster.agents[i] for i in roster.members.get(task.need.team, [])[:LOOKED_AT] if i not in taken]
    missed = [Candidate(agent=a.id, eligible=False, filters=_filters(a, task.need)) for a in near]
    missed.sort(key=lambda candidate: (sum(not f.passed for f in candidate.filters), candidate.agent))
    return [*eligible, *missed[: SHOWN - len(eligible)]]


def _eligible(roster: Roster, opening: Opening, task: Task, agent: Agent) -> Candidate:
    """As the opening showed the agent last, where nothing about it has changed since: most do not from task to task."""
    preferred = agent.id == task.preferred
    shown = opening.shown.get(agent.id)
    if shown is not None and shown.agent is agent and shown.preferred == preferred:
        return shown.candidate
    if len(opening.shown) >= REMEMBERED:
        opening.shown.clear()
    candidate = _compared(roster, task, agent, preferred=preferred)
    opening.shown[agent.id] = Shown(agent, preferred, candidate)
    return candidate


def _compared(roster: Roster, task: Task, agent: Agent, *, preferred: bool) -> Candidate:
    surplus, rare = task.need.fit(agent.skills, roster.rare)
    ratio, rested, _ = agent.standing
    scores: dict[str, Json] = {
        "preferred": preferred,
        "surplus": surplus,
        "rare_to_spare": rare,
        "load_ratio": round(ratio, 6),
        "rested_since": None if rested is NEVER else instant_text(rested),
    }
    return Candidate.made(agent=agent.id, eligible=True, filters=_filters(agent, task.need), scores=scores)


def _filters(agent: Agent, need: Need) -> list[Filter]:
    member = need.team in agent.teams
    skills = [f"{name} {agent.skills.get(name, 0)} of at least {minimum}" for name, minimum in need.skills]
    return [
        _filter("team", member, f"{'in' if member else 'not in'} team {need.team}"),
        _filter("skills", need.skilled(agent.skills), ", ".join(skills) or "none needed"),
        _filter("presence", agent.presence == "online", agent.presence),
        _filter("capacity", agent.load < agent.capacity, f"{agent.load} of {agent.capacity} units in use"),
    ]


@lru_cache(maxsize=4_096)
def _filter(name: str, passed: bool, detail: str) -> Filter:
    """The same few words stand in every decision: making them anew was most of its cost."""
    return Filter(name=name, passed=passed, detail=detail)


def _reason(task: Task, roster: Roster, opening: Opening, ranked: Sequence[Agent]) -> str:
    count = opening.counts["free"]
    if count == 1:
        return f"the only eligible agent in team {task.need.team}"
    return f"{_advantage(task, roster, *ranked[:2])} of {count} eligible agents in team {task.need.team}"


def _advantage(task: Task, roster: Roster, winner: Agent, second: Agent) -> str:
    if winner.id == task.preferred:
        return "the one who had this conversation last,"
    ours, theirs = ((*task.need.fit(a.skills, roster.rare), *a.standing) for a in (winner, second))
    words = (
        "the closest fit",
        "the fewest rare skills to spare",
        "the lowest load",
        "idle the longest" if winner.idle_since else "the longest without a new task",
        "the first by id",
    )
    return words[next(at for at, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1])]


def _waiting_words(need: Need, agents: int, excluded: dict[str, int]) -> str:
    if not agents:
        return "Waiting: the workspace has no agents yet."
    wanted = ", ".join(f"{name} at least {minimum}" for name, minimum in need.skills)
    words = {
        "team": f"not in team {need.team}",
        "skills": f"without the skills ({wanted})",
        "presence": "not online",
        "capacity": "with no free unit",
    }
    counts = ", ".join(f"{count} {words[name]}" for name, count in excluded.items())
    return f"Waiting: none of {agents} agent{'s' if agents > 1 else ''} can take it now: {counts}."


def _skill_words(agent: Agent, name: str, minimum: int) -> str:
    level = f"({agent.skills[name]} of at least {minimum})"
    return f"speaks {name.removeprefix('lang:')} {level}" if name.startswith("lang:") else f"knows {name} {level}"


def _called(agent: Agent) -> str:
    return agent.id if agent.name == agent.id else f"{agent.id} ({agent.name})"
