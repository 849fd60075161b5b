"""What version 6 of the data left of polled accounts, and of the group that checked accounts, is the collector's now."""

from schemas.values import Json
from services.migrations import MIGRATIONS, m0010_collector
from services.platform.store.collections import DEAD_LETTERS, OUTBOXES, ROWS, TIMERS
from services.platform.store.migrations import PROGRESS_KEY, Progress, migrate
from services.platform.store.port import Changes, Document, Key, Put
from services.records.accounts import ACCOUNT_CALLS, AccountCalls
from services.records.polls import POLLS, Poll
from tests.fakes import ManualTimeSource, MemoryStore

AT = "2026-11-28T09:00:00.000000Z"
MAIN = "shop/telegram:main"


def row(seq: int) -> Document:
    return {
        "seq": seq,
        "offsets": {"accounts": 12},
        "dedupe_vector": {"sender/0|accounts": [4, 1]},
        "decided_at": AT,
        "closed": [],
        "version": 6,
    }


def timer(group: str, name: str) -> Document:
    return {"group": group, "partition": 1, "name": name, "due_at": AT, "data": {}}


def dead_letter(group: str) -> Document:
    known: dict[str, Json] = {"group": group, "partition": 1, "topic": "accounts", "offset": 3, "event": "{}"}
    return {**known, "event_id": "e1", "event_type": "x", "workspace": "shop", "error": "KeyError", "at": AT}


async def migrated() -> MemoryStore:
    """A store as version 6 left it, after this version's migration."""
    store = MemoryStore(POLLS, ACCOUNT_CALLS, ROWS, OUTBOXES, TIMERS, DEAD_LETTERS)
    lease: Document = {"owner": "a1b2", "until": AT, "cursor": "42", "revision": 5}
    calls: Document = {"workspace": "shop", "channel": "telegram", "account": "main", "last_webhook_at": AT}
    documents: dict[Key, Document] = {
        Key(POLLS.name, MAIN): lease,
        Key(ACCOUNT_CALLS.name, MAIN): {**calls, "forged": 2, "poll_error": "no", "is_failing": True, "revision": 3},
        Key(ROWS.name, "accounts/1"): row(7),
        Key(ROWS.name, "sla/1"): row(9),
        Key(OUTBOXES.name, "accounts/1/7"): {"events": [["accounts", 1, "shop", "{}"]]},
        Key(TIMERS.name, "accounts/1/check"): timer("accounts", "check"),
        Key(TIMERS.name, "sla/1/accounts"): timer("sla", "accounts"),
        Key(DEAD_LETTERS.name, "d1"): dead_letter("accounts"),
        Key(DEAD_LETTERS.name, "d2"): dead_letter("sla"),
    }
    progress = Put(PROGRESS_KEY, Progress(version=6, target=6, revision=1))
    await store.commit(Changes(puts=[progress, *(Put(key, document) for key, document in documents.items())]))
    await migrate(store, MIGRATIONS, ManualTimeSource(), "test")
    return store


async def test_cursor_of_a_lease_stays_and_the_lease_is_gone() -> None:
    store = await migrated()
    assert store.find(POLLS, MAIN) == Poll(cursor="42")
    assert set(store.documents[Key(POLLS.name, MAIN)]) == {"cursor"}


async def test_calls_of_an_account_stay_without_what_the_collector_knows_now() -> None:
    calls = (await migrated()).find(ACCOUNT_CALLS, MAIN)
    assert isinstance(calls, AccountCalls)
    assert (calls.forged, calls.revision, calls.last_webhook_at is not None) == (2, 3, True)


async def test_row_goes_on_under_the_new_name_with_the_events_that_were_not_published() -> None:
    store = await migrated()
    assert store.find(ROWS, "accounts/1") is None
    moved, other = store.find(ROWS, "collector/1"), store.find(ROWS, "sla/1")
    assert moved is not None
    assert other is not None
    assert (moved.seq, moved.offsets, moved.dedupe_vector) == (8, {"accounts": 12}, {"sender/0|accounts": (4, 1)})
    assert other.seq == 10
    assert [key.id for key in store.documents if key.collection == OUTBOXES.name] == ["collector/1/8"]


async def test_timers_and_dead_letters_are_of_the_new_group_and_those_of_others_stay() -> None:
    store = await migrated()
    assert {key.id for key in store.documents if key.collection == TIMERS.name} == {
        "collector/1/check",
        "sla/1/accounts",
    }
    assert {one.group for one in store.all(TIMERS)} == {"collector", "sla"}
    assert {
        key.id: store.documents[key]["group"] for key in store.documents if key.collection == DEAD_LETTERS.name
    } == {
        "d1": "collector",
        "d2": "sla",
    }


async def test_second_pass_changes_nothing() -> None:
    store = await migrated()
    once = dict(store.documents)
    for key, document in once.items():
        for step in m0010_collector.STEP.rewrites:
            if step.collection == key.collection:
                assert (step.target(key.id, document), step.change(document)) == (key, document)
