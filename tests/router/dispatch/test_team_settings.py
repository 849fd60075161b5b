"""What the settings of a workspace and its teams make of tasks: their units, calls that block, and limits of queues."""

from typing import Any

import pytest

from tests.router.dispatch.harness import DispatchHarness

UNITS = {"work_units": {"call": 3, "public": 2}}


@pytest.fixture
def office() -> DispatchHarness:
    return DispatchHarness()


@pytest.mark.parametrize(
    ("team", "task", "load"),
    [
        ("sales", {}, 1),
        ("sales", {"surface": "public"}, 2),
        ("sales", {"work_class": "call"}, 3),
        ("sales", {"channel": "email"}, 1),
        ("care", {"work_class": "call"}, 1),
        ("care", {"channel": "email"}, 2),
        ("sales", {"work_class": "call", "units": 4}, 4),
    ],
)
async def test_a_task_takes_the_units_of_its_class_and_team(
    office: DispatchHarness, team: str, task: dict[str, Any], load: int
) -> None:
    office.configure("sales", "care", settings=UNITS, teams_settings={"care": {"work_units": {"mail": 2}}})
    await office.online("ali", teams=["sales", "care"], capacity=9)
    await office.queue("c1", team=team, **task)
    assert (office.tasks()["c1"].units, office.agent("ali").load) == (load, load)


async def test_a_task_that_moves_takes_the_units_of_its_new_team(office: DispatchHarness) -> None:
    office.configure("sales", "care", teams_settings={"care": {"work_units": {"chat": 3}}})
    await office.online("ali", teams=["sales", "care"], capacity=4)
    await office.queue("c1", team="sales")
    assert office.agent("ali").load == 1
    await office.change("c1", team="care")
    assert (office.tasks()["c1"].agent, office.agent("ali").load) == ("ali", 3)
    # Two units do not fit beside them, one does.
    await office.queue("c2", team="care")
    await office.queue("c3", team="sales")
    assert {name: task.agent for name, task in office.tasks().items()} == {"c1": "ali", "c2": None, "c3": "ali"}


async def test_a_change_of_units_leaves_what_is_queued_as_it_was(office: DispatchHarness) -> None:
    await office.online("ali", teams=["sales"], capacity=4)
    await office.queue("c1", team="sales")
    office.configure("sales", "care", settings={"work_units": {"chat": 2}})
    await office.queue("c2", team="sales")
    assert ([task.units for task in office.tasks().values()], office.agent("ali").load) == ([1, 2], 3)


@pytest.mark.parametrize(
    ("settings", "own", "blocks"),
    [
        ({}, {}, False),
        ({"call_blocks": True}, {}, True),
        ({"call_blocks": True}, {"call_blocks": False}, False),
        ({}, {"call_blocks": True}, True),
    ],
)
async def test_a_call_blocks_chats_where_the_workspace_or_the_team_says_so(
    office: DispatchHarness, settings: dict[str, Any], own: dict[str, Any], blocks: bool
) -> None:
    office.configure("sales", "care", settings=settings, teams_settings={"sales": own})
    await office.online("ali", teams=["sales"], capacity=4)
    await office.queue("c1", team="sales", work_class="call")
    await office.queue("c2", team="sales")
    await office.queue("c3", team="sales", channel="email")
    agents = [office.tasks()[name].agent for name in ("c1", "c2", "c3")]
    assert agents == ["ali", None if blocks else "ali", "ali"]


async def test_calls_that_block_do_so_from_the_next_task_on(office: DispatchHarness) -> None:
    await office.online("ali", teams=["sales"], capacity=4)
    await office.queue("c1", team="sales", work_class="call")
    office.configure("sales", "care", settings={"call_blocks": True})
    await office.queue("c2", team="sales")
    assert office.tasks()["c2"].agent is None


async def test_a_full_queue_is_open_to_the_team_that_helps(office: DispatchHarness) -> None:
    limits = {"overflow": {"to_team": "care", "max_waiting": 1}}
    office.configure("sales", "care", teams_settings={"sales": limits})
    await office.online("bea", teams=["care"], capacity=9)
    for name in ("c1", "c2", "c3"):
        await office.queue(name, team="sales")
    await office.queue("c4", team="default")
    assert [office.tasks()[f"c{number}"].agent for number in (1, 2, 3, 4)] == [None, "bea", "bea", None]
    assert office.tasks()["c2"].team == "sales"


async def test_a_long_wait_opens_a_task_to_the_team_that_helps(office: DispatchHarness) -> None:
    limits = {"overflow": {"to_team": "care", "max_wait_seconds": 120}}
    office.configure("sales", "care", teams_settings={"sales": limits})
    await office.online("bea", teams=["care"])
    await office.queue("c1", team="sales")
    office.now = office.tasks()["c1"].next_change_at or office.now
    await office.fire("task/c1", {"workspace": "shop", "conversation": "c1"})
    assert office.tasks()["c1"].agent == "bea"


async def test_a_task_that_moves_leaves_the_limits_of_its_first_queue(office: DispatchHarness) -> None:
    limits = {"overflow": {"to_team": "default", "max_waiting": 0}}
    office.configure("sales", "care", teams_settings={"sales": limits})
    await office.queue("c1", team="sales")
    assert office.tasks()["c1"].overflowed
    await office.change("c1", team="care")
    await office.online("dan", teams=["default"])
    assert (office.tasks()["c1"].agent, office.tasks()["c1"].overflow) == (None, None)
