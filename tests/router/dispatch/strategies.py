"""Random histories of a workspace: what may happen, as values."""

import random
from collections.abc import Callable
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
# Mostly none, so that most tasks find somebody.
few_minimums: st.SearchStrategy[dict[str, int]] = (
    st.just({}) | st.just({}) | st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 2), max_size=1)
)
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
    skills=few_minimums,
    priority=st.sampled_from(PRIORITIES),
    due=minutes,
    preferred=st.none() | st.sampled_from(AGENTS),
    preferred_seconds=some_seconds,
    work_class=st.sampled_from(CLASSES),
    units=st.sampled_from((1, 1, 1, 1, 2, 5)),
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
set_aside = _step(
    "task_set_aside",
    TASKS,
    team=st.sampled_from(TEAMS),
    skills=few_minimums,
    priority=st.just("normal"),
    due=minutes,
    preferred=st.none(),
)
closed = _step("task_closed", TASKS)
written = _step("agent_put", AGENTS, teams=teams, skills=skills, capacity=st.integers(1, 3))
written_with_limits = _step(
    "agent_put",
    AGENTS,
    teams=teams,
    skills=skills,
    capacity=st.integers(1, 4),
    limits=st.just({}) | st.dictionaries(st.sampled_from(WORK_CLASSES), st.integers(0, 2), max_size=1),
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
given_back = _step("tasks_given_back", AGENTS, seconds=some_seconds, missed=st.booleans())

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
        set_aside,
    ),
    min_size=25,
    max_size=80,
)
event_steps = st.lists(
    st.one_of(
        *(queued_with_conditions,) * 4,
        *(closed, closed, changed, agent_with_limits, presence, presence, deleted),
    ),
    min_size=15,
    max_size=50,
)
staff = st.lists(written, min_size=1, max_size=4)
staff_with_limits = st.lists(written_with_limits, min_size=2, max_size=5)


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


def random_step(chance: random.Random) -> Step:
    """One of all steps, for histories longer than Hypothesis draws."""
    what = chance.choices(
        (
            *("task_queued", "task_closed", "task_advanced", "offer_accepted", "offer_declined", "task_paused"),
            *("task_resumed", "presence_set", "agent_put", "task_changed", "task_claimed", "task_forced"),
            *("tasks_given_back", "agent_deleted", "task_set_aside"),
        ),
        (30, 14, 12, 6, 4, 8, 8, 8, 3, 4, 3, 1, 2, 1, 2),
    )[0]
    who = chance.choice(AGENTS if what in ("presence_set", "agent_put", "tasks_given_back", "agent_deleted") else TASKS)
    return Step(what, who, _RANDOM_BODIES.get(what, _empty)(chance), chance.choice((0, 0, 1, 1, 5, 30)))


def _empty(chance: random.Random) -> dict[str, Any]:
    return {}


def _random_task(chance: random.Random) -> dict[str, Any]:
    steps = [
        RelaxStep(after_seconds=after, skills={chance.choice(SKILLS): 1}, drop_skills=[chance.choice(SKILLS)])
        for after in sorted(chance.sample(range(1, 60), chance.choice((0, 0, 1, 2))))
    ]
    if steps and chance.random() < 0.5:
        steps[-1] = steps[-1].model_copy(update={"add_teams": [chance.choice(TEAMS)]})
    overflow = Overflow(
        to_team=chance.choice(TEAMS),
        max_waiting=chance.choice((None, 0, 2)),
        max_wait_seconds=chance.choice((None, 40)),
    )
    return {
        "team": chance.choice(TEAMS),
        "skills": {name: chance.randint(1, 2) for name in SKILLS if chance.random() < 0.15},
        "priority": chance.choice(PRIORITIES),
        "due": chance.choice((None, 1, 2)),
        "preferred": chance.choice((None, *AGENTS)),
        "preferred_seconds": chance.choice((None, 20)),
        "work_class": chance.choice(CLASSES),
        "units": chance.choice((1, 1, 1, 2, 3)),
        "relax": tuple(steps),
        "offer_seconds": chance.choice((None, 5, 20)),
        "overflow": chance.choice((None, None, overflow)),
    }


def _random_agent(chance: random.Random) -> dict[str, Any]:
    return {
        "teams": chance.sample(TEAMS, chance.randint(1, 2)),
        "skills": {name: chance.randint(1, 3) for name in SKILLS if chance.random() < 0.5},
        "capacity": chance.randint(1, 4),
        "limits": {chance.choice(WORK_CLASSES): chance.randint(0, 2)} if chance.random() < 0.3 else {},
        "call_blocks": chance.random() < 0.3,
        "max_missed_offers": chance.choice((None, 2)),
    }


_RANDOM_BODIES: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "task_queued": _random_task,
    "task_set_aside": _random_task,
    "agent_put": _random_agent,
    "presence_set": lambda chance: {"status": chance.choice(("online", "online", "online", "away", "offline"))},
    "task_changed": lambda chance: {
        "team": chance.choice((None, None, *TEAMS)),
        "skills": chance.choice((None, {}, {chance.choice(SKILLS): 1})),
        "priority": chance.choice((None, *PRIORITIES)),
        "due": chance.choice((None, 1, 3)),
    },
    "offer_accepted": lambda chance: {"earlier": chance.choice((0, 0, 6)), "as_agent": None},
    "offer_declined": lambda chance: {"reason": chance.choice((None, "busy")), "as_agent": None},
    "task_claimed": lambda chance: {
        "agent": chance.choice(AGENTS),
        "taken_from": chance.choice((None, "holder")),
        "over_capacity": chance.random() < 0.3,
    },
    "task_forced": lambda chance: {"agent": chance.choice((*AGENTS, "nobody"))},
    "task_resumed": lambda chance: {"seconds": chance.choice((None, 20))},
    "tasks_given_back": lambda chance: {"seconds": chance.choice((None, 20)), "missed": chance.random() < 0.5},
}
