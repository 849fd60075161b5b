"""Deliveries of facts to webhook subscriptions, and the state of endpoints. Written by the group `webhooks` alone."""

from dataclasses import dataclass, field

from schemas.values import Instant
from schemas.webhooks import DeliveryAttempt, DeliveryState
from services.platform.store.port import Collection, Expiry, Index

WRITER = "webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """The delivery of one fact to one subscription; its id is `delivery_id`. The header `webhook-id` is the fact's id.

    `state`: `pending` until the next attempt, due at `next_at`; `sending` while attempt number `attempts` may be with
    the endpoint; `delivered` and `failed` are settled. `at` is when the fact was queued. `recent_attempts` are the
    latest ones, oldest first. `endpoint` is the id of the `EndpointState` in the partition that owns the fact. The
    document may be deleted at `expires_at`.
    """

    workspace: str
    webhook: str
    event: str
    type: str
    conversation: str | None = None
    endpoint: str
    state: DeliveryState = "pending"
    attempts: int = 0
    at: Instant
    next_at: Instant | None = None
    recent_attempts: list[DeliveryAttempt] = field(default_factory=list)
    expires_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """The endpoint of a subscription as one partition sees it; its id is `endpoint_id`.

    `sending` are the ids of the deliveries in flight. `failures` counts failures in a row; because of them nothing is
    sent before `paused_until`. `gone` is the version of the subscription to which the endpoint answered 410: nothing is
    sent until REST writes another version.
    """

    workspace: str
    webhook: str
    sending: tuple[str, ...] = ()
    failures: int = 0
    paused_until: Instant | None = None
    gone: int | None = None


# The queue of an endpoint is this collection, read by the index `endpoint`: what is pending, the earliest due first.
WEBHOOK_DELIVERIES = Collection(
    "webhook_deliveries",
    DeliveryRecord,
    writer=WRITER,
    indexes=(
        Index("endpoint", ("endpoint", "state", "next_at")),
        Index("webhook", ("workspace", "webhook", "at")),
        Index("expiry", ("expires_at",)),
    ),
    expires=Expiry("expires_at"),
)
WEBHOOK_ENDPOINTS = Collection(
    "webhook_endpoints", EndpointState, writer=WRITER, indexes=(Index("webhook", ("workspace", "webhook")),)
)


def delivery_id(workspace: str, webhook: str, event: str) -> str:
    """The id of the delivery of a fact to a subscription."""
    # Without the partition: a replayed fact finds its earlier delivery, and REST lists deliveries of all partitions.
    return f"{workspace}/{webhook}/{event}"


def endpoint_id(partition: int, workspace: str, webhook: str) -> str:
    """The id of the state of a subscription's endpoint, as one partition sees it."""
    # With the partition: each one calls the endpoint on its own, and no two owners write one document.
    return f"{partition}/{workspace}/{webhook}"
