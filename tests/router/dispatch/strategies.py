"""Random histories of a workspace: what may happen, as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from schemas.values import PRIORITIES
from services.router.dispatch.domain.values import Agent, Task, TaskRequirement

AGENTS = ("ali", "bea", "cem", "dov", "eva", "fay")
TASKS = tuple(f"c{number}" for number in range(14))
TEAMS = ("default", "care")
SKILLS = ("lang:en", "lang:fa", "billing")

teams = st.sets(st.sampled_from(TEAMS), min_size=1).map(sorted)
skills = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), max_size=3)
minimums = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), max_size=2)
minutes = st.none() | st.integers(0, 3)


@dataclass(frozen=True)
class Step:
    """One thing that happens, `later` seconds after the one before."""

    what: str
    who: str
    body: dict[str, Any]
    later: int


def _step(what: str, who: tuple[str, ...], **body: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(what), st.sampled_from(who), st.fixed_dictionaries(body), st.integers(0, 1))


queued = _step(
    "task_queued",
    TASKS,
    team=st.sampled_from(TEAMS),
    skills=minimums,
    priority=st.sampled_from(PRIORITIES),
    due=minutes,
    preferred=st.none() | st.sampled_from(AGENTS),
)
changed = _step(
    "task_changed",
    TASKS,
    team=st.none() | st.sampled_from(TEAMS),
    skills=st.none() | minimums,
    priority=st.none() | st.sampled_from(PRIORITIES),
    due=minutes,
)
closed = _step("task_closed", TASKS)
written = _step("agent_put", AGENTS, teams=teams, skills=skills, capacity=st.integers(1, 3))
deleted = _step("agent_deleted", AGENTS)
presence = _step("presence_set", AGENTS, status=st.sampled_from(("online", "online", "online", "away", "offline")))
steps = st.lists(
    st.one_of(queued, queued, queued, closed, closed, changed, written, presence, presence, deleted), max_size=60
)
staff = st.lists(written, min_size=1, max_size=4)
histories = st.tuples(staff, steps).map(lambda parts: [*parts[0], *_all_online(parts[0]), *parts[1]])


def _all_online(staff: list[Step]) -> list[Step]:
    return [Step("presence_set", step.who, {"status": "online"}, 1) for step in staff]


def task_of(step: Step, at: datetime) -> Task:
    """The task that a `task_queued` step brings."""
    body = step.body
    due = None if body["due"] is None else at + timedelta(minutes=body["due"])
    return Task(
        step.who, TaskRequirement.of(body["team"], body["skills"]), body["priority"], at, due, body["preferred"]
    )


def agent_of(step: Step) -> Agent:
    """The agent that an `agent_put` step brings, offline."""
    return Agent(step.who, step.who, frozenset(step.body["teams"]), step.body["skills"], step.body["capacity"])
