"""Activities: what persons do on platforms, in one shape for all channels. The data of `pasokh.inbound.<kind>`."""

from typing import Annotated, Literal

from schemas.identity import PersonKey
from schemas.values import OMITTED_IF_EMPTY, Contract, EncryptedText, Failure, Instant, Json, Surface

ActivityKind = Literal[
    "message",
    "edit",
    "deletion",
    "reaction",
    "visibility",
    "receipt",
    "postback",
    "call",
    "echo",
    "survey_answer",
    "follow",
    "contact",
    "unknown",
]
Side = Literal["customer", "account", "bot"]
"""The side of the author: `customer`; `account`, a person of our side (by phone or in the platform's own app); or
`bot`."""
AttachmentKind = Literal["image", "video", "audio", "voice", "file", "sticker", "location", "contact", "other"]


REDACTION = "redaction"
"""The key in `details` of an edit by which ingest redacts a message: the text before such an edit is not stored."""


class Attachment(Contract):
    """A file, picture or location beside the text.

    `platform_id` is the id by which the platform's API returns the file. `digest` is the SHA-256 in hex of a file that came
    inside the webhook itself (mail), `blob` its id in our own store, which ingest sets.
    """

    kind: AttachmentKind
    platform_id: str | None = None
    name: str | None = None
    media_type: str | None = None
    size_bytes: int | None = None
    url: str | None = None
    digest: str | None = None
    blob: str | None = None
    details: dict[str, Json] = {}


class Address(Contract):
    """The address of an answer on the platform.

    `via` is the connection through which it is sent (Telegram: business connection id), `direct_topic` the customer's
    topic in the direct messages of a channel (Telegram: direct_messages_topic_id). `channel` and `account` are set if
    they differ from those of the conversation, because its private side is on another account.
    """

    chat: str
    thread: str | None = None
    reply_to: str | None = None
    via: str | None = None
    direct_topic: str | None = None
    channel: str | None = None
    account: str | None = None


ReceiptState = Literal["sent", "delivered", "read", "failed"]
IdentityKind = Literal["email", "phone", "username", "platform", "user"]
ContactState = Literal["started", "blocked", "unblocked", "opted_in", "opted_out"]
CallState = Literal["ringing", "answered", "ended", "missed", "abandoned", "failed"]


class PersonIdentity(Contract):
    """A name by which a person can be known elsewhere. `proven`: the platform vouches for it, not the person alone.

    `platform` is the id of the same person under another scope of the same platform (WhatsApp: user id beside the number), `user` that
    in the shop's own system, where the shop's server proves it.
    """

    kind: IdentityKind
    value: str
    proven: bool = False


class Participant(Contract):
    """Somebody else whom a mail went to, or who is in the thread."""

    address: str
    name: str | None = None
    role: Literal["from", "to", "cc"] = "to"


class PostContext(Contract):
    """Where a public word stands: the root post, the comment above it, and its address in the web."""

    post: str | None = None
    parent: str | None = None
    permalink: str | None = None


class Review(Contract):
    """What a review says besides its text. `stars` from 1 to 5; a recommendation without stars says so in `recommends`."""

    stars: int | None = None
    recommends: bool | None = None
    title: str | None = None


class Call(Contract):
    """A state of a call. `id` is the platform's; `leg` is `customer` or `agent`; `seconds` is how long it lasted.

    `agent` is the agent whose telephone the leg is, where the account says so. The platform ends the call `limit_seconds` after
    it was taken.
    """

    id: str
    leg: Literal["customer", "agent"] = "customer"
    direction: Literal["inbound", "outbound"] = "inbound"
    state: CallState
    seconds: float | None = None
    recording: Attachment | None = None
    agent: Annotated[str | None, OMITTED_IF_EMPTY] = None
    limit_seconds: Annotated[float | None, OMITTED_IF_EMPTY] = None


class SurveyAnswer(Contract):
    """An answer of a survey. `ref` is the question's stable id, `question` its text as it was shown."""

    ref: str
    question: str | None = None
    value: Json


class Reaction(Contract):
    """A reaction to a message. `emoji` is None where the platform tells none; `removed`: it was taken back."""

    emoji: str | None = None
    removed: bool = False


class Activity(Contract):
    """One thing that a person did on a platform.

    - `id` is deterministic: the same platform event gives the same id.
    - `person` is `channel:account:external_id`. For kind `echo`, a message of our side, it is the customer who got it.
    - `message` is the id of the message that this activity is (kinds `message`, `postback`, `echo`) or refers to
      (`edit`, `deletion`, `reaction`, `receipt`): a hash of workspace, account, the scope in which the platform numbers
      messages (Telegram: the bot and the business connection), chat, and the platform's message id.
    - `former` is the id of the same message before the scope was part of it; stored messages may still have that id.
    - `aliases` are other ids of that message, made as `message` is, or our own id of a message that we sent, where the
      platform returns it. Those of a customer's message need not be its alone (mails with one Message-ID): answers name it by them.
    - `original_sent_at` is the platform's time of the message that an edit changes.
    - `author` is the side of the author.
    - `quote` is the quoted part of the message that this one answers. `reply_to` was its id before `replies_to`.
    - `forwarded_from` is the name of the original author; `links` are URLs that the text does not show.
    - `thread` identifies a public place (Telegram group: chat and topic; elsewhere the root post); None in private.
    - `language`, `sentiment`, `intent`, `sensitive` and `masked` are set by ingest before it publishes the activity.
    - `sent_at` is the platform's time, `received_at` ours.
    - `details` has what has no field of its own: the data of a postback, tokens of hand-off links, the raw kind of
      `unknown`.
    - `locale` is the language of the person's app, as the platform states it: a BCP 47 tag. What the person writes decides.
    - `receipt_state`, `failure` and `watermark` belong to a receipt: the state of the message; why the platform could not
      deliver it; every message that we sent until that time has the state.
    - `replies_to` are the ids of the message that this one answers, the best first; as `aliases`, our own id is among them.
    - `own_reply` and `author_name` belong to an echo: the platform says that our own application sent the message; the
      name of the person of ours who wrote it.
    - `identities` are other names of the person. An activity of kind `contact` consists of them.
    - `automatic`: a machine wrote the message; it opens and reopens no conversation, and no clock starts or stops.
    - `participants` are the other people of a mail, `subject` is its subject.
    - `contact_state` belongs to kind `follow`, `reaction` to a reaction, `call` to a call, `answers` to a survey.
    - `hidden` belongs to kind `visibility`: our side hid a public message from others, or showed it again.
    - `conversation` is the id of the conversation that a survey is about, as the link to the survey named it.
    - `album` is the id that files sent together share.
    - `successor` belongs to kind `contact`: the person of the same account, as `person` is written, as whom this one goes on.
    - `stored_until` and `profile_until`: the platform lets us store what the person wrote, and what it tells about them, until
      then; ingest sets them, and None means no limit.
    - `missing_content` belongs to kind `unknown`: the platform is set up so that this has no content here; a sentence for
      operators says what to change. `polled`: we fetched it, the platform did not post it.
    """

    id: str
    workspace: str
    channel: str
    account: str
    kind: ActivityKind
    author: Side = "customer"
    surface: Surface
    person: str
    person_name: str | None = None
    thread: str | None = None
    message: str | None = None
    former: str | None = None
    aliases: list[str] = []
    platform_id: str | None = None
    text: EncryptedText | None = None
    masked: list[str] = []
    attachments: list[Attachment] = []
    reply_to: str | None = None
    quote: str | None = None
    forwarded_from: str | None = None
    links: list[str] = []
    locale: str | None = None
    language: str | None = None
    sentiment: Literal["positive", "neutral", "negative"] | None = None
    intent: str | None = None
    sensitive: bool = False
    address: Address | None = None
    sent_at: Instant | None = None
    original_sent_at: Instant | None = None
    received_at: Instant
    receipt_state: ReceiptState | None = None
    failure: Failure | None = None
    watermark: Instant | None = None
    replies_to: list[str] = []
    own_reply: bool = False
    author_name: str | None = None
    identities: list[PersonIdentity] = []
    automatic: bool = False
    subject: str | None = None
    participants: list[Participant] = []
    context: PostContext | None = None
    review: Review | None = None
    call: Call | None = None
    answers: list[SurveyAnswer] = []
    conversation: str | None = None
    album: str | None = None
    reaction: Reaction | None = None
    hidden: bool | None = None
    contact_state: ContactState | None = None
    successor: str | None = None
    missing_content: str | None = None
    polled: bool = False
    stored_until: Instant | None = None
    profile_until: Instant | None = None
    details: dict[str, Json] = {}

    @property
    def person_key(self) -> PersonKey:
        """The key of the person in the whole installation."""
        return PersonKey(self.workspace, self.person)
