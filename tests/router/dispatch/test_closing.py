"""At the end of the day what waits for an agent who is not there goes back; in the morning agents draw by what is due."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.business_calendar import Calendar
from services.records.tasks import QUEUES
from tests.fakes import START
from tests.router.dispatch.harness import DispatchHarness

DAY = Calendar(hours={"mon": [("08:00", "17:00")], "tue": [("08:00", "17:00")]})
LATE = Calendar(hours={"mon": [("08:00", "22:00")]})
CLOSING_AT = datetime(2026, 3, 2, 17, tzinfo=UTC)


@pytest.fixture
def office() -> DispatchHarness:
    return DispatchHarness()


async def close(office: DispatchHarness) -> list[str]:
    """The end of opening hours. Returns the conversations that are asked about, each with the reason."""
    office.now = office.queue_record().closing_at or office.now
    told = await office.fire("closing/shop", {"workspace": "shop"})
    return [
        f"{event.data['conversation']} {event.data['agent']} {event.data['reason']}"
        for event in told
        if event.type == "pasokh.command.return_task"
    ]


async def test_who_is_not_online_at_closing_gives_back_what_waits(office: DispatchHarness) -> None:
    office.configure("sales", "care", calendar=DAY)
    for agent in ("ali", "zoe"):
        await office.online(agent, capacity=2)
    for name in ("c1", "c2", "c3"):
        await office.queue(name)
    assert office.queue_record().closing_at == CLOSING_AT
    kept = [name for name in ("c1", "c2", "c3") if office.holder(name) == "ali"]
    await office.set_presence("ali", "away", open_work="keep")
    assert sorted(await close(office)) == [f"{name} ali day_ended" for name in kept]
    # Who works on keeps what they have; and the next end of the day is set.
    assert office.queue_record().closing_at == CLOSING_AT + timedelta(days=1)


async def test_only_the_teams_that_close_give_back(office: DispatchHarness) -> None:
    office.configure("sales", "care", calendar=DAY, calendars={"care": LATE})
    await office.online("ali", teams=["sales", "care"])
    await office.queue("c1", team="sales")
    await office.queue("c2", team="care")
    await office.set_presence("ali", "away", open_work="keep")
    assert await close(office) == ["c1 ali day_ended"]
    assert office.queue_record().closing_at == datetime(2026, 3, 2, 22, tzinfo=UTC)
    assert await close(office) == ["c1 ali day_ended", "c2 ali day_ended"]


async def test_a_workspace_without_hours_sets_no_timer(office: DispatchHarness) -> None:
    await office.queue("c1")
    assert [record for record in office.store.all(QUEUES) if record.closing_at is not None] == []


async def test_in_the_morning_agents_draw_up_to_capacity_by_what_is_due(office: DispatchHarness) -> None:
    await office.put_agent("ali", capacity=2)
    due = {"c1": None, "c2": 7200, "c3": 3600, "c4": 9000}
    for name, seconds in due.items():
        await office.queue(name, due_at=START + timedelta(seconds=seconds) if seconds else None)
    await office.set_presence("ali", "online")
    assert {name: office.holder(name) for name in due} == {"c1": None, "c2": "ali", "c3": "ali", "c4": None}
