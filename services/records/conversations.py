"""Conversations, their messages and the persons they belong to. Written by the group `conversations` alone."""

from dataclasses import dataclass, field
from typing import Annotated

from schemas.activity import Attachment, Call, Participant, PostContext, Review, SurveyAnswer
from schemas.conversation import (
    Author,
    ContentRemoval,
    Direction,
    Edit,
    MessageAction,
    MessageReaction,
    MessageState,
    SystemNote,
)
from schemas.outbound import MessageTemplate
from schemas.values import OMITTED_IF_EMPTY, AgentLanguage, EncryptedText, Failure, Instant, Json, Surface
from services.domain.conversation_state import Contact, ConversationState
from services.platform.store.port import Collection, Expiry, Index

WRITER = "conversations"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """One message of a conversation. REST shows it as `MessageView`.

    `reply_to` is the id of the message that this one answers, None when that is not known here; `quote` is the part of it
    that was quoted. `forwarded_from` is the name of the first author. `links` are addresses that the text does not show.
    `edits` are the earlier texts, oldest first. `key` is the customer's person key. `order` sorts the messages of a
    conversation by arrival: unique and rising. `template` is what the platform was asked to send in place of `text`.
    `language` is that of the agents who read why it failed.
    `conversation` is empty for an automatic message that came while none was open: the next one takes it in. `reactions`
    has one of each author, also those that were taken back. `delivery` is the state of delivery of a message of ours that
    was deleted. `reported` is the state that was reported of a message itself where a watermark says more. `parts` are the
    states of the platform's messages that a message of ours became, by the ids under which receipts name them, where they
    are several; `further_ids` are the platform's ids of all but the first: of a long text, of an album. `hidden`: its
    platform hides it from others, by what was reported at `hidden_at`. `actions` are those that its platform has not
    performed, oldest first. `mentions` are the agents whom a note calls. `stored_until` and
    `profile_until` are when what its author wrote, and their name, have to go by the platform's terms; `content_removed` says that they did. From `subject` to `automatic`, fields are those of the activity (`schemas.activity`).
    """

    id: str
    conversation: str
    direction: Direction
    surface: Surface
    channel: str
    author: Author
    text: EncryptedText | None = None
    masked: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    sent_at: Instant | None = None
    received_at: Instant
    state: MessageState
    error: Failure | None = None
    platform_id: str | None = None
    further_ids: Annotated[list[str], OMITTED_IF_EMPTY] = field(default_factory=list)
    reply_to: str | None = None
    quote: str | None = None
    forwarded_from: str | None = None
    links: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    workspace: str
    key: str
    order: str
    edited_at: Instant | None = None
    reactions: Annotated[list[MessageReaction], OMITTED_IF_EMPTY] = field(default_factory=list)
    delivery: Annotated[MessageState | None, OMITTED_IF_EMPTY] = None
    reported: Annotated[MessageState | None, OMITTED_IF_EMPTY] = None
    parts: Annotated[dict[str, MessageState], OMITTED_IF_EMPTY] = field(default_factory=dict)
    template: Annotated[MessageTemplate | None, OMITTED_IF_EMPTY] = None
    language: Annotated[AgentLanguage | None, OMITTED_IF_EMPTY] = None
    system_note: Annotated[SystemNote | None, OMITTED_IF_EMPTY] = None
    subject: Annotated[str | None, OMITTED_IF_EMPTY] = None
    participants: Annotated[list[Participant], OMITTED_IF_EMPTY] = field(default_factory=list)
    context: Annotated[PostContext | None, OMITTED_IF_EMPTY] = None
    review: Annotated[Review | None, OMITTED_IF_EMPTY] = None
    call: Annotated[Call | None, OMITTED_IF_EMPTY] = None
    answers: Annotated[list[SurveyAnswer], OMITTED_IF_EMPTY] = field(default_factory=list)
    album: Annotated[str | None, OMITTED_IF_EMPTY] = None
    automatic: Annotated[bool, OMITTED_IF_EMPTY] = False
    hidden: Annotated[bool, OMITTED_IF_EMPTY] = False
    hidden_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    actions: Annotated[list[MessageAction], OMITTED_IF_EMPTY] = field(default_factory=list)
    mentions: Annotated[list[str], OMITTED_IF_EMPTY] = field(default_factory=list)
    stored_until: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    profile_until: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    content_removed: Annotated[ContentRemoval | None, OMITTED_IF_EMPTY] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRecord:
    """What is known, until `expires_at`, under an id that is no message's own.

    - The id of an activity that is no message: it was handled, and a repeat is dropped. `ignored_reason` says why it
      changed nothing, where it might have. The id of a message that became none of its partition: it was handled, too.
    - An id by which a platform names a message of ours: `message` is that message, the kind is `alias`.
    - `early/` and the id of a message that has not arrived: `early` are the activities that change it, as they are on the
      log, the kind is `early`. Earlier versions recorded a deletion alone, under the id of the message, as a `deletion`.
    - The id that a message would have, of a post of our own side: changes of it are not stored. The kind is `own_post`.
    """

    workspace: str
    kind: str
    expires_at: Instant
    ignored_reason: str | None = None
    message: Annotated[str | None, OMITTED_IF_EMPTY] = None
    early: Annotated[list[dict[str, Json]], OMITTED_IF_EMPTY] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedChat:
    """A public chat whose id at the platform changed: a group that became a supergroup. Stored under both of its ids.

    `moved_at` is when we learnt of it; None: before that was recorded.
    """

    workspace: str
    moved_to: str | None = None
    moved_from: str | None = None
    moved_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None


# Each filter and order of the list in REST has an index of its own, so that a page never reads the whole workspace.
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
        # The lists of an inbox: of an agent and of a team, in each of their orders.
        *(
            Index(f"{owner}_{order}", ("workspace", owner, "inbox.shelf", f"inbox.{order}"))
            for owner in ("agent", "team")
            for order in ("due", "waiting", "newest")
        ),
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
    "activities",
    ActivityRecord,
    writer=WRITER,
    indexes=(Index("expiry", ("expires_at",)),),
    expires=Expiry("expires_at"),
)
MOVED_CHATS = Collection("moved_chats", MovedChat, writer=WRITER)
