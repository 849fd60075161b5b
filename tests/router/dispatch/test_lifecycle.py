"""Tasks and agents that come, change and go: assignments, returns to the queue, and the events of both."""

from datetime import timedelta

import pytest

from schemas.decision import Reason
from schemas.routing import Assigned, Unassigned
from services.records.decisions import DECISIONS
from tests.fakes import START
from tests.router.dispatch.harness import SHOP, DispatchHarness


@pytest.fixture
def office() -> DispatchHarness:
    return DispatchHarness()


async def test_assignment_is_emitted_on_the_person_key(office: DispatchHarness) -> None:
    await office.online("ali")
    (event,) = await office.queue("c1")
    assert event.type == "pasokh.assignment.assigned"
    assert event.partitionkey == f"{SHOP}/telegram:main:c1"
    assigned = Assigned.model_validate(event.data)
    assert (assigned.conversation, assigned.agent, assigned.team, assigned.at) == ("c1", "ali", "default", office.now)
    task = office.tasks()["c1"]
    assert (task.state, task.agent, task.assigned_at, task.decision) == (
        "assigned",
        "ali",
        office.now,
        assigned.decision,
    )
    assert office.agent("ali").load == 1


@pytest.mark.parametrize("free", [True, False])
async def test_task_queued_twice_is_one_task(office: DispatchHarness, free: bool) -> None:
    if free:
        await office.online("ali")
    await office.queue("c1")
    assert await office.queue("c1", priority="urgent") == []
    assert office.tasks()["c1"].priority == "normal"
    assert len(office.decisions("c1")) == 1
    assert [agent.load for agent in office.agents()] == ([1] if free else [])
    await office.change("c1", due_at=START.isoformat())
    assert (office.tasks()["c1"].priority, office.holder("c1")) == ("normal", "ali" if free else None)


async def test_closing_twice_frees_one_unit(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1")
    await office.queue("c2")
    await office.close("c1")
    await office.close("c1")
    assert office.agent("ali").load == 1
    assert set(office.tasks()) == {"c2"}


async def test_closed_while_waiting_is_never_assigned(office: DispatchHarness) -> None:
    await office.queue("c1")
    await office.close("c1")
    await office.online("ali")
    assert office.assignments == []
    assert office.agent("ali").load == 0


async def test_reopened_conversation_is_a_new_task(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1")
    await office.close("c1")
    await office.queue("c1", preferred="ali")
    assert [event.type for event in office.assignments] == ["pasokh.assignment.assigned"] * 2
    assert office.agent("ali").load == 1


async def test_lowered_capacity_keeps_what_is_held_and_takes_no_more(office: DispatchHarness) -> None:
    await office.online("ali", capacity=3)
    for name in ("c1", "c2", "c3"):
        await office.queue(name)
    await office.put_agent("ali", capacity=1)
    await office.queue("c4")
    await office.close("c1")
    await office.close("c2")
    assert office.holder("c4") is None
    await office.close("c3")
    assert office.holder("c4") == "ali"
    assert office.agent("ali").load == 1


@pytest.mark.parametrize("status", ["away", "offline"])
async def test_absent_agent_keeps_its_tasks_and_gets_no_new(office: DispatchHarness, status: str) -> None:
    await office.online("ali")
    await office.queue("c1")
    await office.set_presence("ali", status)
    await office.queue("c2")
    assert office.holder("c1") == "ali"
    assert office.holder("c2") is None
    await office.close("c1")
    assert office.agent("ali").load == 0
    assert office.agent("ali").idle_since is None
    assert office.holder("c2") is None


async def test_deleted_agents_tasks_return_to_their_old_place(office: DispatchHarness) -> None:
    await office.online("ali", capacity=2)
    await office.queue("c1")
    await office.queue("c2")
    await office.queue("c3")
    before = len(office.assignments)
    assert (await office.delete_agent("ali")).status == "applied"
    returned = [Unassigned.model_validate(event.data) for event in office.assignments[before:]]
    assert [event.type for event in office.assignments[before:]] == ["pasokh.assignment.unassigned"] * 2
    assert [(one.conversation, one.agent) for one in returned] == [("c1", "ali"), ("c2", "ali")]
    assert office.agents() == []
    await office.online("zoe", capacity=1)
    assert office.holder("c1") == "zoe", "c1 came first"


async def test_deleted_agents_tasks_go_to_whoever_is_free(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1")
    await office.online("zoe")
    before = len(office.assignments)
    await office.delete_agent("ali")
    assert [event.type for event in office.assignments[before:]] == [
        "pasokh.assignment.unassigned",
        "pasokh.assignment.assigned",
    ]
    assert office.holder("c1") == "zoe"


async def test_task_moved_to_another_team_leaves_its_agent(office: DispatchHarness) -> None:
    await office.online("ali", capacity=1)
    await office.online("zoe", teams=["care"])
    await office.queue("c1")
    await office.queue("c2")
    emitted = await office.change("c1", team="care")
    assert [(event.type.rsplit(".", 1)[1], event.data["agent"]) for event in emitted] == [
        ("unassigned", "ali"),
        ("assigned", "zoe"),
        ("assigned", "ali"),
    ]
    assert (office.holder("c1"), office.holder("c2")) == ("zoe", "ali")
    assert (office.agent("ali").load, office.agent("zoe").load) == (1, 1)


async def test_change_of_an_assigned_task_leaves_it_where_it_is(office: DispatchHarness) -> None:
    await office.online("ali")
    await office.queue("c1")
    assert await office.change("c1", priority="urgent", due_at=START.isoformat()) == []
    assert await office.change("unknown", priority="urgent") == []
    assert office.holder("c1") == "ali"
    assert office.tasks()["c1"].due_at == START


async def test_waiting_is_decided_once_per_queueing(office: DispatchHarness) -> None:
    await office.queue("c1")
    for name in ("c2", "c3"):
        await office.queue(name)
    await office.change("c1", priority="high")
    await office.put_agent("ali")
    assert [one.outcome for one in office.decisions("c1")] == ["waiting"]
    await office.set_presence("ali", "online")
    assert [one.outcome for one in office.decisions("c1")] == ["waiting", "assigned"]


async def test_workspaces_do_not_share_agents(office: DispatchHarness) -> None:
    await office.online("ali")
    event = office.event("task_queued", office.task("c1", workspace="other"))
    await office.handle(event.model_copy(update={"workspace": "other", "partitionkey": "other"}))
    assert office.holder("c1") is None
    assert office.store.all(DECISIONS)[0].reason == Reason(kind="waiting", team="default")


async def test_workspace_is_read_when_it_first_appears_and_not_again(office: DispatchHarness) -> None:
    await office.online("ali")
    queries = office.store.queries
    await office.queue("c1")
    assert office.store.queries == queries
    office.restart()
    await office.queue("c2")
    assert office.store.queries > queries


async def test_room_larger_than_a_page_is_read_whole() -> None:
    office = DispatchHarness(fifo_reserve_interval=10_000)
    urgency = ["normal"] * 2000 + ["urgent"] * 500
    tasks = [office.task(f"c{number:04}", priority=priority) for number, priority in enumerate(urgency)]
    await office.handle(*[office.event("task_queued", task) for task in tasks])
    office.restart()
    await office.online("ali", capacity=1000)
    held = sorted(c for c, task in office.tasks().items() if task.agent)
    assert len(held) == office.agent("ali").load == 1000
    assert held == [f"c{number:04}" for number in (*range(500), *range(2000, 2500))]


async def test_time_of_the_queue_is_kept_in_microseconds(office: DispatchHarness) -> None:
    later = START + timedelta(microseconds=2)
    await office.queue("a", queued_at=later)
    await office.queue("b", queued_at=later - timedelta(microseconds=1))
    office.restart()
    await office.online("ali", capacity=1)
    assert office.holder("b") == "ali"
