"""A data folder of version 5 comes up under the stored names of version 6 with everything in it as it was."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.platform.store.collections import DEAD_LETTERS, TIMERS
from services.records.accounts import ACCOUNT_CHECKS
from services.records.clocks import CLOCK_SCHEDULES, SLA_STATES
from services.records.conversations import ACTIVITIES, MOVED_CHATS, PERSONS
from services.records.counters import COUNTED, METRICS_STATES
from services.records.subscriptions import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS
from tests.migrations.folder import expected_answers, known_fields, left_collections
from tests.migrations.harness import BASE, Migrated, open_migrated, unread_fields

STOPPED_AT = datetime(2026, 11, 28, 9, 32, 3, tzinfo=UTC)


@pytest.fixture
async def migrated(tmp_path: Path) -> AsyncIterator[Migrated]:
    async with open_migrated(tmp_path, 5, STOPPED_AT) as opened:
        yield opened


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("clock_watches", SLA_STATES.name),
        ("clock_agendas", CLOCK_SCHEDULES.name),
        ("counted_cases", METRICS_STATES.name),
        ("webhook_lines", WEBHOOK_ENDPOINTS.name),
        ("moved_places", MOVED_CHATS.name),
    ],
)
async def test_documents_rest_unchanged_in_collections_of_other_names(migrated: Migrated, old: str, new: str) -> None:
    assert migrated.before[old]
    assert (migrated.now[new], migrated.now[old]) == (migrated.before[old], {})
    assert old in left_collections()


async def test_timers_have_their_new_names_and_those_that_deleted_old_documents_are_gone(migrated: Migrated) -> None:
    assert set(migrated.now[TIMERS.name]) == {
        "collector/0/check",
        "collector/1/check",
        "conversations/0/watermark/2026-11-28T09:32:01.800000Z",
        "sla/0/clocks_due",
        "webhooks/0/endpoint/0/shop/crm",
    }
    for identity, timer in migrated.now[TIMERS.name].items():
        assert identity == f"{timer['group']}/{timer['partition']}/{timer['name']}"
    before = {(one["partition"], one["due_at"]) for one in migrated.before[TIMERS.name].values()}
    assert {(one["partition"], one["due_at"]) for one in migrated.now[TIMERS.name].values()} < before


async def test_a_retried_dead_letter_fires_the_renamed_timer(migrated: Migrated) -> None:
    assert {identity: letter["event_id"] for identity, letter in migrated.now[DEAD_LETTERS.name].items()} == {
        "letter-agenda": "clocks_due",
        "letter-line": "endpoint/0/shop/crm",
    }


async def test_fields_have_their_new_names(migrated: Migrated) -> None:
    [linked] = [one for one in migrated.now[PERSONS.name].values() if one["linked_groups"]]
    assert linked["linked_groups"] == ["-5100"]
    assert [one["ignored_reason"] for one in migrated.now[ACTIVITIES.name].values() if one["ignored_reason"]] == [
        "late"
    ]
    check = migrated.now[ACCOUNT_CHECKS.name]["shop/telegram:main"]
    assert check["probe_state"] == "webhook"
    assert check["probe_detail"].startswith("No webhook is set")
    assert {one["endpoint"] for one in migrated.now[WEBHOOK_DELIVERIES.name].values()} == {"0/shop/crm"}


@pytest.mark.parametrize("name", [ACTIVITIES.name, COUNTED.name, WEBHOOK_DELIVERIES.name, PERSONS.name, TIMERS.name])
async def test_no_other_document_is_lost(migrated: Migrated, name: str) -> None:
    gone = {one for one in migrated.before[name] if one.endswith(("/purge", "/prune"))}
    assert len(migrated.now[name]) == len(migrated.before[name]) - len(gone)


async def test_every_document_has_the_shape_that_this_version_reads(migrated: Migrated) -> None:
    assert unread_fields(migrated.now) == []


async def test_rest_answers_as_before(migrated: Migrated) -> None:
    expected = expected_answers(5)
    found = {one["id"]: one for one in (await migrated.get(f"{BASE}/conversations"))["items"]}
    assert {one.pop("customer_id") for one in found.values()} == {None}
    assert found == expected["conversations"]
    for kind in ("messages", "clocks"):
        for conversation, items in expected[kind].items():
            now = (await migrated.get(f"{BASE}/conversations/{conversation}/{kind}", limit="200"))["items"]
            assert known_fields(now, items) == items
    for path, name in (("webhooks/crm", "webhook"), ("accounts/telegram/second", "account")):
        answer = await migrated.get(f"{BASE}/{path}")
        if name == "account":
            later = [answer["health"].pop(field) for field in answer["health"].keys() - expected[name]["health"].keys()]
            assert not any(later)
        assert answer == expected[name]
    deliveries = (await migrated.get(f"{BASE}/webhooks/crm/deliveries", limit="200"))["items"]
    assert {one["event"] for one in deliveries} == {one["event"] for one in expected["deliveries"]}
