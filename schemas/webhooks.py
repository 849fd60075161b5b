"""Webhooks that go out to integrators: subscriptions as REST writes them and as they rest, and the call to replay."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from schemas.values import Contract, Instant, RequestModel

EventPrefix = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^pasokh(\.[a-z_]*){1,2}$")]
"""The beginning of an event type, such as `pasokh.sla.`; a whole type is one too."""

DeliveryState = Literal["pending", "sending", "delivered", "failed"]


class WebhookBody(RequestModel):
    """A subscription: facts whose type begins with one of `types` are posted to `url`, signed with `secret`.

    `secret` left out: one is made, or the one that is there stays; a read shows it as `"set"`.
    """

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    types: list[EventPrefix] = Field(default=["pasokh."], min_length=1, max_length=50)
    secret: Annotated[str, Field(max_length=300)] | None = None


class Webhook(RequestModel):
    """A subscription as it rests. `previous` signs too until `previous_until`, so that receivers can rotate."""

    url: str
    types: list[str]
    secret: str
    previous: str | None = None
    previous_until: Instant | None = None

    def matches(self, event_type: str) -> bool:
        """Whether events of this type go to it."""
        return any(event_type.startswith(prefix) for prefix in self.types)

    def secrets(self, now: datetime) -> list[str]:
        """What signs a call at this time."""
        rotating = self.previous is not None and self.previous_until is not None and now < self.previous_until
        return [self.secret, self.previous] if rotating and self.previous else [self.secret]


class DeliveryAttempt(Contract):
    """One try: when it ended, the HTTP status (None: there was no answer), what went wrong."""

    at: Instant
    status: int | None = None
    detail: str | None = None


WEBHOOK_REPLAY = "pasokh.control.webhook_replay"
"""The event type of a `WebhookReplay`."""


class WebhookReplay(Contract):
    """`pasokh.control.webhook_replay` on `conversations`, per partition: send facts to a subscription again.

    Either one `event` by its id, or all from `since` on and before `until`.
    """

    workspace: str
    webhook: str
    event: str | None = None
    since: Instant | None = None
    until: Instant | None = None
