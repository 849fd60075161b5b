"""What comes in: one normalised activity of one person. Carried by `pasokh.inbound.<kind>` on `inbound`."""

from typing import Literal

from schemas.identity import PersonKey
from schemas.values import Contract, EncryptedText, Instant, Json, Surface

ActivityKind = Literal[
    "message",
    "edit",
    "deletion",
    "reaction",
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
"""Who said it: the customer, a person of our own side (by phone, or in the platform's own app), or another bot of ours."""
AttachmentKind = Literal["image", "video", "audio", "voice", "file", "sticker", "location", "contact", "other"]


REDACTION = "redaction"
"""The name in `details` of an edit by which ingest takes something out of a message: the text before it is not kept."""


class Attachment(Contract):
    """A file or thing beside the text. `platform_id` is what the platform's API wants to fetch it with."""

    kind: AttachmentKind
    platform_id: str | None = None
    name: str | None = None
    media_type: str | None = None
    size_bytes: int | None = None
    url: str | None = None
    details: dict[str, Json] = {}


class Address(Contract):
    """Where an answer goes on the platform. `via` is a side channel of it (Telegram: business connection id),
    `direct_topic` the customer's topic in the direct messages of a channel (Telegram: direct_messages_topic_id).

    `channel` and `account` are given where they are not those of the conversation: its private side is elsewhere.
    """

    chat: str
    thread: str | None = None
    reply_to: str | None = None
    via: str | None = None
    direct_topic: str | None = None
    channel: str | None = None
    account: str | None = None


class Activity(Contract):
    """One thing that a person did.

    `id` is deterministic: the same platform event gives the same id. `person` is `channel:account:external_id`.
    `message` is the id of the message that this is (kind message, postback, echo) or is about (edit, deletion,
    reaction, receipt): a hash of workspace, account, the scope in which the platform numbers messages (of Telegram the
    bot, and the business connection), chat and the platform's message id. `former` is the id that the same message had
    before the scope was part of it; stored messages may still have that. `original_sent_at` is when the platform took
    the message that an edit is of. `author` is the side that said it; of our own side's word (kind echo) `person` is the
    customer to whom it was said. `reply_to` is the id of the message that this one answers,
    `quote` what of it was quoted; `forwarded_from` is who said it first, by name; `links` are addresses that the
    text does not show. `thread` tells public
    places apart (Telegram group: chat and topic; elsewhere the root post); None in private. `language`, `sentiment`,
    `intent`, `sensitive` and `masked` are filled by ingest before the log. `sent_at` is the platform's time,
    `received_at` ours. `details` keeps what has no field yet: postback data, follow state, the raw kind of `unknown`,
    the `email` and `phone` of the person. `contact` says nothing but these.
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
    platform_id: str | None = None
    text: EncryptedText | None = None
    masked: list[str] = []
    attachments: list[Attachment] = []
    reply_to: str | None = None
    quote: str | None = None
    forwarded_from: str | None = None
    links: list[str] = []
    language: str | None = None
    sentiment: Literal["positive", "neutral", "negative"] | None = None
    intent: str | None = None
    sensitive: bool = False
    address: Address | None = None
    sent_at: Instant | None = None
    original_sent_at: Instant | None = None
    received_at: Instant
    details: dict[str, Json] = {}

    @property
    def person_key(self) -> PersonKey:
        """Whose it is."""
        return PersonKey(self.workspace, self.person)
