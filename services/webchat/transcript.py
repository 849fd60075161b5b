"""The visitor's transcript: the messages of their own conversation, as a list and as a stream."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from schemas.activity import Attachment
from schemas.identity import PersonKey
from schemas.values import Json
from services.domain.lifecycle import is_closed
from services.platform.core import base64url
from services.platform.core.identifiers import hashed_id
from services.platform.http.dependencies import Page, PageParams, query_page
from services.platform.http.problems import UnprocessableContent
from services.platform.store.port import Query, Store
from services.platform.store.read_one import read_one
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.rest.views import MessageView, message_view
from services.webchat.notifier import ChangeNotifier
from services.webchat.tokens import Visitor

PAGE_SIZE = 50
POLL_SECONDS = 5.0
HEARTBEAT_SECONDS = 15.0
NO_CONVERSATION = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A visitor's messages: those of their person, or, after a hand-off, those of the joined conversation.

    `path` is the path of the visitor's account, under which their files are read.
    """

    workspace: str
    key: str
    path: str
    conversation: str = NO_CONVERSATION

    def has(self, record: MessageRecord) -> bool:
        """Whether the visitor may see a message: no internal note, and no public one from before a hand-off."""
        is_theirs = self.conversation in (NO_CONVERSATION, record.conversation) and record.key == self.key
        return is_theirs and record.direction != "note" and record.surface == "private"

    def file_url(self, record: MessageRecord, number: int) -> str | None:
        # Only files of ours: a visitor's session fetches nothing from another platform.
        is_ours = record.attachments[number].blob is not None
        return f"{self.path}/messages/{record.id}/attachments/{number}" if is_ours else None

    def query(self, *, limit: int = PAGE_SIZE, cursor: str | None = None, above: str = "") -> Query:
        """The messages after the order `above`, oldest first."""
        # Orders are digits and a point, all of one length. An order with one more digit sorts right after itself, so an
        # inclusive lower bound becomes an exclusive one.
        floor = above + "0" if above else None
        if self.conversation == NO_CONVERSATION:
            return Query(MESSAGES.name, "key", {"key": self.key}, at_least=floor, limit=limit, after=cursor)
        equals: dict[str, Json] = {"workspace": self.workspace, "conversation": self.conversation}
        return Query(MESSAGES.name, "conversation", equals, at_least=floor, limit=limit, after=cursor)


@dataclass(frozen=True, slots=True)
class TranscriptPosition:
    """The position of a stream: the order of the last message read, and its conversation."""

    conversation: str = NO_CONVERSATION
    order: str = ""

    def text(self, visitor: PersonKey) -> str:
        """The event id (`Last-Event-ID`) for this visitor's stream."""
        fields = [self.conversation, self.order, _mark(visitor)]
        return base64url.encode(json.dumps(fields).encode())


def parse_position(text: str, visitor: PersonKey) -> TranscriptPosition:
    """The position of an event id of this visitor's stream. Raises UnprocessableContent."""
    try:
        conversation, order, *marks = json.loads(base64url.decode(text))
    except (ValueError, TypeError) as error:
        raise _invalid_position() from error
    if not isinstance(conversation, str) or not isinstance(order, str) or not set(order) <= set("0123456789."):
        raise _invalid_position()
    # Ids of older versions carry no visitor mark. They are accepted: the messages read are this visitor's in any case.
    if marks not in ([], [_mark(visitor)]):
        raise _invalid_position()
    return TranscriptPosition(conversation, order)


def _mark(visitor: PersonKey) -> str:
    return hashed_id("stream", str(visitor))[:8]


def _invalid_position() -> UnprocessableContent:
    return UnprocessableContent(("/header/Last-Event-ID", "This is no id of this stream. Leave it out to start now."))


def own_transcript(visitor: Visitor) -> Transcript:
    """The messages of the visitor's own person."""
    return Transcript(visitor.workspace, visitor.key, f"/webchat/{visitor.workspace}/{visitor.account}")


async def transcript_for(store: Store, visitor: Visitor) -> Transcript:
    """The visitor's own transcript, or that of the conversation that a hand-off joined them to. Raises Unavailable."""
    # After a hand-off the visitor reads the conversation of another person key (a group's member), but only while it is
    # open and this visitor is its private side.
    own = own_transcript(visitor)
    person = await read_one(store, PERSONS, visitor.key)
    conversation = await read_one(store, CONVERSATIONS, person.forwarded_to) if person and person.forwarded_to else None
    is_private_side = (
        conversation is not None
        and conversation.private_person == visitor.person_key
        and not is_closed(conversation.status)
    )
    return (
        Transcript(conversation.workspace, conversation.key, own.path, conversation.id)
        if conversation is not None and is_private_side
        else own
    )


async def list_transcript(store: Store, visitor: Visitor, params: PageParams) -> Page[MessageView]:
    """A page of the transcript, oldest first. It may be shorter than the limit; `next` tells whether there is more."""
    # Hidden messages are left out after the query, which is why a page may be short.
    transcript = await transcript_for(store, visitor)
    page = await query_page(store, transcript.query(limit=params.limit, cursor=params.cursor))
    records = [MESSAGES.decode(document) for _, document in page.items]
    return Page(items=[view for record in records if (view := _view(record, transcript)) is not None], next=page.next)


async def latest_position(store: Store, transcript: Transcript) -> TranscriptPosition:
    """The position after the newest message."""
    base = transcript.query(limit=1)
    page = await store.query(Query(base.collection, base.index, base.equals, descending=True, limit=1))
    orders = [MESSAGES.decode(document).order for _, document in page.items]
    return TranscriptPosition(transcript.conversation, orders[0] if orders else "")


async def messages_after(
    store: Store, transcript: Transcript, position: TranscriptPosition
) -> list[tuple[TranscriptPosition, MessageView | None]]:
    """At most `PAGE_SIZE` messages after a position, each with its position; None for those hidden from visitors."""
    # A position of another conversation says nothing about this one: its messages are read from the first.
    above = position.order if position.conversation == transcript.conversation else ""
    page = await store.query(transcript.query(above=above))
    records = [MESSAGES.decode(document) for _, document in page.items]
    return [
        (TranscriptPosition(transcript.conversation, record.order), _view(record, transcript)) for record in records
    ]


def _view(record: MessageRecord, transcript: Transcript) -> MessageView | None:
    """The message as the visitor sees it; None for one that is hidden from visitors."""
    return message_view(record, transcript.file_url, suggests=False) if transcript.has(record) else None


async def get_message(store: Store, visitor: Visitor, message: str) -> MessageView | None:
    """A message that the visitor wrote, by its id; None while it is not stored yet. Raises Unavailable."""
    record = await read_one(store, MESSAGES, message)
    return None if record is None else message_view(record, own_transcript(visitor).file_url, suggests=False)


async def get_file(store: Store, visitor: Visitor, message: str, number: int) -> Attachment | None:
    """An attachment, with or without a file, of a message that the visitor may see; None when there is none. Raises Unavailable."""
    record = await read_one(store, MESSAGES, message)
    if record is None or number >= len(record.attachments):
        return None
    # Their own files stay theirs, also after a hand-off joined them to another conversation.
    own, joined = own_transcript(visitor), await transcript_for(store, visitor)
    if not (own.has(record) or joined.has(record)):
        return None
    return record.attachments[number]


async def wait_for_message(
    store: Store, notifier: ChangeNotifier, visitor: Visitor, message: str, seconds: float
) -> MessageView | None:
    """The message as it is stored; None when `seconds` passed without it. Raises Unavailable."""
    time = asyncio.get_running_loop().time
    until = time() + seconds
    transcript = await transcript_for(store, visitor)
    # Subscribed before the first read, so that a message stored between the two is not waited for.
    with notifier.subscribe({visitor.key, transcript.key}) as subscription:
        while (view := await get_message(store, visitor, message)) is None and (left := until - time()) > 0:
            await subscription.wait(min(left, POLL_SECONDS))
    return view


async def stream_messages(
    store: Store, notifier: ChangeNotifier, visitor: Visitor, position: TranscriptPosition, is_over: Callable[[], bool]
) -> AsyncGenerator[tuple[TranscriptPosition, MessageView] | None, None]:
    """The messages after a position as they come, until `is_over`; None as a heartbeat after some quiet. Raises Unavailable."""
    quiet, seen = 0.0, position
    while not is_over():
        # Read anew each round: a hand-off joins the visitor to another conversation, and its end parts them again.
        transcript = await transcript_for(store, visitor)
        with notifier.subscribe({visitor.key, transcript.key}) as subscription:
            while not is_over() and (messages := await messages_after(store, transcript, seen)):
                for seen, view in messages:
                    if view is not None:
                        yield seen, view
                quiet = 0.0
            await subscription.wait(POLL_SECONDS)
        quiet += POLL_SECONDS
        if quiet >= HEARTBEAT_SECONDS:
            yield None
            quiet = 0.0
