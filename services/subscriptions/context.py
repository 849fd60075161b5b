"""What every handler of the processor `webhooks` gets beside its input, and what its timers and effects carry."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.configuration import Versioned
from schemas.envelope import Event
from schemas.values import Instant
from schemas.webhooks import Webhook
from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.codec import codec_for
from services.records.configuration import configuration_in_force
from services.records.subscriptions import delivery_id, endpoint_id
from services.subscriptions.post import PostDependencies


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointTimerPayload:
    """Names an endpoint by workspace and subscription; what timers carry, and the request of an effect.

    `event` and `attempt` name the call that a `settle/` timer or an effect is about; the timer of a queue has neither.
    """

    workspace: str
    webhook: str
    event: str | None = None
    attempt: int = 0

    @property
    def delivery(self) -> str:
        """The id of the delivery that the call is about."""
        return delivery_id(self.workspace, self.webhook, self.event or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCursor:
    """What the timer of a replay carries: the fields of the `WebhookReplay`, and the page of facts to read next."""

    workspace: str
    webhook: str
    event: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointContext:
    """One batch. `queue_reads` maps an endpoint's id to the number of inputs in the batch that read its queue."""

    work: UnitOfWork
    memory: None
    dependencies: PostDependencies
    queue_reads: Counter[str] = field(default_factory=Counter)

    @property
    def now(self) -> datetime:
        """The time of the batch."""
        return self.work.now

    def endpoint_id(self, workspace: str, webhook: str) -> str:
        """The id of a subscription's endpoint in this partition."""
        return endpoint_id(self.work.place.partition, workspace, webhook)

    def subscriptions(self, workspace: str) -> Mapping[str, Versioned[Webhook]]:
        """The subscriptions of a workspace by id."""
        configuration = configuration_in_force(self.work, workspace)
        return configuration.webhooks if configuration else {}

    def matching_subscriptions(self, event: Event) -> list[tuple[str, Versioned[Webhook]]]:
        """The subscriptions that want a fact, with their ids."""
        subscriptions = self.subscriptions(event.workspace).items()
        return [
            (webhook, subscription) for webhook, subscription in subscriptions if subscription.body.matches(event.type)
        ]


def endpoint_timer(timer: TimerFired) -> EndpointTimerPayload:
    """The payload of an endpoint's timer that fired."""
    return codec_for(EndpointTimerPayload).decode(timer.data)


def replay_cursor(timer: TimerFired) -> ReplayCursor:
    """The payload of a replay's timer that fired."""
    return codec_for(ReplayCursor).decode(timer.data)
