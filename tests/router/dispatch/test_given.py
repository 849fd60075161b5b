"""What a person decides goes before skills and units."""

from datetime import UTC, datetime

from services.router.dispatch.domain.dispatcher import Dispatcher, Requeued, TaskAssigned
from services.router.dispatch.domain.values import Agent, Task, TaskRequirement

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
    need = TaskRequirement.of("default", {"lang:fa": 1})
    return Task(id=identity, need=need, priority="normal", due_at=None, queued_at=NOW, preferred=None)


def desk(*agents: Agent) -> Dispatcher:
    made = Dispatcher()
    for one in agents:
        made.put_agent(one, NOW)
    return made


def test_a_given_task_goes_to_an_agent_without_the_skill_and_beyond_capacity() -> None:
    here = desk(agent("ana"), agent("bo", skills={}, capacity=1))
    here.enqueue(task("t1"), NOW)
    here.force_assign("t1", "bo", "ana", NOW)
    here.enqueue(task("t2"), NOW)
    verdicts = here.force_assign("t2", "bo", "ana", NOW)
    assert [type(v) for v in verdicts] == [TaskAssigned]
    assert here.roster.agents["bo"].load == 2
    assert here.roster.agents["ana"].load == 0


def test_whoever_gave_a_task_away_takes_the_next_at_once() -> None:
    here = desk(agent("ana"), agent("bo", skills={}))
    here.enqueue(task("t1"), NOW)
    here.enqueue(task("t2"), NOW)
    given = here.force_assign("t1", "bo", "ana", NOW)
    assert [(v.task.id, v.agent) for v in given if isinstance(v, TaskAssigned)] == [("t1", "bo"), ("t2", "ana")]


def test_the_sentence_says_that_a_person_decided() -> None:
    here = desk(agent("ana"), agent("bo"))
    here.enqueue(task("t1"), NOW)
    (given,) = [v for v in here.force_assign("t1", "bo", "ana", NOW) if isinstance(v, TaskAssigned)]
    reason = given.explanation.reason
    assert (reason.kind, reason.by, reason.load, reason.capacity) == ("forced", "ana", 0, 1)


def test_a_waiting_task_can_be_given() -> None:
    here = desk(agent("bo", skills={}))
    here.enqueue(task("t1"), NOW)
    here.force_assign("t1", "bo", "ana", NOW)
    assert here.queue.tasks == {}


def test_an_agent_that_is_gone_gives_it_back_to_the_queue() -> None:
    here = desk(agent("ana"))
    here.enqueue(task("t1"), NOW)
    verdicts = here.force_assign("t1", "gone", "ana", NOW)
    assert isinstance(verdicts[0], Requeued)
    assert verdicts[0].agent == "gone"
    assert [v.agent for v in verdicts if isinstance(v, TaskAssigned)] == ["ana"]


def test_giving_to_whoever_has_it_changes_nothing() -> None:
    here = desk(agent("ana"))
    here.enqueue(task("t1"), NOW)
    assert here.force_assign("t1", "ana", "bo", NOW) == []
