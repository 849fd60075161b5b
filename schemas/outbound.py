"""Messages to send, on topic `outbound`, and the outcome of each, on topic `deliveries`. Both are keyed by person."""

from schemas.activity import Address, AttachmentKind, Participant
from schemas.channel import ActionKind
from schemas.conversation import Author
from schemas.values import Contract, EncryptedText, Failure, Instant, Surface


class OutboundAttachment(Contract):
    """A file that goes out. `blob` is its id in the blob store."""

    blob: str
    kind: AttachmentKind
    media_type: str
    size_bytes: int
    name: str | None = None


class MessageTemplate(Contract):
    """A message that the platform has approved. `parameters` fill its placeholders, in their order."""

    name: str
    language: str
    parameters: list[str] = []


class ReplyReference(Contract):
    """The message that is answered, as the platform knows it. `subject` and `references` are of mails (RFC 5322, 3.6.4)."""

    platform_id: str
    subject: str | None = None
    references: list[str] = []


class OutboundMessage(Contract):
    """`pasokh.outbound.message`: a message to send once.

    `id` is the message's id and the idempotency key of the send.
    `tag` marks an answer outside the platform's usual window; `participants` are the other people of a mail, who get the
    answer too.
    """

    id: str
    conversation: str
    key: str
    workspace: str
    channel: str
    account: str
    surface: Surface
    address: Address
    author: Author
    text: EncryptedText
    accepted_at: Instant
    attachments: list[OutboundAttachment] = []
    template: MessageTemplate | None = None
    in_reply_to: ReplyReference | None = None
    tag: str | None = None
    participants: list[Participant] = []


class ChannelAction(Contract):
    """`pasokh.outbound.action`: do this once to a message, or show it in its chat.

    `platform_id` names the message at the platform; None for what is done to the chat (`typing`). `text` is the new text of
    an `edit`, `emoji` the reaction of a `react` (None takes it back).
    """

    id: str
    conversation: str
    key: str
    workspace: str
    channel: str
    account: str
    surface: Surface
    address: Address
    kind: ActionKind
    message: str | None = None
    platform_id: str | None = None
    text: EncryptedText | None = None
    emoji: str | None = None
    accepted_at: Instant


class DeliverySent(Contract):
    """`pasokh.delivery.sent`: the platform accepted the message. `platform_id` is the platform's id of the message.

    `address` is the address that was used when `requested_address`, the address of the message, no longer existed (a
    closed topic, a group that moved): later answers of the conversation go there. Both are None otherwise.
    """

    message: str
    conversation: str
    key: str
    platform_id: str | None = None
    address: Address | None = None
    requested_address: Address | None = None
    # The number of calls to the platform, this one included.
    attempts: int
    at: Instant


class DeliveryFailed(Contract):
    """`pasokh.delivery.failed`: the send failed for good, or its outcome is unknown (`error.code` `outcome_unknown`)."""

    message: str
    conversation: str
    key: str
    error: Failure
    attempts: int
    at: Instant
