"""A partition of `metrics` and the events that it counts."""

from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from schemas.activity import Activity
from schemas.conversation import Conversation, ConversationFact, ResponseRun
from schemas.outbound import DeliverySent
from schemas.sla import Clock, ClockFact
from services.metrics.exposition import BusinessMetricsCollector
from services.metrics.processor import PROCESSOR
from services.platform.processing.inputs import ReceivedEvent
from services.records.counters import COUNTED, COUNTERS, METRICS_STATES
from tests.driver import Driver
from tests.fakes import START, ManualTimeSource
from tests.sla.harness import conversation

KEY = "w/telegram:main:1"


class MetricsHarness(Driver):
    """A partition of `metrics`, and the scrape of its counters."""

    def __init__(self) -> None:
        super().__init__(PROCESSOR.bind(None), (COUNTERS, METRICS_STATES, COUNTED))
        self.time_source = ManualTimeSource()
        self.totals = BusinessMetricsCollector(self.store, 1, self.time_source)
        self.registry = CollectorRegistry()
        self.registry.register(self.totals)

    def fact(self, name: str, case: Conversation | None = None, **fields: Any) -> ReceivedEvent:
        """A fact of a conversation, now."""
        snapshot = case or conversation()
        known = {"conversation": snapshot.id, "key": KEY, "snapshot": snapshot, "at": self.now, **fields}
        fact = ConversationFact.model_validate(known)
        return self.arrived("conversations", f"pasokh.conversation.{name}", fact)

    async def receive_fact(self, name: str, case: Conversation | None = None, **fields: Any) -> None:
        """A fact of a conversation, in a batch of its own."""
        await self.batch([self.fact(name, case, **fields)])

    async def answered(self, seconds: float, case: Conversation | None = None) -> None:
        """The answer to a first run was delivered; it was accepted so long after the customer's message."""
        at = START + timedelta(seconds=seconds)
        run = ResponseRun(
            run=1, kind="first_response", state="answered", started_at=START, accepted_at=at, ended_at=at, visible_at=at
        )
        await self.receive_fact("reply_delivered", case, author="agent", ended_responses=[run])

    def clock_fact(self, name: str, late_by: float | None = None) -> ReceivedEvent:
        """A fact of a clock."""
        clock = Clock(
            metric="first_response", policy="p", target_seconds=60, started_at=START, due_at=START, state="breached"
        )
        fact = ClockFact(
            conversation="c1",
            key=KEY,
            workspace="w",
            metric="first_response",
            clock=clock,
            policy_version=1,
            late_by_seconds=late_by,
            channel="telegram",
            account="main",
            surface="private",
            team="default",
            priority="normal",
        )
        return self.arrived("sla", f"pasokh.sla.{name}", fact)

    def activity(self, kind: str, identity: str) -> ReceivedEvent:
        """An event of ingest: without a number, its id the activity's."""
        activity = Activity.model_validate(
            {
                "id": identity,
                "workspace": "w",
                "channel": "telegram",
                "account": "main",
                "kind": kind,
                "surface": "private",
                "person": "telegram:main:1",
                "received_at": self.now,
            }
        )
        one = self.arrived("inbound", f"pasokh.inbound.{kind}", activity)
        event = one.event.model_copy(update={"id": identity, "source": "ingest", "seq": None, "index": None})
        return ReceivedEvent(event, one.topic, one.offset)

    def sent_delivery(self) -> ReceivedEvent:
        """A platform took an answer."""
        sent = DeliverySent(message="m", conversation="c1", key=KEY, attempts=1, at=self.now)
        return self.arrived("deliveries", "pasokh.delivery.sent", sent)

    async def scrape(self) -> str:
        """What `/metrics` says after a refresh."""
        await self.totals.refresh()
        return generate_latest(self.registry).decode()

    async def value(self, name: str, **labels: str) -> float:
        """The sum of all series of a sample that have these labels."""
        await self.totals.refresh()
        samples = [s for metric in self.registry.collect() for s in metric.samples if s.name == name]
        return sum(s.value for s in samples if labels.items() <= s.labels.items())
