"""What every handler of the group `webhooks` is given beside its input, and what its timers and effects carry."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.configuration import Versioned
from schemas.envelope import Event
from schemas.values import Instant
from schemas.webhooks import Webhook
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.configuration import configuration_in_force
from services.records.subscriptions import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
    DeliveryRecord,
    EndpointState,
    delivery_id,
    endpoint_id,
)
from services.subscriptions.post import PostDependencies


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTimerPayload:
    """What timers carry, and effects are asked for: whose endpoint, and which delivery and attempt."""

    workspace: str
    webhook: str
    event: str | None = None
    attempt: int = 0

    @property
    def delivery(self) -> str:
        """The id of the delivery that it is about."""
        return delivery_id(self.workspace, self.webhook, self.event or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCursor:
    """What the timer of a replay carries: the span of time (UTC) of a `WebhookReplay`, and the page to read next."""

    workspace: str
    webhook: str
    event: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointContext:
    """One batch. `touched`: endpoint → how many inputs of the batch look at its queue."""

    work: UnitOfWork
    memory: None
    dependencies: PostDependencies
    touched: Counter[str] = field(default_factory=Counter)

    @property
    def now(self) -> datetime:
        return self.work.now

    def subscriptions(self, workspace: str) -> Mapping[str, Versioned[Webhook]]:
        configuration = configuration_in_force(self.work, workspace)
        return configuration.webhooks if configuration else {}

    def line(self, workspace: str, webhook: str) -> EndpointState:
        found = self.work.get(WEBHOOK_ENDPOINTS, endpoint_id(self.work.place.partition, workspace, webhook))
        return found or EndpointState(workspace=workspace, webhook=webhook)

    def keep(self, line: EndpointState) -> None:
        self.work.put(WEBHOOK_ENDPOINTS, endpoint_id(self.work.place.partition, line.workspace, line.webhook), line)

    def waiting(self, line: EndpointState) -> list[tuple[str, DeliveryRecord]]:
        """Pending deliveries of the line that this batch knows, the one that is due first first."""
        name = endpoint_id(self.work.place.partition, line.workspace, line.webhook)
        held = self.work.cached(WEBHOOK_DELIVERIES).items()
        found = [(i, d) for i, d in held if d.line == name and d.state == "pending" and d.next_at is not None]
        return sorted(found, key=lambda pair: (pair[1].next_at or pair[1].at, pair[0]))

    def matching_subscriptions(self, event: Event) -> list[tuple[str, Versioned[Webhook]]]:
        """The subscriptions that want a fact, by name."""
        subscriptions = self.subscriptions(event.workspace)
        return [(name, kept) for name, kept in subscriptions.items() if kept.body.matches(event.type)]
