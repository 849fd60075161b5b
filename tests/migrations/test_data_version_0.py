"""A data folder of the version before there were migrations comes up with everything in it as it was."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from services.composition import SINGLE_PROCESS, process_for
from services.metrics.exposition import BusinessMetricsCollector
from services.migrations import MIGRATIONS
from services.platform.core.settings import Settings
from services.platform.host.engine import open_engine
from services.platform.http.app import open_app
from services.platform.http.service import Context
from services.platform.store.codec import codec_for
from services.platform.store.collections import DEAD_LETTERS, ROWS, TIMERS
from services.platform.store.migrations import latest_version, migrate
from tests.fakes import ManualTimeSource
from tests.migrations.folder import STOPPED_AT, build_folder, expected_answers, read_documents

KEY = "an-admin-key-for-tests-0123456789abcdef"
BASE = "/v1/workspaces/shop"


class Migrated:
    """The folder after its migration: its documents before and now, and REST over it, with no processor running."""

    def __init__(self, before: Any, now: Any, client: httpx2.AsyncClient) -> None:
        self.before, self.now, self.client = before, now, client

    async def get(self, path: str, **parameters: str) -> Any:
        answer = await self.client.get(path, params=parameters, headers={"authorization": f"Bearer {KEY}"})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def migrated(tmp_path: Path) -> AsyncIterator[Migrated]:
    database = build_folder(tmp_path)
    before = read_documents(database)
    settings = Settings(data=tmp_path, bus=None, store=None, admin_key=SecretStr(KEY))
    process, clock = process_for(SINGLE_PROCESS), ManualTimeSource(STOPPED_AT)
    upgrade = partial(migrate, migrations=MIGRATIONS, time_source=clock, owner="test")
    async with AsyncExitStack() as stack:
        store, bus = await stack.enter_async_context(
            open_engine(settings, clock, process.collections, ensure_version=upgrade)
        )
        context = Context(settings, store, bus, clock)
        parts = [await stack.enter_async_context(service(context)) for service in process.services]
        app = await stack.enter_async_context(open_app(context, parts, process.find_caller(context)))
        for collector in (one for part in parts for one in part.collectors):
            if isinstance(collector, BusinessMetricsCollector):
                await collector.refresh()
        transport = httpx2.ASGITransport(app)
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://pasokh"))
        yield Migrated(before, read_documents(database), client)


async def test_the_configuration_is_as_it_was(migrated: Migrated) -> None:
    expected = expected_answers()
    for name, path in (("workspace", BASE), ("routing", f"{BASE}/routing"), ("sla", f"{BASE}/sla")):
        assert (await migrated.get(path)) == expected[name]


async def test_conversations_are_as_they_were(migrated: Migrated) -> None:
    found = {one["id"]: one for one in (await migrated.get(f"{BASE}/conversations"))["items"]}
    assert found == expected_answers()["conversations"]


@pytest.mark.parametrize("kind", ["messages", "clocks", "decisions"])
async def test_messages_clocks_and_decisions_are_as_they_were(migrated: Migrated, kind: str) -> None:
    for conversation, items in expected_answers()[kind].items():
        found = (await migrated.get(f"{BASE}/conversations/{conversation}/{kind}", limit="200"))["items"]
        assert found == items, conversation


async def test_agents_are_as_they_were(migrated: Migrated) -> None:
    assert (await migrated.get(f"{BASE}/agents"))["items"] == expected_answers()["agents"]


async def test_timers_come_due_when_they_would_have(migrated: Migrated) -> None:
    def due(documents: Any) -> Counter[tuple[str, int, str]]:
        return Counter((one["group"], one["partition"], one["due_at"]) for one in documents.values())

    assert due(migrated.now[TIMERS.name]) == due(migrated.before[TIMERS.name])
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
    assert migrated.before["rows"].keys() == migrated.now["rows"].keys()
    for identity, before in migrated.before["rows"].items():
        row = ROWS.decode(migrated.now["rows"][identity])
        assert row.offsets == before["offsets"]
        assert {source: list(number) for source, number in row.dedupe_vector.items()} == before["seen"]
        assert (row.seq, row.version) == (before["seq"] + 1, latest_version(MIGRATIONS))


async def test_every_document_has_the_shape_that_this_version_reads(migrated: Migrated) -> None:
    models = {collection.name: collection.model for collection in process_for(SINGLE_PROCESS).collections}
    for name, documents in migrated.now.items():
        for identity, document in documents.items():
            if name in models:
                read = codec_for(models[name]).decode(document)
                unknown = document.keys() - set(
                    [one.name for one in fields(read)] if is_dataclass(read) else type(read).model_fields
                )
                assert not unknown, f"{name}/{identity} has fields that nothing reads: {sorted(unknown)}"


async def test_no_document_is_lost(migrated: Migrated) -> None:
    counted = {name: len(documents) for name, documents in migrated.now.items() if name not in ("layout", "checks")}
    assert {name: n for name, n in counted.items() if n} == {
        name: len(documents) for name, documents in migrated.before.items() if documents and name != "layout"
    }


async def test_counters_are_as_they_were(migrated: Migrated) -> None:
    text = (await migrated.client.get("/metrics")).text
    assert not set(expected_answers()["metrics"]) - set(text.splitlines())
