"""Dispatch hears when a waiting conversation is due, as the promises that are open say."""

from datetime import timedelta

from schemas.routing import TaskChanged
from schemas.sla import Clock, ClockFact, TaskDueChanged
from schemas.values import instant_text
from tests.router.conversations.harness import ConversationsHarness


def started(house: ConversationsHarness, due: int, earliest: int | None) -> ClockFact:
    """A clock of the conversation that is due so many seconds from now, and the earliest of all that are open."""
    case, now = house.case(), house.driver.now
    at = {name: now + timedelta(seconds=seconds or 0) for name, seconds in (("due", due), ("earliest", earliest))}
    clock = Clock(metric="pickup", policy="p", target_seconds=due, started_at=now, due_at=at["due"], state="running")
    return ClockFact(
        conversation=case.id,
        key=case.key,
        workspace="w",
        metric="pickup",
        clock=clock,
        policy_version=1,
        earliest_due_at=None if earliest is None else at["earliest"],
        channel="telegram",
        account="main",
        surface="private",
        team=case.team,
        priority=case.priority,
    )


async def test_dispatch_hears_the_earliest_due_time_and_not_that_of_the_last_clock() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    assert await house.arrives("sla", "pasokh.sla.started", started(house, 60, 20)) == ["routing.task_changed"]
    changed = TaskChanged.model_validate(house.driver.sent[-1].data)
    assert (changed.due_at, changed.clear_due) == (house.driver.now + timedelta(seconds=20), False)
    await house.arrives("sla", "pasokh.sla.started", started(house, 60, None))
    assert house.driver.sent[-1].data["due_at"] == instant_text(house.driver.now + timedelta(seconds=60))


async def test_dispatch_hears_of_another_due_time_and_of_none_while_the_conversation_waits() -> None:
    house = ConversationsHarness()
    await house.customer(1)
    sooner, none = (TaskDueChanged(conversation=house.case().id, due_at=at) for at in (house.driver.now, None))
    for due_changed, undue in ((sooner, False), (none, True)):
        assert await house.arrives("commands", "pasokh.command.task_due_changed", due_changed) == [
            "routing.task_changed"
        ]
        changed = TaskChanged.model_validate(house.driver.sent[-1].data)
        assert (changed.due_at, changed.clear_due) == (due_changed.due_at, undue)
    await house.assign("sara")
    assert await house.arrives("commands", "pasokh.command.task_due_changed", sooner) == []
