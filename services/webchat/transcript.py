"""What a visitor may read: what was said with them, and with nobody else."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from schemas.identity import PersonKey
from schemas.values import Json
from services.platform.core.identifiers import hashed_id
from services.platform.http.dependencies import Listing, PageAsked, queried
from services.platform.http.problems import Invalid
from services.platform.store.port import Collection, Key, Model, Query, Store
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.records.shown import MessageShown, shown_message
from services.webchat.notifier import Bells
from services.webchat.tokens import Visitor

AT_ONCE = 50
LOOK_SECONDS = 5.0
HEARTBEAT_SECONDS = 15.0
OWN = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """Where a visitor's messages are: under their own person, or, after a hand-off, in the conversation it led to."""

    workspace: str
    key: str
    conversation: str = OWN

    def query(self, *, limit: int = AT_ONCE, cursor: str | None = None, above: str = "") -> Query:
        """Oldest first, those above an order."""
        # An order is digits and a point, all of one length: nothing sorts between it and itself with one more digit.
        floor = above + "0" if above else None
        if self.conversation == OWN:
            return Query(MESSAGES.name, "key", {"key": self.key}, at_least=floor, limit=limit, after=cursor)
        equals: dict[str, Json] = {"workspace": self.workspace, "conversation": self.conversation}
        return Query(MESSAGES.name, "conversation", equals, at_least=floor, limit=limit, after=cursor)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a stream has come: the last order seen, in which talk."""

    conversation: str = OWN
    order: str = ""

    def text(self, visitor: PersonKey) -> str:
        """The id of an event of this visitor's stream."""
        said = [self.conversation, self.order, _mark(visitor)]
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def place_of(text: str, visitor: PersonKey) -> Place:
    """The place that `text` was made of, for this visitor. Raises Invalid."""
    try:
        conversation, order, *marks = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError) as error:
        raise _no_place() from error
    if not isinstance(conversation, str) or not isinstance(order, str) or not set(order) <= set("0123456789."):
        raise _no_place()
    # Ids of older versions name nobody; what follows them is read of this visitor all the same.
    if marks not in ([], [_mark(visitor)]):
        raise _no_place()
    return Place(conversation, order)


def _mark(visitor: PersonKey) -> str:
    return hashed_id("stream", str(visitor))[:8]


def _no_place() -> Invalid:
    return Invalid(("/header/Last-Event-ID", "This is no id of this stream. Leave it out to start now."))


async def talk_of(store: Store, visitor: Visitor) -> Talk:
    """Their own, unless a hand-off made them the private side of another person's case. Raises Unavailable."""
    own = Talk(visitor.workspace, visitor.key)
    person = await _read(store, PERSONS, visitor.key)
    case = await _read(store, CONVERSATIONS, person.forwarded_to) if person and person.forwarded_to else None
    is_theirs = case is not None and case.private_person == visitor.person_key and case.status != "closed"
    return Talk(case.workspace, case.key, case.id) if case is not None and is_theirs else own


async def _read(store: Store, collection: Collection[Model], identity: str) -> Model | None:
    key = Key(collection.name, identity)
    document = (await store.get_many([key])).get(key)
    return None if document is None else collection.model.model_validate(document)


async def listed(store: Store, visitor: Visitor, asked: PageAsked) -> Listing[MessageShown]:
    """Oldest first. A page may be shorter than asked for; `next` tells whether there is more."""
    talk = await talk_of(store, visitor)
    page = await queried(store, talk.query(limit=asked.limit, cursor=asked.cursor))
    return Listing(items=[one for _, one in _seen(page.items)], next=page.next)


async def end_of(store: Store, talk: Talk) -> Place:
    """After everything that was said by now."""
    base = talk.query(limit=1)
    page = await store.query(Query(base.collection, base.index, base.equals, descending=True, limit=1))
    orders = [MessageRecord.model_validate(document).order for _, document in page.items]
    return Place(talk.conversation, orders[0] if orders else "")


async def since(store: Store, talk: Talk, place: Place) -> list[tuple[Place, MessageShown | None]]:
    """What was said after a place, at most `AT_ONCE`; None for what a visitor does not see."""
    above = place.order if place.conversation == talk.conversation else ""
    page = await store.query(talk.query(above=above))
    records = [MessageRecord.model_validate(document) for _, document in page.items]
    return [(Place(talk.conversation, one.order), _shown(one)) for one in records]


def _seen(items: list[tuple[str, dict[str, Json]]]) -> list[tuple[str, MessageShown]]:
    pairs = [(identity, _shown(MessageRecord.model_validate(document))) for identity, document in items]
    return [(identity, shown) for identity, shown in pairs if shown is not None]


def _shown(record: MessageRecord) -> MessageShown | None:
    """Notes are for colleagues, and what was said in public before a hand-off is not this visitor's to read."""
    hidden = record.direction == "note" or record.surface != "private"
    return None if hidden else shown_message(record)


async def found(store: Store, message: str) -> MessageShown | None:
    """A message by its id, once it is there. Raises Unavailable."""
    record = await _read(store, MESSAGES, message)
    return None if record is None else shown_message(record)


async def awaited(store: Store, bells: Bells, visitor: Visitor, message: str, seconds: float) -> MessageShown | None:
    """The message as it is stored; None when `seconds` passed without it. Raises Unavailable."""
    time = asyncio.get_running_loop().time
    until = time() + seconds
    talk = await talk_of(store, visitor)
    with bells.of({visitor.key, talk.key}) as bell:
        while (shown := await found(store, message)) is None and (left := until - time()) > 0:
            await bell.wait(min(left, LOOK_SECONDS))
    return shown


async def said(
    store: Store, bells: Bells, visitor: Visitor, place: Place, is_over: Callable[[], bool]
) -> AsyncGenerator[tuple[Place, MessageShown] | None, None]:
    """What is said after a place, until `is_over`; None now and then, when nothing was. Raises Unavailable."""
    quiet, seen = 0.0, place
    while not is_over():
        talk = await talk_of(store, visitor)
        with bells.of({visitor.key, talk.key}) as bell:
            while not is_over() and (news := await since(store, talk, seen)):
                for seen, shown in news:
                    if shown is not None:
                        yield seen, shown
                quiet = 0.0
            await bell.wait(LOOK_SECONDS)
        quiet += LOOK_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            yield None
            quiet = 0.0
