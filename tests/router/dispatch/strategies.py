"""Random histories of a workspace: what may happen, as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from schemas.values import PRIORITIES, WORK_CLASSES, Overflow, RelaxStep
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task
from services.router.dispatch.domain.work import Work

AGENTS = ("ali", "bea", "cem", "dov", "eva", "fay")
TASKS = tuple(f"c{number}" for number in range(14))
TEAMS = ("default", "care")
SKILLS = ("lang:en", "lang:fa", "billing")
CLASSES = ("chat", "chat", "mail", "call", "public")

teams = st.sets(st.sampled_from(TEAMS), min_size=1).map(sorted)
skills = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), max_size=3)
minimums = st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), max_size=2)
minutes = st.none() | st.integers(0, 3)
some_seconds = st.none() | st.integers(1, 40)
relaxation = st.lists(
    st.builds(
        RelaxStep,
        after_seconds=st.integers(1, 60),
        skills=st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 2), max_size=1),
        drop_skills=st.lists(st.sampled_from(SKILLS), max_size=1),
        add_teams=st.lists(st.sampled_from(TEAMS), max_size=1),
    ),
    max_size=2,
).map(lambda steps: tuple(sorted(steps, key=lambda step: step.after_seconds)))
overflow = st.none() | st.builds(
    Overflow,
    to_team=st.sampled_from(TEAMS),
    max_waiting=st.none() | st.integers(0, 2),
    max_wait_seconds=some_seconds,
)


@dataclass(frozen=True)
class Step:
    """One thing that happens, `later` seconds after the one before."""

    what: str
    who: str
    body: dict[str, Any]
    later: int


def _step(what: str, who: tuple[str, ...], **body: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    later = st.sampled_from((0, 0, 1, 1, 5, 30))
    return st.builds(Step, st.just(what), st.sampled_from(who), st.fixed_dictionaries(body), later)


queued = _step(
    "task_queued",
    TASKS,
    team=st.sampled_from(TEAMS),
    skills=minimums,
    priority=st.sampled_from(PRIORITIES),
    due=minutes,
    preferred=st.none() | st.sampled_from(AGENTS),
)
queued_with_conditions = _step(
    "task_queued",
    TASKS,
    team=st.sampled_from(TEAMS),
    skills=minimums,
    priority=st.sampled_from(PRIORITIES),
    due=minutes,
    preferred=st.none() | st.sampled_from(AGENTS),
    preferred_seconds=some_seconds,
    work_class=st.sampled_from(CLASSES),
    units=st.sampled_from((1, 1, 1, 2, 5)),
    relax=relaxation,
    offer_seconds=st.sampled_from((None, None, 5, 20)),
    overflow=overflow,
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
written_with_limits = _step(
    "agent_put",
    AGENTS,
    teams=teams,
    skills=skills,
    capacity=st.integers(1, 4),
    limits=st.dictionaries(st.sampled_from(WORK_CLASSES), st.integers(0, 2), max_size=1),
    call_blocks=st.booleans(),
    max_missed_offers=st.none() | st.integers(1, 2),
)
agent_with_limits = _step(
    "agent_put",
    AGENTS,
    teams=teams,
    skills=skills,
    capacity=st.integers(1, 4),
    limits=st.dictionaries(st.sampled_from(WORK_CLASSES), st.integers(0, 2), max_size=1),
)
deleted = _step("agent_deleted", AGENTS)
presence = _step("presence_set", AGENTS, status=st.sampled_from(("online", "online", "online", "away", "offline")))
advanced = _step("task_advanced", TASKS)
accepted = _step("offer_accepted", TASKS, earlier=st.integers(0, 6), as_agent=st.none() | st.sampled_from(AGENTS))
declined = _step("offer_declined", TASKS, reason=st.sampled_from((None, "busy")), as_agent=st.none())
claimed = _step(
    "task_claimed",
    TASKS,
    agent=st.sampled_from(AGENTS),
    taken_from=st.sampled_from((None, "holder", "ali")),
    over_capacity=st.booleans(),
)
forced = _step("task_forced", TASKS, agent=st.sampled_from((*AGENTS, "nobody")))
paused = _step("task_paused", TASKS)
resumed = _step("task_resumed", TASKS, seconds=some_seconds)
given_back = _step("tasks_given_back", AGENTS, seconds=some_seconds, passed=st.booleans())

steps = st.lists(
    st.one_of(queued, queued, queued, closed, closed, changed, written, presence, presence, deleted), max_size=60
)
all_steps = st.lists(
    st.one_of(
        *(queued_with_conditions,) * 5,
        *(closed, closed, changed, written_with_limits, presence, presence, deleted),
        *(
            advanced,
            advanced,
            accepted,
            accepted,
            declined,
            declined,
            claimed,
            forced,
            paused,
            paused,
            resumed,
            resumed,
        ),
        given_back,
    ),
    max_size=80,
)
event_steps = st.lists(
    st.one_of(
        *(queued_with_conditions,) * 4,
        *(closed, closed, changed, agent_with_limits, presence, presence, deleted),
    ),
    max_size=50,
)
staff = st.lists(written, min_size=1, max_size=4)
staff_with_limits = st.lists(written_with_limits, min_size=1, max_size=5)


def _all_online(staff: list[Step]) -> list[Step]:
    return [Step("presence_set", step.who, {"status": "online"}, 1) for step in staff]


histories = st.tuples(staff, steps).map(lambda parts: [*parts[0], *_all_online(parts[0]), *parts[1]])
event_histories = st.tuples(staff, event_steps).map(lambda parts: [*parts[0], *_all_online(parts[0]), *parts[1]])
full_histories = st.tuples(staff_with_limits, all_steps).map(
    lambda parts: [*parts[0], *_all_online(parts[0]), *parts[1]]
)


def task_of(step: Step, at: datetime) -> Task:
    """The task that a `task_queued` step brings."""
    body = step.body
    seconds = body.get("preferred_seconds")
    work = Work(body.get("work_class", "chat"), body.get("units", 1))
    return Task(
        step.who,
        TaskRequirement.of(body["team"], body["skills"], work),
        body["priority"],
        at,
        due_at=None if body["due"] is None else at + timedelta(minutes=body["due"]),
        preferred=body["preferred"],
        team=body["team"],
        preferred_until=at + timedelta(seconds=seconds) if seconds and body["preferred"] else None,
        relax=body.get("relax", ()),
        offer_seconds=body.get("offer_seconds"),
        overflow=body.get("overflow"),
    )


def agent_of(step: Step) -> Agent:
    """The agent that an `agent_put` step brings, offline."""
    body = step.body
    return Agent(
        step.who,
        step.who,
        frozenset(body["teams"]),
        body["skills"],
        body["capacity"],
        limits=body.get("limits", {}),
        call_blocks=body.get("call_blocks", False),
        max_missed_offers=body.get("max_missed_offers"),
    )
