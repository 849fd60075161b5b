"""Messages to send and actions to perform, on topic `outbound`, and the outcome of each, on topic `deliveries`.

Both are keyed by person.
"""

from typing import Annotated

from pydantic import Field

from schemas.activity import Address, AttachmentKind, Participant
from schemas.channel import ActionKind, Window
from schemas.conversation import Author
from schemas.identity import PersonKeyText
from schemas.values import OMITTED_IF_EMPTY, AgentLanguage, Contract, EncryptedText, Failure, Instant, Surface


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


class SendWindow(Contract):
    """Until when a message may go out. The router judged so when it accepted the message; the sender judges again.

    `since` is the customer's last message at that time, `windows` are those that the message may use, the narrowest first.
    """

    since: Instant
    windows: list[Window]


class OutboundMessage(Contract):
    """`pasokh.outbound.message`: a message to send once.

    `id` is the message's id and the idempotency key of the send.
    `tag` marks an answer outside the platform's usual window; `participants` are the other people of a mail, who get the
    answer too. `private_reply`: it answers the public post `in_reply_to` in private, and `address` is that of the post.
    `parts` are the texts of the sends of a message that is too long for one; empty: one send of `text`. The files go with
    the last part, or with the first (`files_first`), which is then their caption, or each with one of the last parts, which
    have no text (`files_apart`). `window` is None where the message may go out at any time. `first`: we write first, and
    the customer need not have written. `recipient` is whom it reaches where that is not the person of `key`: after a
    hand-off. `language` is that of the agents who read why the message did not go out.
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
    private_reply: Annotated[bool, OMITTED_IF_EMPTY] = False
    parts: Annotated[list[EncryptedText], OMITTED_IF_EMPTY] = []
    files_first: Annotated[bool, OMITTED_IF_EMPTY] = False
    files_apart: Annotated[bool, OMITTED_IF_EMPTY] = False
    window: Annotated[SendWindow | None, OMITTED_IF_EMPTY] = None
    first: Annotated[bool, OMITTED_IF_EMPTY] = False
    recipient: Annotated[PersonKeyText | None, OMITTED_IF_EMPTY] = None
    language: AgentLanguage = "en"


class ChannelAction(Contract):
    """`pasokh.outbound.action`: do this to a message, or show it in its chat. To do it twice changes nothing more, but for a `call`.

    `id` is the id of the action. `message` and `platform_id` name the message here and at the platform; both are None for
    what is done to the chat (`typing`). A message that the platform has not accepted yet has no `platform_id`: the action
    gets that of the result of its send. `further_ids` are those of the other messages that it became there: a long text, an
    album. `text` is the new text of an `edit`, `emoji` the reaction of a `react` (None takes
    it back), `agent` whom a `call` connects with the customer: `message` shows that call. `language` is that of the agent who reads why it failed.
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
    further_ids: Annotated[list[str], OMITTED_IF_EMPTY] = []
    text: EncryptedText | None = None
    emoji: str | None = None
    agent: Annotated[str | None, OMITTED_IF_EMPTY] = None
    accepted_at: Instant
    language: AgentLanguage = "en"


Outbound = Annotated[OutboundMessage | ChannelAction, Field(union_mode="left_to_right")]
"""What goes out to a platform. Each has fields without a default that the other lacks, so that neither reads as the other."""


class DeliverySent(Contract):
    """`pasokh.delivery.sent`: the platform accepted the message. `platform_id` is the platform's id of the message.

    `further_ids` are the platform's ids of the other messages that it became: a long text, an album.

    `address` is the address that was used when `requested_address`, the address of the message, no longer existed (a
    closed topic, a group that moved): later answers of the conversation go there. Both are None otherwise. Of a private
    reply to a public post, `address` is the private chat that it opened, and `person` the platform's id of the person
    there. `aliases` are the ids, made as `Activity.message` is, under which receipts, reactions and echoes will name the
    message. `started_at` is when the attempt began that the platform accepted: its own time of the message is not earlier.
    """

    message: str
    conversation: str
    key: str
    platform_id: str | None = None
    address: Address | None = None
    requested_address: Address | None = None
    aliases: Annotated[list[str], OMITTED_IF_EMPTY] = []
    further_ids: Annotated[list[str], OMITTED_IF_EMPTY] = []
    person: Annotated[str | None, OMITTED_IF_EMPTY] = None
    started_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None
    # The number of calls to the platform, this one included.
    attempts: int
    at: Instant


class DeliveryFailed(Contract):
    """`pasokh.delivery.failed`: the send failed for good, or its outcome is unknown (`error.code` `outcome_unknown`).

    `platform_id`, `aliases` and `further_ids` are those of the parts that went out before one failed, as in `DeliverySent`.
    """

    message: str
    conversation: str
    key: str
    platform_id: Annotated[str | None, OMITTED_IF_EMPTY] = None
    aliases: Annotated[list[str], OMITTED_IF_EMPTY] = []
    further_ids: Annotated[list[str], OMITTED_IF_EMPTY] = []
    error: Failure
    attempts: int
    at: Instant


class ActionPerformed(Contract):
    """`pasokh.delivery.action_performed`: the platform did the action `action` to the message, or in the chat.

    `platform_id` is the platform's id of the message afterwards, where an edit gave it another one.
    """

    action: str
    kind: ActionKind
    message: str | None = None
    conversation: str
    key: str
    platform_id: str | None = None
    attempts: int
    at: Instant


class ActionFailed(Contract):
    """`pasokh.delivery.action_failed`: the action was not performed, and will not be tried again."""

    action: str
    kind: ActionKind
    message: str | None = None
    conversation: str
    key: str
    error: Failure
    attempts: int
    at: Instant
