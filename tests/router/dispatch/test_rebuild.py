"""Memory may be lost between any two batches: events and documents stay the same, byte for byte."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.configuration import AgentBody
from schemas.envelope import Event, encode
from schemas.values import Requirement
from tests.examples import examples
from tests.router.dispatch.harness import DispatchHarness, assignments
from tests.router.dispatch.strategies import Step, event_histories, histories, task_of


def _event(office: DispatchHarness, step: Step) -> Event:
    return office.event(
        step.what, {"task": _task, "agent": _agent, "presence": _presence}[step.what.split("_")[0]](office, step)
    )


def _task(office: DispatchHarness, step: Step) -> dict[str, Any]:
    body, named = step.body, office.named(step.who)
    if step.what == "task_queued":
        task = task_of(step, office.now)
        skills, due = body["skills"], task.due_at
        more = {
            name: body[name] for name in ("preferred_seconds", "work_class", "units", "offer_seconds") if name in body
        }
        return office.task(
            step.who,
            skills,
            team=body["team"],
            priority=task.priority,
            due_at=due,
            preferred=task.preferred,
            relax=list(task.relax),
            overflow=task.overflow,
            **more,
        )
    if step.what == "task_closed":
        return {**named, "at": office.now.isoformat()}
    requirement = None if body["skills"] is None else Requirement(skills=body["skills"]).model_dump()
    return {**named, "team": body["team"], "priority": body["priority"], "requirement": requirement}


def _agent(office: DispatchHarness, step: Step) -> dict[str, Any]:
    if step.what == "agent_deleted":
        return {"agent": step.who}
    return {"agent": step.who, "body": AgentBody(name=step.who, **step.body).model_dump(mode="json")}


def _presence(office: DispatchHarness, step: Step) -> dict[str, Any]:
    return {"agent": step.who, "status": step.body["status"]}


@given(history=st.one_of(histories, event_histories), sizes=st.lists(st.integers(1, 4), min_size=1, max_size=5))
@examples(60)
async def test_lost_memory_changes_nothing(history: list[Step], sizes: list[int]) -> None:
    steady, forgetful = DispatchHarness(fifo_reserve_interval=3), DispatchHarness(fifo_reserve_interval=3)
    rest, void = list(history), dict[str, int]()
    while rest:
        size = sizes[len(rest) % len(sizes)]
        batch, rest = rest[:size], rest[size:]
        forgetful.restart()
        before = len(steady.assignments)
        for office in (steady, forgetful):
            await office.advance(batch[0].later)
            await office.handle(*[_event(office, step) for step in batch], seconds=0)
        assert [encode(event) for event in steady.sent] == [encode(event) for event in forgetful.sent]
        assert steady.store.documents == forgetful.store.documents
        for name in (step.who for step in batch if step.what == "task_closed"):
            task = steady.tasks().get(name)
            void[name] = before if task and task.agent else len(steady.assignments)
        check_documents(steady, void)


def check_documents(office: DispatchHarness, void: Mapping[str, int]) -> None:
    """Loads are the numbers of assigned tasks, and the emitted assignments that were not taken back are the tasks' agents.

    A task that is closed ends its assignment without an event: of a conversation, only events from position `void` on count.
    """
    tasks = office.tasks()
    assert all((task.state in ("assigned", "offered")) == (task.agent is not None) for task in tasks.values())
    assert all((task.state == "offered") == (task.offer is not None) for task in tasks.values())
    loads: dict[str, Counter[str]] = {agent.id: Counter() for agent in office.agents()}
    for task in tasks.values():
        if task.agent is not None:
            loads[task.agent][task.work_class] += task.units
    assert {agent.id: agent.loads for agent in office.agents()} == loads
    agents: dict[str, str | None] = {}
    last: dict[str, int] = {}
    for position, event in enumerate(office.assignments):
        conversation, agent = str(event.data["conversation"]), str(event.data["agent"])
        is_unassigned = event.type.endswith((".unassigned", ".offer_ended")) and event.data.get("why") != "accepted"
        assert not is_unassigned or agents[conversation] == agent, "only an assigned task is unassigned"
        agents[conversation] = None if is_unassigned else agent
        last[conversation] = position
    assigned = {c: agents.get(c) if last.get(c, -1) >= void.get(c, 0) else None for c in tasks}
    assert assigned == {c: task.agent for c, task in tasks.items()}


@given(history=histories)
@examples(60)
async def test_each_task_is_assigned_at_most_once_per_queueing(history: list[Step]) -> None:
    office, open_queueings = DispatchHarness(), dict[str, int]()
    for step in history:
        before = set(office.tasks())
        emitted = await office.handle(_event(office, step))
        if step.what == "task_queued" and step.who not in before:
            open_queueings[step.who] = 1
        for event in assignments(emitted):
            conversation = str(event.data["conversation"])
            open_queueings[conversation] = open_queueings.get(conversation, 0) + (
                1 if event.type.endswith(".unassigned") else -1
            )
            assert open_queueings[conversation] >= 0
