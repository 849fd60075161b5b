"""Messages on their way out, and per person which of them is in flight. Written by the group `sender` alone."""

from dataclasses import dataclass, field
from typing import Literal

from schemas.outbound import OutboundMessage
from schemas.values import Failure, Instant
from services.platform.store.port import Collection, Index

WRITER = "sender"

SendState = Literal["queued", "waiting", "sending", "retry", "sent", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRecord:
    """One message to send; its id is the message's, so that a repeated event finds it and changes nothing.

    `queued`: behind others of its person. `waiting`: for a slot under a rate limit. `sending`: attempt number
    `attempts` may be with the platform since that commit. `retry`: the last attempt surely did not arrive. `due_at`
    is when it goes on by itself; None while queued and when settled. `hold`: it waits, without a time of its own, for
    the end of that hold (the id of an account's sends, of a chat's when a `/` and the chat follow). Once `sent` or
    `failed` the text is blank here: it stays in the conversation's message.
    """

    message: OutboundMessage
    state: SendState
    attempts: int = 0
    due_at: Instant | None = None
    first_tried_at: Instant | None = None
    platform_id: str | None = None
    error: Failure | None = None
    settled_at: Instant | None = None
    hold: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendQueue:
    """A person's messages that are not settled, in order. Its id is the person key; it is gone when there are none."""

    key: str
    head: str
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSends:
    """What one partition knows of sending as an account; its id is `partition/workspace/channel:account`.

    `held_for`: why nothing of it goes out; of a `limit` until `held_until`; of `credentials` until a message gets
    through, and `held_until` is when the next is tried. That one is `probe`, of `refusals` in a row. `chats`: when
    each chat that the platform wants quiet takes messages again. `last_...`: written every few seconds at most.
    """

    workspace: str
    channel: str
    account: str
    partition: int
    held_for: Literal["limit", "credentials"] | None = None
    held_until: Instant | None = None
    probe: str | None = None
    refusals: int = 0
    chats: dict[str, Instant] = field(default_factory=dict)
    last_sent_at: Instant | None = None
    last_refused_at: Instant | None = None
    last_refusal: Failure | None = None


SENDS = Collection("sends", SendRecord, writer=WRITER, indexes=(Index("hold", ("hold",)),))
ACCOUNT_SENDS = Collection(
    "account_sends",
    AccountSends,
    writer=WRITER,
    indexes=(Index("workspace", ("workspace", "channel", "account")), Index("held", ("held_for",))),
)
SEND_QUEUES = Collection("send_queues", SendQueue, writer=WRITER)
