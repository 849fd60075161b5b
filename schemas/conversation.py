"""Conversations and messages as REST shows them, and the facts on `conversations`."""

from typing import Literal

from schemas.activity import Attachment
from schemas.identity import PersonKeyText
from schemas.values import Contract, Failure, Instant, Priority, Requirement, Sealed, Surface

Status = Literal["bot", "waiting", "offered", "assigned", "pending", "resolved", "closed"]
Direction = Literal["inbound", "outbound", "note"]
MessageState = Literal["received", "edited", "deleted", "queued", "sent", "delivered", "read", "failed"]


class Unconfirmed(Contract):
    """Somebody who followed the link of a hand-off and has not shown yet that they are the customer.

    `conversation` is their own, where their words stand until then; `words` prove them when the customer writes both
    where they wrote before.
    """

    person: PersonKeyText
    name: str | None = None
    conversation: str
    since: Instant
    words: str


class Handoff(Contract):
    """The move of a sensitive case from a public place to a private one.

    `unconfirmed` followed its link, the latest last; none of them reads anything of the case.
    """

    state: Literal["started", "completed", "expired"]
    started_at: Instant
    completed_at: Instant | None = None
    private_channel: str | None = None
    reason: str
    unconfirmed: list[Unconfirmed] = []


class Conversation(Contract):
    """One support case: messages of one person on one thread, with a status. Holds no text."""

    id: str
    workspace: str
    status: Status
    channel: str
    account: str
    surface: Surface
    person: str
    team: str
    agent: str | None = None
    priority: Priority = "normal"
    language: str | None = None
    sentiment: str | None = None
    intent: str | None = None
    sensitive: bool = False
    requirement: Requirement = Requirement()
    opened_at: Instant
    updated_at: Instant
    assigned_at: Instant | None = None
    first_response_at: Instant | None = None
    resolved_at: Instant | None = None
    tags: list[str] = []
    handoff: Handoff | None = None


AuthorKind = Literal["customer", "agent", "account", "bot", "system"]
PEOPLE_OF_OURS: frozenset[AuthorKind] = frozenset({"agent", "account"})
"""Whose answers are given by a person of ours: they stop clocks and count as responses."""


class Author(Contract):
    """Who wrote a message. `id` is the person, the agent's id, or None for account, bot and system.

    `account` is a person of our own side who answered elsewhere: by phone, or in the platform's own app.
    """

    kind: AuthorKind
    id: str | None = None
    name: str | None = None


class Edit(Contract):
    """A text that an edit replaced at `edited_at`, masked as it was."""

    text: Sealed | None = None
    masked: list[str] = []
    edited_at: Instant


class Message(Contract):
    """One message of a conversation, as it rests. REST shows `text` open.

    `reply_to` is the id of the message that this one answers, None when that is not known here; `quote` what of it was
    quoted. `forwarded_from` is the name of who said it first. `links` are addresses that the text does not show. `edits`
    are the earlier texts, oldest first.
    """

    id: str
    conversation: str
    direction: Direction
    surface: Surface
    channel: str
    author: Author
    text: Sealed | None = None
    masked: list[str] = []
    attachments: list[Attachment] = []
    sent_at: Instant | None = None
    received_at: Instant
    state: MessageState
    error: Failure | None = None
    platform_id: str | None = None
    reply_to: str | None = None
    quote: str | None = None
    forwarded_from: str | None = None
    links: list[str] = []
    edits: list[Edit] = []


class FirstResponse(Contract):
    """The first answer of a conversation: from the first customer message that needs one, to the answer's acceptance."""

    started_at: Instant
    stopped_at: Instant


class ConversationFact(Contract):
    """The data of every `pasokh.conversation.*` fact.

    `key` is the person key. `snapshot` is the conversation after the fact, `previous_status` before it (None when it
    was just opened). `message` is the id of the message it is about (message_received, message_edited,
    message_deleted, replied, reply_delivered, reply_failed). `at` is when it counts: of message_received the start of
    waiting for an answer (`received_at`, or the platform's `sent_at` where that is more than 5 s earlier); of replied,
    reply_delivered and reply_failed the time REST accepted the reply; else the time of the batch. `author` tells an
    agent's reply from a bot's or the system's. `first_response` is given on the reply_delivered that was the first
    human answer. `error` is given on reply_failed. `decision` is given on assigned. `confirmed_by` is given on a replied
    that the guard had refused: the key that sent it nevertheless. `needs_answer` is false on a message_received that asks for
    nothing (a lone thumbs-up): no clock starts.
    """

    conversation: str
    key: str
    snapshot: Conversation
    previous_status: Status | None = None
    at: Instant
    message: str | None = None
    message_surface: Surface | None = None
    author: AuthorKind | None = None
    agent: str | None = None
    first_response: FirstResponse | None = None
    error: Failure | None = None
    decision: str | None = None
    confirmed_by: str | None = None
    needs_answer: bool = True
