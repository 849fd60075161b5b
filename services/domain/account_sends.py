"""The state of sending as an account, in one partition: pure code works on it, and the store keeps it as it is."""

from dataclasses import dataclass, field
from typing import Literal

from schemas.values import Failure, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSends:
    """Why messages of an account wait, and what last became of one. Its id is `partition/workspace/channel:account`.

    `held_for` says why no message of the account is sent: a rate `limit` until `held_until`, or refused `credentials`
    until a message gets through. While credentials are refused, `held_until` is when the next message probes the
    account; `probe` is the id of the message that does so now, after `refusals` refusals in a row. `chats` maps the
    id of each chat that has a hold of its own to the end of that hold. `last_sent_at` and `last_refused_at` are
    written at most once per `RECORD_INTERVAL` of `services.delivery.domain.holds`.
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
