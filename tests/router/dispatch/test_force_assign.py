"""A forced assignment ignores skills and capacity."""

from datetime import UTC, datetime

from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.outcomes import Requeued, Resumed, TaskAssigned
from services.router.dispatch.domain.requirement import TaskRequirement
from services.router.dispatch.domain.values import Agent, Task

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def agent(identity: str, **more: object) -> Agent:
    known: dict[str, object] = {
        "name": identity,
        "teams": frozenset({"default"}),
        "skills": {"lang:fa": 5},
        "capacity": 1,
        "presence": "online",
    }
    return Agent(identity, **{**known, **more})  # type: ignore[arg-type]  # a table of overrides


def task(identity: str) -> Task:
    requirement = TaskRequirement.of("default", {"lang:fa": 1})
    return Task(id=identity, requirement=requirement, priority="normal", due_at=None, queued_at=NOW, preferred=None)


def dispatcher_with(*agents: Agent) -> Dispatcher:
    dispatcher = Dispatcher()
    for one in agents:
        dispatcher.put_agent(one, NOW)
    return dispatcher


def test_a_forced_task_goes_to_an_agent_without_the_skill_and_beyond_capacity() -> None:
    dispatcher = dispatcher_with(agent("ana"), agent("bo", skills={}, capacity=1))
    dispatcher.enqueue(task("t1"), NOW)
    dispatcher.force_assign("t1", "bo", "ana", NOW)
    dispatcher.enqueue(task("t2"), NOW)
    outcomes = dispatcher.force_assign("t2", "bo", "ana", NOW)
    assert [type(v) for v in outcomes] == [TaskAssigned]
    assert dispatcher.agent_index.agents["bo"].load == 2
    assert dispatcher.agent_index.agents["ana"].load == 0


def test_an_agent_that_lost_a_task_pulls_the_next() -> None:
    dispatcher = dispatcher_with(agent("ana"), agent("bo", skills={}))
    dispatcher.enqueue(task("t1"), NOW)
    dispatcher.enqueue(task("t2"), NOW)
    outcomes = dispatcher.force_assign("t1", "bo", "ana", NOW)
    assert [(v.task.id, v.agent) for v in outcomes if isinstance(v, TaskAssigned)] == [("t1", "bo"), ("t2", "ana")]


def test_the_sentence_says_that_a_person_decided() -> None:
    dispatcher = dispatcher_with(agent("ana"), agent("bo"))
    dispatcher.enqueue(task("t1"), NOW)
    (assigned,) = [v for v in dispatcher.force_assign("t1", "bo", "ana", NOW) if isinstance(v, TaskAssigned)]
    reason = assigned.explanation.reason
    assert (reason.kind, reason.by, reason.load, reason.capacity) == ("forced", "ana", 0, 1)


def test_a_waiting_task_can_be_forced() -> None:
    dispatcher = dispatcher_with(agent("bo", skills={}))
    dispatcher.enqueue(task("t1"), NOW)
    dispatcher.force_assign("t1", "bo", "ana", NOW)
    assert dispatcher.queue.tasks == {}


def test_a_removed_agent_puts_the_task_back_into_the_queue() -> None:
    dispatcher = dispatcher_with(agent("ana"))
    dispatcher.enqueue(task("t1"), NOW)
    outcomes = dispatcher.force_assign("t1", "gone", "ana", NOW)
    assert isinstance(outcomes[0], Requeued)
    assert outcomes[0].agent == "gone"
    assert [v.agent for v in outcomes if isinstance(v, TaskAssigned)] == ["ana"]


def test_forcing_to_the_agent_that_has_it_changes_nothing() -> None:
    dispatcher = dispatcher_with(agent("ana"))
    dispatcher.enqueue(task("t1"), NOW)
    assert dispatcher.force_assign("t1", "ana", "bo", NOW) == []


def test_a_task_that_did_not_count_counts_again_for_the_agent_who_is_to_have_it_even_while_away() -> None:
    dispatcher = dispatcher_with(agent("ana"))
    dispatcher.enqueue(task("t1"), NOW)
    dispatcher.pause("t1", NOW)
    dispatcher.enqueue(task("t2"), NOW)
    dispatcher.put_agent(agent("ana", presence="away"), NOW)
    outcomes = dispatcher.force_assign("t1", "ana", "ana", NOW)
    assert [(type(v), v.agent, v.load) for v in outcomes if isinstance(v, Resumed)] == [(Resumed, "ana", 2)]
    assert dispatcher.force_assign("t1", "ana", "ana", NOW) == []
