"""Conversations, their messages and the persons they belong to. Written by the group `conversations` alone."""

from schemas.activity import Address
from schemas.conversation import Conversation, FirstResponse, Message
from schemas.values import Contract, Instant
from services.runtime.store.port import Collection, Index

WRITER = "conversations"


class ConversationRecord(Conversation):
    """A conversation with what its owner needs besides.

    `key` is the person key, `thread` the place in public (None: private). `addresses` per surface is where the
    customer wrote last; `last_surface` which of them was last. `answer_due_since` is the start of the first customer
    message that awaits its first human answer, None once one arrived; `answered_at` the acceptance of an answer that is
    on its way (`answering` its message). `config_version` decided its routing. `queued_at` is its place in the queue.
    """

    key: str
    thread: str | None = None
    addresses: dict[str, Address] = {}
    last_surface: str = "private"
    answer_due_since: Instant | None = None
    answering: str | None = None
    answered_at: Instant | None = None
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
