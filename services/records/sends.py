"""Messages on their way out, and per person which of them is in flight. Written by the group `sender` alone."""

from typing import Literal

from schemas.outbound import OutboundMessage
from schemas.values import Contract, Failure, Instant
from services.runtime.store.port import Collection

WRITER = "sender"

SendState = Literal["queued", "waiting", "sending", "retry", "sent", "failed"]


class SendRecord(Contract):
    """One message to send; its id is the message's, so that a repeated event finds it and changes nothing.

    `queued`: behind others of its person. `waiting`: for a slot under a rate limit. `sending`: attempt number
    `attempts` may be with the platform since that commit. `retry`: the last attempt surely did not arrive. `due_at`
    is when it goes on by itself; None while queued and when settled. Once `sent` or `failed` the text is blank here:
    it stays in the conversation's message.
    """

    message: OutboundMessage
    state: SendState
    attempts: int = 0
    due_at: Instant | None = None
    first_tried_at: Instant | None = None
    platform_id: str | None = None
    error: Failure | None = None
    settled_at: Instant | None = None


class SendQueue(Contract):
    """A person's messages that are not settled, in order. Its id is the person key; it is gone when there are none."""

    key: str
    head: str
    behind: tuple[str, ...] = ()


SENDS = Collection("sends", SendRecord, writer=WRITER)
SEND_QUEUES = Collection("send_queues", SendQueue, writer=WRITER)
