"""Messages to send and actions to perform, the queue of each person, and the holds of each account. Written by the group `sender` alone."""

from dataclasses import dataclass
from typing import Annotated, Literal

from schemas.outbound import Outbound
from schemas.values import OMITTED_IF_EMPTY, Failure, Instant
from services.domain.account_sends import AccountSends
from services.platform.store.port import Collection, Index

WRITER = "sender"

SendState = Literal["queued", "waiting", "sending", "retry", "sent", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRecord:
    """One message to send, or one action to perform: `message` is either. Its id is that of what is sent, so that a
    repeated event finds the record and changes nothing.

    `state`:

    - `queued`: another message of the person comes first.
    - `waiting`: for the end of a hold, whose id is then in `hold`, or for its slot under a rate limit, at `due_at`.
    - `sending`: attempt number `attempts` may have reached the platform. At `due_at` its result counts as lost.
    - `retry`: the last attempt did not reach the customer; the next one starts at `due_at`.
    - `sent`, `failed`: settled at `settled_at`. The text is erased here, because the conversation keeps it.

    `hold` is the id of an account's `AccountSends`, followed by `/` and the chat where the hold is of one chat.
    `first_tried_at` begins the period after which a message is given up. Of a message in parts `parts_sent` went out:
    `platform_id` is that of the first, `aliases` and `further_ids` are those of all.
    """

    message: Outbound
    state: SendState
    attempts: int = 0
    due_at: Instant | None = None
    first_tried_at: Instant | None = None
    platform_id: str | None = None
    error: Failure | None = None
    settled_at: Instant | None = None
    hold: str | None = None
    parts_sent: Annotated[int, OMITTED_IF_EMPTY] = 0
    aliases: Annotated[tuple[str, ...], OMITTED_IF_EMPTY] = ()
    further_ids: Annotated[tuple[str, ...], OMITTED_IF_EMPTY] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SendQueue:
    """The messages and actions of a person that are not settled, in the order in which they were accepted.

    Its id is the person key. `head` is the one message that may be with the platform; `pending` are those behind it.
    The document is deleted when the last message is settled.
    """

    key: str
    head: str
    pending: tuple[str, ...] = ()


# One index for both kinds of hold: the id of a chat's hold begins with its account's, and an equal text finds each.
SENDS = Collection("sends", SendRecord, writer=WRITER, indexes=(Index("hold", ("hold",)),))
ACCOUNT_SENDS = Collection(
    "account_sends",
    AccountSends,
    writer=WRITER,
    indexes=(Index("workspace", ("workspace", "channel", "account")), Index("held", ("held_for",))),
)
# The queue is a document and not an index of `SENDS`: an index does not show messages that came in the same batch.
SEND_QUEUES = Collection("send_queues", SendQueue, writer=WRITER)
