"""Messages to send, on topic `outbound`, and the outcome of each, on topic `deliveries`. Both are keyed by person."""

from schemas.activity import Address
from schemas.conversation import Author
from schemas.values import Contract, EncryptedText, Failure, Instant, Surface


class OutboundMessage(Contract):
    """`pasokh.outbound.message`: a message to send once.

    `id` is the message's id and the idempotency key of the send.
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
