"""Webhook subscriptions of integrators, as REST writes them and as they are stored, and the event that starts a
replay.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.values import Contract, Instant, RequestModel

EventPrefix = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^pasokh(\.[a-z_]*){1,2}$")]
"""The beginning of an event type, such as `pasokh.sla.`, or a whole event type."""

DeliveryState = Literal["pending", "sending", "delivered", "failed"]


class WebhookBody(RequestModel):
    """A webhook subscription: facts whose type begins with one of `types` are posted to `url`, signed with `secret`.

    Without `secret`, a new subscription gets a generated one and an existing one keeps its own. A read returns `"set"`.
    """

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    types: list[EventPrefix] = Field(default=["pasokh."], min_length=1, max_length=50)
    secret: Annotated[str, Field(max_length=300)] | None = None


class Webhook(RequestModel):
    """A stored webhook subscription.

    Until `previous_until`, calls are also signed with the secret `previous`, for rotation.
    """

    url: str
    types: list[str]
    secret: str
    previous: str | None = None
    previous_until: Instant | None = None

    def matches(self, event_type: str) -> bool:
        """Whether the subscription wants events of this type."""
        return any(event_type.startswith(prefix) for prefix in self.types)

    def secrets(self, now: datetime) -> list[str]:
        """The secrets that sign a call at `now`."""
        rotating = self.previous is not None and self.previous_until is not None and now < self.previous_until
        return [self.secret, self.previous] if rotating and self.previous else [self.secret]


class DeliveryAttempt(Contract):
    """One attempt of a call: its end, the HTTP status (None without an answer) and the error."""

    at: Instant
    status: int | None = None
    detail: str | None = None


WEBHOOK_REPLAY = "pasokh.control.webhook_replay"
"""The event type of a `WebhookReplay`."""


class WebhookReplay(Contract):
    """`pasokh.control.webhook_replay` on `conversations`, per partition: deliver facts to a subscription again.

    Either the fact with the id `event`, or all facts from `since` (included) to `until` (not included).
    """

    workspace: str
    webhook: str
    event: str | None = None
    since: Instant | None = None
    until: Instant | None = None
