"""What goes out: messages to send on `outbound`, what became of them on `deliveries` (both by person key)."""

from schemas.activity import Address
from schemas.conversation import Author
from schemas.values import Contract, EncryptedText, Failure, Instant, Surface


class OutboundMessage(Contract):
    """`pasokh.outbound.message`: send this once. `id` is the message's id, and the idempotency key of the send."""

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
    """`pasokh.delivery.sent`: the platform took it. `platform_id` is the platform's id of the message.

    `address` is where it went when `asked`, the message's address, was not there any more (a topic that is closed, a
    group that has moved): the conversation answers there from then on. Both are None otherwise.
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
    """`pasokh.delivery.failed`: it was refused for good, or nobody can know (`error.code` `outcome_unknown`)."""

    message: str
    conversation: str
    key: str
    error: Failure
    attempts: int
    at: Instant
