"""What the routes of webhook subscriptions read and write, beside the contracts in `schemas/webhooks.py`."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from schemas.values import InputInstant, Instant, RequestModel
from schemas.webhooks import DeliveryAttempt, DeliveryState, Webhook
from services.platform.http.dependencies import PageParams
from services.records.subscriptions import DeliveryRecord
from services.workspaces.mutations import REDACTED


class WebhookView(BaseModel):
    """A subscription. `secret` is the secret itself in the answer that created it, `"set"` in every other answer.

    `disabled`: the endpoint answered 410 Gone since the subscription was last written; write it again to switch it on.
    """

    id: str
    url: str
    types: list[str]
    secret: str
    disabled: bool = False


class WebhookDeliveryView(BaseModel):
    """The delivery of one fact to one subscription. `event` is the `webhook-id` of every attempt."""

    event: str
    type: str
    conversation: str | None
    state: DeliveryState
    attempts: int
    created_at: Instant
    next_try_at: Instant | None
    tries: list[DeliveryAttempt]


class DeliveryQuery(PageParams):
    """A page of deliveries, of all states or of one."""

    state: DeliveryState | None = None


class ReplayBody(RequestModel):
    """Which facts to send again: one by its id (`event`), or all from `since` on and before `until` (default: now)."""

    event: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    since: InputInstant | None = None
    until: InputInstant | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "ReplayBody":
        if (self.event is None) == (self.since is None):
            raise ValueError("give either `event` or `since`")
        if self.until is not None and (self.since is None or self.until <= self.since):
            raise ValueError("`until` goes with an earlier `since`")
        return self


class ReplayAccepted(BaseModel):
    """The replay was accepted; the deliveries of the subscription show its progress."""

    id: str


def to_webhook_view(webhook: str, body: Webhook, *, secret: str | None = None, disabled: bool = False) -> WebhookView:
    """A subscription for REST; `secret` only in the answer to the request that created it."""
    return WebhookView(id=webhook, url=body.url, types=body.types, secret=secret or REDACTED, disabled=disabled)


def to_delivery_view(record: DeliveryRecord) -> WebhookDeliveryView:
    """A delivery for REST."""
    return WebhookDeliveryView(
        event=record.event,
        type=record.type,
        conversation=record.conversation,
        state=record.state,
        attempts=record.attempts,
        created_at=record.at,
        next_try_at=record.next_at,
        tries=record.recent_attempts,
    )
