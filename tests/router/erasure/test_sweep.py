"""Documents that name an erased person: what is the owner's is told to the owner, the rest is rewritten or deleted."""

from typing import Any

import orjson

from schemas.activity import Address
from schemas.commands import CommandResult
from schemas.conversation import Author
from schemas.envelope import Event
from schemas.identity import PersonKey
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText, Problem
from services.platform.store.collections import DEAD_LETTERS, FACTS, OUTCOMES, TIMERS, DeadLetter, Timer
from services.platform.store.port import Changes, Key
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, ActivityRecord, MessageRecord
from services.records.sends import SENDS, SendRecord
from services.router.erasure.sweep import Left, Sweep
from services.router.erasure.traces import Trace
from tests.fakes import START, MemoryStore

PERSON, OTHER = "telegram:main:42", "telegram:main:421"
TRACE = Trace(PersonKey("w", PERSON), "telegram:main:erased-1")
COLLECTIONS = (ACTIVITIES, CONVERSATIONS, DEAD_LETTERS, FACTS, MESSAGES, OUTCOMES, SENDS, TIMERS)


def fact(identity: str, person: str, conversation: str | None = "c1", **data: Any) -> Event:
    return Event(
        id=identity,
        source="conversations/0",
        type="pasokh.conversation.message_received",
        time=START,
        workspace="w",
        partitionkey=f"w/{person}",
        data={"conversation": conversation, "key": f"w/{person}", **data},
    )


def put_fact(store: MemoryStore, event: Event) -> None:
    document = orjson.loads(event.model_dump_json())
    store.documents[Key(FACTS.name, event.id)] = {**document, "conversation": event.data.get("conversation")}


def message(identity: str, key: str, author: str) -> MessageRecord:
    return MessageRecord(
        id=identity,
        conversation="c9",
        workspace="w",
        key=f"w/{key}",
        order=identity,
        direction="inbound",
        surface="private",
        channel="telegram",
        author=Author(kind="customer", id=author),
        received_at=START,
        state="received",
    )


def send(identity: str, key: str, conversation: str) -> SendRecord:
    outbound = OutboundMessage(
        id=identity,
        conversation=conversation,
        key=f"w/{key}",
        workspace="w",
        channel="telegram",
        account="main",
        surface="private",
        address=Address(chat="42"),
        author=Author(kind="agent", id="sara"),
        text=EncryptedText(text=""),
        accepted_at=START,
    )
    return SendRecord(message=outbound, state="sent", settled_at=START)


async def swept(store: MemoryStore, going_on: frozenset[str] = frozenset()) -> Left:
    return await Sweep(store, TRACE, going_on, START).run()


def raw(store: MemoryStore, collection: str) -> str:
    return orjson.dumps([one for key, one in store.documents.items() if key.collection == collection]).decode()


async def test_facts_stay_without_content_under_the_pseudonym() -> None:
    store = MemoryStore(*COLLECTIONS)
    snapshot = {
        "person": PERSON,
        "status": "closed",
        "subject": "my divorce",
        "participants": [{"address": "x@example.com", "name": "X"}],
        "handoff": {"state": "started", "unconfirmed": [{"person": f"w/{PERSON}", "name": "Sara"}]},
    }
    reaction = {"author": {"kind": "customer", "id": PERSON, "name": "Sara"}, "emoji": "👍"}
    error = {"code": "rejected", "detail": "the platform about Sara"}
    put_fact(store, fact("f1", PERSON, snapshot=snapshot, reaction=reaction, error=error))
    put_fact(store, fact("f2", OTHER, "c2", snapshot={"person": OTHER, "subject": "mine"}))
    await swept(store)
    own, other = (store.documents[Key(FACTS.name, identity)] for identity in ("f1", "f2"))
    assert own["partitionkey"] == "w/telegram:main:erased-1"
    assert own["data"] == {
        "conversation": "c1",
        "key": "w/telegram:main:erased-1",
        "snapshot": {
            "person": "telegram:main:erased-1",
            "status": "closed",
            "handoff": {"state": "started", "unconfirmed": []},
        },
        "reaction": {"author": {"kind": "customer", "id": "telegram:main:erased-1", "name": None}, "emoji": "👍"},
        "error": {"code": "rejected", "detail": ""},
    }
    assert other["data"] == {
        "conversation": "c2",
        "key": f"w/{OTHER}",
        "snapshot": {"person": OTHER, "subject": "mine"},
    }


async def test_facts_about_somebody_new_under_the_old_id_stay() -> None:
    store = MemoryStore(*COLLECTIONS)
    put_fact(store, fact("f1", PERSON, "c-new"))
    await swept(store, frozenset({"c-new"}))
    assert store.documents[Key(FACTS.name, "f1")]["partitionkey"] == f"w/{PERSON}"


async def test_what_waits_and_what_could_not_be_handled_is_deleted() -> None:
    store = MemoryStore(*COLLECTIONS)
    for number, person in enumerate((PERSON, OTHER)):
        waiting = ActivityRecord(workspace="w", kind="early", expires_at=START, early=[{"person": person}])
        store.insert(ACTIVITIES, f"early/{number}", waiting)
        letter = DeadLetter(
            group="conversations",
            partition=0,
            topic="inbound",
            offset=number,
            event=fact("f", person).model_dump_json(),
            event_id="f",
            event_type="pasokh.inbound.message",
            workspace="w",
            error="e",
            at=START,
        )
        store.insert(DEAD_LETTERS, str(number), letter)
        data: dict[str, Any] = {"workspace": "w", "activity": {"person": person}}
        timer = Timer(group="conversations", partition=0, name=f"second_look/{number}", due_at=START, data=data)
        store.insert(TIMERS, f"conversations/0/second_look/{number}", timer)
    await swept(store)
    left = {(key.collection, key.id.rsplit("/", 1)[-1]) for key in store.documents}
    assert left == {(name, "1") for name in (ACTIVITIES.name, DEAD_LETTERS.name, TIMERS.name)}


async def test_outcomes_name_the_pseudonym() -> None:
    store = MemoryStore(*COLLECTIONS)
    problem = Problem(
        title="t", status=422, detail=f"{PERSON} is no person of this customer", params={"person": PERSON}
    )
    store.insert(OUTCOMES, "o", CommandResult(id="o", workspace="w", status="refused", problem=problem, at=START))
    await swept(store)
    assert (PERSON in raw(store, OUTCOMES.name), "erased-1 is no person" in raw(store, OUTCOMES.name)) == (False, True)


async def test_owners_are_told_of_what_they_alone_write() -> None:
    store = MemoryStore(*COLLECTIONS)
    store.insert(MESSAGES, "theirs", message("theirs", OTHER, PERSON))
    store.insert(MESSAGES, "foreign", message("foreign", OTHER, OTHER))
    store.insert(MESSAGES, "new", message("new", PERSON, PERSON))
    store.insert(SENDS, "s1", send("s1", PERSON, "c1"))
    store.insert(SENDS, "s2", send("s2", PERSON, "c-new"))
    store.insert(SENDS, "s3", send("s3", OTHER, "c2"))
    left = await swept(store, frozenset({"c-new"}))
    assert left == Left(messages={f"w/{OTHER}": ["theirs"]}, conversations={}, sends={f"w/{PERSON}": ["s1"]})


async def test_other_workspaces_are_not_touched() -> None:
    store = MemoryStore(*COLLECTIONS)
    document = orjson.loads(fact("f1", PERSON).model_copy(update={"workspace": "v"}).model_dump_json())
    store.documents[Key(FACTS.name, "f1")] = {**document, "conversation": "c1"}
    before = dict(store.documents)
    await swept(store)
    assert store.documents == before
    await store.commit(Changes())
