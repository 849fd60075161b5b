"""The ledger of an account over REST, and on `/metrics`: what is on its way, and what only a loss explains."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from services.metrics.ledgers import LedgersCollector
from services.platform.bus.port import ProducerRecord
from services.platform.store.collections import ROWS, PartitionCheckpoint
from services.records.accounts import ACCOUNT_CALLS, AccountCalls
from services.records.ledgers import CONSUMED_COUNTS, ConsumedCounts, MissingContent, ReceivedCounts, consumed_id
from tests.rest import Rest, open_rest, problem_of

PATH = "/v1/workspaces/shop/accounts/telegram/main/ledger"
NOTHING = dict.fromkeys(("received", "published", "rejected", "failed", "consumed", "new", "duplicates"), 0) | {
    "refetched": 0,
    "dead_lettered": 0,
    "without_content": 0,
    "advice": "",
    "on_its_way": 0,
    "uncounted": 0,
    "lost": 0,
}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        await opened.request("PUT", PATH.removesuffix("/ledger"), {"credentials": {"bot_token": "1:a"}})
        yield opened


def ingest_counted(rest: Rest, **counts: Any) -> None:
    calls = AccountCalls(
        workspace="shop",
        channel="telegram",
        account="main",
        counts=ReceivedCounts(**counts),
        counted_since=rest.time_source.now(),
    )
    rest.store.insert(ACCOUNT_CALLS, "shop/telegram:main", calls)


def conversations_counted(rest: Rest, partition: int, offset: int, **counts: int) -> None:
    """A partition of conversations has read up to this offset, and counted this for the account."""
    now = rest.time_source.now()
    row = PartitionCheckpoint(seq=1, offsets={"inbound": offset}, decided_at=now)
    rest.store.insert(ROWS, f"conversations/{partition}", row)
    consumed = ConsumedCounts(workspace="shop", channel="telegram", account="main", since=now, **counts)
    rest.store.insert(CONSUMED_COUNTS, consumed_id(partition, "shop/telegram:main"), consumed)


async def in_the_log(rest: Rest, *partitions: int) -> None:
    rest.bus.on_publish = None
    await rest.bus.publish(
        [ProducerRecord("inbound", partition, "shop/telegram:main:1", b"{}") for partition in partitions]
    )


async def shown(rest: Rest) -> dict[str, Any]:
    answer = await rest.request("GET", PATH)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found.pop("channel"), found.pop("account")) == ("telegram", "main")
    return found


async def test_before_anything_came_in_all_is_zero_and_balances(rest: Rest) -> None:
    assert await shown(rest) == {**NOTHING, "since": None, "balances": True, "detail": ""}


async def test_both_sums_are_shown_over_all_partitions(rest: Rest) -> None:
    await in_the_log(rest, 0, 0, 0, 0, 1)
    ingest_counted(rest, received=8, published=5, rejected=2, failed=1)
    conversations_counted(rest, 0, 4, consumed=4, new=1, duplicates=1, refetched=2)
    conversations_counted(rest, 1, 1, consumed=1, dead_lettered=1)
    found = await shown(rest)
    assert found.pop("since") is not None
    assert found == {
        **NOTHING,
        "received": 8,
        "published": 5,
        "rejected": 2,
        "failed": 1,
        "consumed": 5,
        "new": 1,
        "duplicates": 1,
        "refetched": 2,
        "dead_lettered": 1,
        "balances": True,
        "detail": "",
    }


async def test_what_came_without_content_says_what_to_change_and_is_no_difference(rest: Rest) -> None:
    missing = MissingContent(count=3, last_at=rest.time_source.now(), advice="Give the rule another action.")
    await in_the_log(rest, 0, 0, 0)
    ingest_counted(rest, received=3, published=3, missing=missing)
    conversations_counted(rest, 0, 3, consumed=3, new=3)
    found = await shown(rest)
    assert (found["without_content"], found["balances"], found["detail"]) == (3, True, "")
    assert (
        found["advice"]
        == f"Give the rule another action. So far 3, the last on {missing.last_at:%Y-%m-%d} at {missing.last_at:%H:%M} UTC."
    )
    assert (
        'pasokh_ledger_activities{account="main",channel="telegram",term="without_content",workspace="shop"} 3.0'
        in await scraped(rest)
    )


async def test_what_the_log_still_holds_is_on_its_way(rest: Rest) -> None:
    await in_the_log(rest, 0, 1)
    ingest_counted(rest, received=2, published=2)
    conversations_counted(rest, 0, 1, consumed=1, new=1)
    found = await shown(rest)
    assert (found["on_its_way"], found["lost"], found["balances"]) == (1, 0, True)


async def test_what_is_missing_behind_the_end_of_the_log_is_lost(rest: Rest) -> None:
    await in_the_log(rest, 0)
    ingest_counted(rest, received=3, published=3)
    conversations_counted(rest, 0, 1, consumed=1, new=1)
    found = await shown(rest)
    assert (found["on_its_way"], found["lost"], found["balances"]) == (0, 2, False)
    assert found["detail"].startswith("2 activities are published, but not in the log")
    assert (found["reason"], found["params"]) == ("lost", {"count": 2})
    answer = await rest.request("GET", PATH, accept_language="fa")
    assert answer.json()["detail"].startswith("۲ فعالیت منتشر شده")
    assert (
        'pasokh_ledger_difference{account="main",channel="telegram",sum="lost",workspace="shop"} 2.0'
        in await scraped(rest)
    )


async def test_another_accounts_counts_are_not_in_it(rest: Rest) -> None:
    await in_the_log(rest, 0)
    conversations_counted(rest, 0, 1, consumed=1, new=1)
    other = ConsumedCounts(
        workspace="shop", channel="telegram", account="main2", since=rest.time_source.now(), consumed=9, new=9
    )
    rest.store.insert(CONSUMED_COUNTS, consumed_id(0, "shop/telegram:main2"), other)
    found = await shown(rest)
    assert (found["consumed"], found["uncounted"], found["balances"]) == (1, 1, True)


async def test_an_account_that_is_not_there_is_404_and_a_key_needs_read(rest: Rest) -> None:
    problem_of(await rest.request("GET", PATH.replace("main", "none")), 404)
    await rest.workspace("other")
    other = await rest.key("admin", workspace="other")
    problem_of(await rest.request("GET", PATH, authorization=other), 404)
    assert (await rest.request("GET", PATH, authorization=await rest.key("read"))).status_code == 200


async def scraped(rest: Rest) -> str:
    collector, registry = LedgersCollector(rest.store, rest.bus, rest.time_source), CollectorRegistry()
    registry.register(collector)
    await collector.refresh()
    return generate_latest(registry).decode()


async def test_terms_are_shown_by_account_on_metrics(rest: Rest) -> None:
    await in_the_log(rest, 0)
    conversations_counted(rest, 0, 1, consumed=1, duplicates=1)
    text = await scraped(rest)
    for term, value in {"received": 1, "published": 1, "consumed": 1, "duplicates": 1, "new": 0}.items():
        labels = f'account="main",channel="telegram",term="{term}",workspace="shop"'
        assert f"pasokh_ledger_activities{{{labels}}} {value}.0" in text
