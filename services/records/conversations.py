"""Conversations, their messages and the persons they belong to. Written by the group `conversations` alone."""

from schemas.conversation import Message
from schemas.values import Contract, Instant
from services.domain.conversation_state import Contact, ConversationState
from services.platform.store.port import Collection, Index

WRITER = "conversations"


class MessageRecord(Message):
    """A message with its workspace and its place in the conversation.

    `order` sorts a conversation's messages by arrival: unique, rising. `person` is the customer's.
    """

    workspace: str
    key: str
    order: str
    edited_at: Instant | None = None


class ActivityRecord(Contract):
    """An activity that is no message and was handled: its id (the document's) is the dedupe, until `expires_at`.

    Under the id of a message that never came, one of kind `deletion` remembers that it was deleted. `left_aside` says
    why nothing followed, where something might have.
    """

    workspace: str
    kind: str
    partition: int
    expires_at: Instant
    left_aside: str | None = None


class MovedPlace(Contract):
    """A public place whose id at the platform changed: a group that became a supergroup. Under either of its ids."""

    workspace: str
    moved_to: str | None = None
    moved_from: str | None = None


CONVERSATIONS = Collection(
    "conversations",
    ConversationState,
    writer=WRITER,
    indexes=(
        Index("opened", ("workspace", "opened_at")),
        Index("updated", ("workspace", "updated_at")),
        Index("queued", ("workspace", "status", "queued_at")),
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
    "messages",
    MessageRecord,
    writer=WRITER,
    indexes=(Index("conversation", ("workspace", "conversation", "order")), Index("key", ("key", "order"))),
)
PERSONS = Collection("persons", Contact, writer=WRITER)
ACTIVITIES = Collection(
    "activities", ActivityRecord, writer=WRITER, indexes=(Index("expiry", ("partition", "expires_at")),)
)
MOVED_PLACES = Collection("moved_places", MovedPlace, writer=WRITER)
