"""A data folder of the version before there were migrations comes up with everything in it as it was."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.migrations import MIGRATIONS
from services.migrations.m0006_stored_names import PURGES
from services.platform.store.collections import DEAD_LETTERS, ROWS, TIMERS
from services.platform.store.migration_steps import latest_version
from tests.migrations.folder import STOPPED_AT, expected_answers, in_collections_of_now, known_fields
from tests.migrations.harness import BASE, Migrated, open_migrated, unread_fields


@pytest.fixture
async def migrated(tmp_path: Path) -> AsyncIterator[Migrated]:
    async with open_migrated(tmp_path, 0, STOPPED_AT) as opened:
        yield opened


async def test_the_configuration_is_as_it_was(migrated: Migrated) -> None:
    expected = expected_answers()
    for name, path in (("workspace", BASE), ("routing", f"{BASE}/routing"), ("sla", f"{BASE}/sla")):
        assert (await migrated.get(path)) == expected[name]


async def test_conversations_are_as_they_were(migrated: Migrated) -> None:
    found = {one["id"]: one for one in (await migrated.get(f"{BASE}/conversations"))["items"]}
    assert {one.pop("customer_id") for one in found.values()} == {None}
    assert found == expected_answers()["conversations"]


@pytest.mark.parametrize("kind", ["messages", "clocks", "decisions"])
async def test_messages_clocks_and_decisions_are_as_they_were(migrated: Migrated, kind: str) -> None:
    for conversation, items in expected_answers()[kind].items():
        found = (await migrated.get(f"{BASE}/conversations/{conversation}/{kind}", limit="200"))["items"]
        assert known_fields(found, items) == items, conversation


async def test_agents_are_as_they_were(migrated: Migrated) -> None:
    found, expected = (await migrated.get(f"{BASE}/agents"))["items"], expected_answers()["agents"]
    assert known_fields(found, expected) == expected


def renamed(identity: str) -> str:
    """The group of this name, or a row of it, as it is called since version 10."""
    return identity.replace("accounts", "collector") if identity.split("/", maxsplit=1)[0] == "accounts" else identity


async def test_timers_come_due_when_they_would_have(migrated: Migrated) -> None:
    def due(documents: Any) -> Counter[tuple[str, int, str]]:
        return Counter((renamed(one["group"]), one["partition"], one["due_at"]) for one in documents.values())

    stay = {i: one for i, one in migrated.before[TIMERS.name].items() if (one["group"], one["name"]) not in PURGES}
    assert due(migrated.now[TIMERS.name]) == due(stay)
    for document in migrated.now[TIMERS.name].values():
        TIMERS.decode(document)


async def test_dead_letters_can_be_retried(migrated: Migrated) -> None:
    letters = {identity: DEAD_LETTERS.decode(one) for identity, one in migrated.now[DEAD_LETTERS.name].items()}
    assert {identity: letter.event_type for identity, letter in letters.items()} == {
        "letter-1": "pasokh.control.watermark_request",
        "letter-2": "timer",
    }
    assert {i: letter.error for i, letter in letters.items()} == {
        i: letter["error"] for i, letter in migrated.before[DEAD_LETTERS.name].items()
    }


async def test_rows_go_on_where_they_were_and_know_what_they_have_handled(migrated: Migrated) -> None:
    assert {renamed(identity) for identity in migrated.before["rows"]} == migrated.now["rows"].keys()
    for identity, before in migrated.before["rows"].items():
        row = ROWS.decode(migrated.now["rows"][renamed(identity)])
        assert row.offsets == before["offsets"]
        assert {source: list(number) for source, number in row.dedupe_vector.items()} == before["seen"]
        assert (row.seq, row.version) == (before["seq"] + 1, latest_version(MIGRATIONS))


async def test_every_document_has_the_shape_that_this_version_reads(migrated: Migrated) -> None:
    assert unread_fields(migrated.now) == []


async def test_no_document_is_lost_but_timers_that_deleted_old_documents(migrated: Migrated) -> None:
    counted = {name: len(documents) for name, documents in migrated.now.items() if name not in ("layout", "checks")}
    expected = {name: len(found) for name, found in in_collections_of_now(migrated.before).items() if name != "layout"}
    expected[TIMERS.name] -= sum((one["group"], one["name"]) in PURGES for one in migrated.before[TIMERS.name].values())
    assert {name: n for name, n in counted.items() if n} == expected


async def test_counters_are_as_they_were(migrated: Migrated) -> None:
    text = (await (await migrated.client()).get("/metrics")).text
    assert not set(expected_answers()["metrics"]) - set(text.splitlines())
