"""The figures of `/ops`: exact, cheap at any volume, and without secrets."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from schemas.webhooks import DeliveryState
from services.console.overview import MAX_QUEUED, build_router
from services.domain.conversation_state import Contact
from services.platform.http.service import ServiceComponents
from services.records.accounts import ACCOUNT_CALLS, AccountCalls
from services.records.conversations import CONVERSATIONS, PERSONS
from services.records.counters import COUNTERS, CounterRecord, counter_id
from services.records.ledgers import CONSUMED_COUNTS, ConsumedCounts, ReceivedCounts, consumed_id
from services.records.subscriptions import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
    DeliveryRecord,
    EndpointState,
    endpoint_id,
)
from tests.rest import Rest, open_rest, problem_of

BASE = "/v1/workspaces/shop/overview"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest([ServiceComponents(routers=[build_router()])]) as found:
        for collection in (COUNTERS, PERSONS):
            found.store.collections[collection.name] = collection
        await found.workspace("shop")
        await found.workspace("other")
        yield found


def count(rest: Rest, workspace: str, partition: int, **recent: dict[str, int]) -> None:
    record = CounterRecord(workspace=workspace, partition=partition, version=1, **recent)  # type: ignore[arg-type] # which field it is, is the test's word
    rest.store.insert(COUNTERS, counter_id(partition, workspace), record)


async def test_messages_of_five_minutes_are_summed_over_partitions_and_of_this_workspace_alone(rest: Rest) -> None:
    now = int(rest.time_source.now().timestamp())
    count(rest, "shop", 0, recent_messages={str(now): 4_000, str(now - 295): 30, str(now - 310): 7_000})
    count(rest, "shop", 1, recent_messages={str(now - 60): 500})
    count(rest, "other", 0, recent_messages={str(now): 99})
    assert (await rest.request("GET", BASE)).json()["messages_in_5_minutes"] == 4_530


async def test_conversations_opened_stand_in_their_minute(rest: Rest) -> None:
    this_minute = int(rest.time_source.now().timestamp()) // 60 * 60
    opened = {str(this_minute): 2, str(this_minute - 60): 3, str(this_minute - 29 * 60): 1, str(this_minute - 1800): 50}
    count(rest, "shop", 0, recent_opened=opened)
    count(rest, "shop", 1, recent_opened={str(this_minute): 5})
    bars = (await rest.request("GET", BASE)).json()["opened_by_minute"]
    assert (len(bars), bars[0], bars[-2], bars[-1], sum(bars)) == (30, 1, 3, 7, 11)


async def test_a_workspace_where_nothing_was_counted_yet_has_zeros(rest: Rest) -> None:
    shown = (await rest.request("GET", BASE)).json()
    assert (shown["messages_in_5_minutes"], sum(shown["opened_by_minute"]), shown["longest_waiting"]) == (0, 0, [])


def conversation(rest: Rest, name: str, minutes_ago: float, **given: Any) -> None:
    at = rest.time_source.now() - timedelta(minutes=minutes_ago)
    fields: dict[str, Any] = {
        "id": name,
        "workspace": "shop",
        "key": "shop/telegram:main:1",
        "status": "waiting",
        "channel": "telegram",
        "account": "main",
        "surface": "private",
        "person": "telegram:main:1",
        "team": "default",
        "priority": "normal",
        "opened_at": at,
        "updated_at": at,
    }
    rest.store.insert(CONVERSATIONS, name, CONVERSATIONS.decode({**fields, **given}))


async def test_who_waits_longest_comes_first_and_who_does_not_wait_does_not_come(rest: Rest) -> None:
    conversation(rest, "short", 1)
    conversation(rest, "long", 90)
    conversation(rest, "with-an-agent", 200, status="assigned", agent="sara")
    conversation(rest, "elsewhere", 300, workspace="other")
    waiting = (await rest.request("GET", BASE)).json()["longest_waiting"]
    assert [one["id"] for one in waiting] == ["long", "short"]


async def test_customers_are_named_in_this_workspace_only(rest: Rest) -> None:
    for workspace, name in (("shop", "زهرا"), ("other", "Somebody else")):
        key = f"{workspace}/telegram:main:1"
        person = Contact(
            key=key, workspace=workspace, person="telegram:main:1", name=name, seen_at=rest.time_source.now()
        )
        rest.store.insert(PERSONS, key, person)
    answer = await rest.request("GET", f"{BASE}/customers?person=telegram:main:1&person=telegram:main:nobody")
    assert answer.json()["items"] == [{"person": "telegram:main:1", "name": "زهرا"}]


async def webhook(rest: Rest, name: str = "crm") -> None:
    body = {"url": "https://hooks.example/path?token=abc", "types": ["pasokh.conversation."]}
    answer = await rest.request("PUT", f"/v1/workspaces/shop/webhooks/{name}", body)
    assert answer.status_code == 201, answer.text


def owe(rest: Rest, number: int, line: str, state: DeliveryState = "pending") -> None:
    now = rest.time_source.now()
    record = DeliveryRecord(
        workspace="shop",
        webhook="crm",
        event=f"e{number}",
        type="pasokh.conversation.opened",
        endpoint=line,
        state=state,
        at=now,
        next_at=now,
        expires_at=now + timedelta(days=1),
    )
    rest.store.insert(WEBHOOK_DELIVERIES, f"shop/crm/e{number}", record)


async def test_a_webhook_tells_what_waits_and_that_it_fails_and_its_host_alone(rest: Rest) -> None:
    await webhook(rest)
    line = endpoint_id(0, "shop", "crm")
    later = rest.time_source.now() + timedelta(minutes=3)
    rest.store.insert(
        WEBHOOK_ENDPOINTS, line, EndpointState(workspace="shop", webhook="crm", failures=4, paused_until=later)
    )
    for number in range(3):
        owe(rest, number, line)
    owe(rest, 9, line, state="delivered")
    answer = await rest.request("GET", f"{BASE}/webhooks")
    [shown] = answer.json()["items"]
    assert (shown["queued"], shown["queued_more"], shown["failing"], shown["disabled"]) == (3, False, True, False)
    assert shown["host"] == "hooks.example"
    assert "token" not in answer.text


async def test_a_long_queue_is_counted_no_further_than_it_is_cheap(rest: Rest) -> None:
    await webhook(rest)
    line = endpoint_id(1, "shop", "crm")
    rest.store.insert(WEBHOOK_ENDPOINTS, line, EndpointState(workspace="shop", webhook="crm"))
    for number in range(MAX_QUEUED + 1):
        owe(rest, number, line)
    [shown] = (await rest.request("GET", f"{BASE}/webhooks")).json()["items"]
    assert (shown["queued"], shown["queued_more"], shown["failing"]) == (MAX_QUEUED, True, False)


async def test_a_webhook_that_is_gone_is_disabled_until_it_is_written_again(rest: Rest) -> None:
    await webhook(rest)
    version = int((await rest.request("GET", "/v1/workspaces/shop/webhooks/crm")).headers["etag"].strip('"'))
    rest.store.insert(
        WEBHOOK_ENDPOINTS, endpoint_id(0, "shop", "crm"), EndpointState(workspace="shop", webhook="crm", gone=version)
    )
    assert (await rest.request("GET", f"{BASE}/webhooks")).json()["items"][0]["disabled"] is True
    body = {"url": "https://hooks.example/new", "types": ["pasokh.conversation."]}
    assert (await rest.request("PUT", "/v1/workspaces/shop/webhooks/crm", body)).status_code == 200
    assert (await rest.request("GET", f"{BASE}/webhooks")).json()["items"][0]["disabled"] is False


@pytest.mark.parametrize("path", ["", "/webhooks", "/customers?person=telegram:main:1"])
async def test_a_key_of_another_workspace_sees_nothing(rest: Rest, path: str) -> None:
    foreign = await rest.key("read", workspace="other")
    problem_of(await rest.request("GET", f"{BASE}{path}", authorization=foreign), 404)
    problem_of(await rest.request("GET", f"{BASE}{path}", authorization="Bearer nobody"), 401)


async def connected(rest: Rest, workspace: str, account: str) -> None:
    body = {"credentials": {"bot_token": "1:a"}}
    answer = await rest.request("PUT", f"/v1/workspaces/{workspace}/accounts/{account}", body)
    assert answer.status_code == 201, answer.text


async def test_ledgers_are_those_of_this_workspaces_accounts_by_channel(rest: Rest) -> None:
    for workspace, account in (("shop", "telegram/b"), ("shop", "telegram/a"), ("other", "telegram/theirs")):
        await connected(rest, workspace, account)
    now = rest.time_source.now()
    counts = ReceivedCounts(received=9, published=7, rejected=1, failed=1)
    calls = AccountCalls(workspace="shop", channel="telegram", account="b", counts=counts, counted_since=now)
    rest.store.insert(ACCOUNT_CALLS, "shop/telegram:b", calls)
    for partition, new in enumerate((4, 2)):
        consumed = ConsumedCounts(
            workspace="shop",
            channel="telegram",
            account="b",
            since=now,
            consumed=new,
            new=new - partition,
            duplicates=partition,
        )
        rest.store.insert(CONSUMED_COUNTS, consumed_id(partition, "shop/telegram:b"), consumed)
    items = (await rest.request("GET", f"{BASE}/ledgers")).json()["items"]
    assert [(one["channel"], one["account"]) for one in items] == [("telegram", "a"), ("telegram", "b")]
    counted = {name: items[1][name] for name in ("received", "published", "rejected", "failed", "new", "duplicates")}
    assert counted == {"received": 9, "published": 7, "rejected": 1, "failed": 1, "new": 5, "duplicates": 1}
    assert [one["received"] for one in items] == [0, 9]


async def test_a_ledger_that_does_not_balance_says_what_is_missing(rest: Rest) -> None:
    await connected(rest, "shop", "telegram/a")
    calls = AccountCalls(
        workspace="shop", channel="telegram", account="a", counts=ReceivedCounts(received=3, published=1)
    )
    rest.store.insert(ACCOUNT_CALLS, "shop/telegram:a", calls)
    [shown] = (await rest.request("GET", f"{BASE}/ledgers")).json()["items"]
    assert (shown["balances"], shown["reason"], shown["params"]) == (False, "lost", {"count": 1})
    assert shown["detail"].endswith(" 2 activities are received, but neither published nor rejected nor failed.")
