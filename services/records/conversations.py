"""Conversations, their messages and the persons they belong to. Written by the group `conversations` alone."""

from schemas.activity import Address
from schemas.conversation import Conversation, FirstResponse, Message
from schemas.values import Contract, Instant
from services.runtime.store.port import Collection, Index

WRITER = "conversations"


class ConversationRecord(Conversation):
    """A conversation with what its owner needs besides.

    `key` is the person key, `thread` the place in public (None: private). `addresses` per surface is where the
    customer wrote last; `last_surface` which of them was last. `answer_due_since` is when the first customer message
    that has no human answer yet began to wait, None once an answer arrived. `rule` and `config_version` decided its
    routing; `queued_at` is its place in the queue; `last_agent` had it last; `resolutions` counts its resolves.
    """

    key: str
    thread: str | None = None
    addresses: dict[str, Address] = {}
    last_surface: str = "private"
    answer_due_since: Instant | None = None
    first_response: FirstResponse | None = None
    queued_at: Instant | None = None
    rule: str = "default"
    config_version: int = 0
    last_agent: str | None = None
    resolutions: int = 0

    def shown(self) -> Conversation:
        """As REST and facts show it."""
        return Conversation.model_validate(self, from_attributes=True)


class MessageRecord(Message):
    """A message with its workspace and its place in the conversation.

    `order` sorts a conversation's messages by arrival: unique, rising. `person` is the customer's.
    """

    workspace: str
    key: str
    order: str
    edited_at: Instant | None = None


class PersonRecord(Contract):
    """A customer as one account sees them. Its id is the person key. `open` maps a thread ('' private) to its case."""

    key: str
    workspace: str
    person: str
    name: str | None = None
    language: str | None = None
    blocked: bool = False
    open: dict[str, str] = {}
    seen_at: Instant


class ActivityRecord(Contract):
    """An activity that is no message and was handled: its id (the document's) is the dedupe, until `expires_at`."""

    workspace: str
    kind: str
    partition: int
    expires_at: Instant


CONVERSATIONS = Collection(
    "conversations",
    ConversationRecord,
    writer=WRITER,
    indexes=(
        Index("opened", ("workspace", "opened_at")),
        Index("status", ("workspace", "status", "opened_at")),
        Index("channel", ("workspace", "channel", "opened_at")),
        Index("surface", ("workspace", "surface", "opened_at")),
        Index("team", ("workspace", "team", "opened_at")),
        Index("agent", ("workspace", "agent", "opened_at")),
        Index("person", ("workspace", "person", "opened_at")),
        Index("sensitive", ("workspace", "sensitive", "opened_at")),
    ),
)
MESSAGES = Collection(
    "messages", MessageRecord, writer=WRITER, indexes=(Index("conversation", ("workspace", "conversation", "order")),)
)
PERSONS = Collection("persons", PersonRecord, writer=WRITER)
ACTIVITIES = Collection(
    "activities", ActivityRecord, writer=WRITER, indexes=(Index("expiry", ("partition", "expires_at")),)
)
