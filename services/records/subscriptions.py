"""Webhooks to integrators: what was or is to be posted, and how each endpoint fares. Written by `webhooks` alone."""

from dataclasses import dataclass, field

from schemas.values import Instant
from schemas.webhooks import DeliveryAttempt, DeliveryState
from services.platform.store.port import Collection, Expiry, Index

WRITER = "webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One fact on its way to one subscription. Its id is `delivery_id`; `webhook-id` is the fact's.

    `next_at` is when a pending one is due. `recent_attempts` are the latest ones. `endpoint` is the id of the
    `EndpointState` of the partition that owns the fact.
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
    """How the endpoint of a subscription fares, as one partition sees it; its id is `endpoint_id`.

    `sending` are the deliveries in flight. `failures` in a row hold it back until `paused_until`. `gone` is the version
    of the subscription that was answered with 410: nothing more is sent until it is written again.
    """

    workspace: str
    webhook: str
    sending: tuple[str, ...] = ()
    failures: int = 0
    paused_until: Instant | None = None
    gone: int | None = None


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
    return f"{workspace}/{webhook}/{event}"


def endpoint_id(partition: int, workspace: str, webhook: str) -> str:
    """The id of the state of a subscription's endpoint, as one partition sees it."""
    return f"{partition}/{workspace}/{webhook}"
