"""The auditor on a data folder of the version before there were migrations: it proves what can be proven of it."""

from collections import Counter
from functools import partial
from pathlib import Path

from services.composition import COLLECTIONS
from services.migrations import MIGRATIONS
from services.platform.core.settings import Settings
from services.platform.host.engine import open_engine, stored_partitions
from services.platform.store.migrations import migrate
from services.records.conversations import CONVERSATIONS
from services.sla.audit_queries import SETTLING_TIME, load_for_audit, pages, read_policy_history, read_progress
from tests.fakes import ManualTimeSource
from tests.migrations.folder import STOPPED_AT, build_folder


async def test_an_older_folder_has_no_differences_and_response_clocks_are_partly_compared(tmp_path: Path) -> None:
    build_folder(tmp_path)
    settings = Settings(data=tmp_path, bus=None, store=None)
    time_source = ManualTimeSource(STOPPED_AT)
    upgrade = partial(migrate, migrations=MIGRATIONS, time_source=time_source, owner="test")
    audited, partly = 0, Counter[str]()
    async with open_engine(settings, time_source, COLLECTIONS, ensure_version=upgrade) as (store, _):
        history = await read_policy_history(store, "shop")
        assert history is not None
        progress, now = await read_progress(store, await stored_partitions(store)), STOPPED_AT + SETTLING_TIME
        async for conversation, _document in pages(store, CONVERSATIONS.name, "opened", {"workspace": "shop"}):
            findings = await load_for_audit(store, "shop", conversation, history, progress, now)
            if findings is not None:
                audited += 1
                assert findings.differences == [], conversation
                partly.update(clock.metric for clock in findings.partly_compared)
    assert (audited, dict(partly)) == (10, {"first_response": 10, "next_response": 2})
