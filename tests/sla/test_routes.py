"""Clocks over REST: every run, oldest first, with the fields of the contract."""

from dataclasses import replace
from datetime import timedelta

from schemas.sla import ClockMetric
from services.records.clocks import CLOCKS, ClockRecord, clock_id
from services.records.conversations import CONVERSATIONS
from tests.fakes import START
from tests.rest import open_rest
from tests.router.test_routes import conversation


def clock(metric: ClockMetric, minute: int) -> ClockRecord:
    return ClockRecord(
        metric=metric,
        policy="p",
        target_seconds=60,
        started_at=START + timedelta(minutes=minute),
        due_at=START + timedelta(minutes=minute + 1),
        state="running",
        conversation="c1",
        workspace="shop",
        key="shop/telegram:main:7",
        partition=0,
        policy_version=1,
        channel="telegram",
        account="main",
        surface="private",
        team="default",
        priority="normal",
    )


async def test_clocks_are_listed_oldest_first_without_what_is_ours() -> None:
    async with open_rest() as rest:
        await rest.workspace()
        rest.store.insert(CONVERSATIONS, "c1", conversation("c1"))
        rest.store.insert(CLOCKS, clock_id("c1", "resolution", 1), clock("resolution", 1))
        rest.store.insert(CLOCKS, clock_id("c1", "pickup", 1), clock("pickup", 0))
        items = (await rest.request("GET", "/v1/workspaces/shop/conversations/c1/clocks")).json()["items"]
    assert [item["metric"] for item in items] == ["pickup", "resolution"]
    fields = ("metric", "policy", "target_seconds", "started_at", "due_at", "state", "stopped_at", "late_by_seconds")
    assert set(items[0]) == set(fields)


async def test_an_answer_on_its_way_after_a_breach_is_shown_as_late_as_it_stopped() -> None:
    late = replace(clock("pickup", 0), state="breached", due_at=START, stopped_at=START + timedelta(seconds=3))
    async with open_rest() as rest:
        await rest.workspace()
        rest.store.insert(CONVERSATIONS, "c1", conversation("c1"))
        rest.store.insert(CLOCKS, clock_id("c1", "pickup", 1), late)
        [item] = (await rest.request("GET", "/v1/workspaces/shop/conversations/c1/clocks")).json()["items"]
    assert (item["state"], item["late_by_seconds"]) == ("breached", 3.0)
