"""One partition of the stage `webhooks` with everything around it: store, timers, endpoints, a clock that tests move."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import Event
from schemas.webhooks import Webhook, WebhookReplay
from services.platform.http.outgoing import HttpResponse
from services.platform.processing.processor import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, PartitionContext, UnitOfWork
from services.platform.store.collections import FACTS, RUNTIME_COLLECTIONS, TIMERS, Fact, Timer
from services.platform.store.port import Changes, Collection, Key, Put
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, version_id
from services.records.subscriptions import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
    DeliveryRecord,
    EndpointState,
    delivery_id,
    endpoint_id,
)
from services.subscriptions.instruments import WebhookInstruments
from services.subscriptions.post import PostDependencies
from services.subscriptions.processor import REPLAY_TYPE, WebhooksStage
from tests.fakes import START, MemoryStore, MovedClock

SECRET = "whsec_YW4gaW52ZW50ZWQgc2VjcmV0IG9mIHRlc3Rz"
CRM, DEAD = "https://crm.example.com/hook", "https://dead.example.com/hook"
# Any: a collection of some model is none of every model.
COLLECTIONS: Sequence[Collection[Any]] = (
    *RUNTIME_COLLECTIONS,
    CONFIGURATIONS,
    CONFIGURATION_HEADS,
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
)


@dataclass
class Endpoints:
    """Who is called: `answers` by URL, 204 where there is none; an exception is raised instead."""

    answers: dict[str, Callable[[], HttpResponse | Exception]] = field(default_factory=dict)
    calls: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def post_json(self, url: str, body: object) -> HttpResponse:
        raise AssertionError("what is signed must not be encoded again")

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        self.calls.append((url, body, headers))
        said = self.answers.get(url, lambda: HttpResponse(204, {}, b""))()
        if isinstance(said, Exception):
            raise said
        return said

    def ids(self, url: str = CRM) -> list[str]:
        """The `webhook-id` of each call to a URL, in order."""
        return [headers["webhook-id"] for called, _, headers in self.calls if called == url]


def status(code: int, **headers: str) -> Callable[[], HttpResponse]:
    return lambda: HttpResponse(code, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


class WebhooksHarness:
    """Batches, commits, timers and effects, played by hand."""

    def __init__(self, partitions: int = 1) -> None:
        self.clock, self.store, self.endpoints = MovedClock(), MemoryStore(), Endpoints()
        self.partitions, self.seq, self.version = partitions, 0, 0
        self.effects: list[Effect] = []
        self.webhooks: dict[str, Versioned[Webhook]] = {}
        self.outside = PostDependencies(
            self.endpoints, self.store, self.clock, WebhookInstruments(CollectorRegistry()), wait_seconds=0.01
        )
        self.stage = WebhooksStage(self.outside)
        self.memory = self.stage.new_memory()

    async def open(self, **types: Sequence[str]) -> "WebhooksHarness":
        """Subscriptions `crm` for everything, unless others are named by the types that they want."""
        await self.store.prepare(COLLECTIONS)
        for name, wanted in (types or {"crm": ["pasokh."]}).items():
            await self.subscribe(name, types=wanted)
        return self

    async def subscribe(self, name: str, url: str | None = None, *, types: Sequence[str] = ("pasokh.",)) -> None:
        self.version += 1
        body = Webhook(url=url or f"https://{name}.example.com/hook", types=list(types), secret=SECRET)
        self.webhooks[name] = Versioned(body=body, version=self.version, at=START)
        await self._configure()

    async def unsubscribe(self, name: str) -> None:
        self.version += 1
        del self.webhooks[name]
        await self._configure()

    async def _configure(self) -> None:
        itself = Versioned(body=WorkspaceBody(name="W"), version=1, at=START)
        one = WorkspaceConfiguration(workspace="w", version=self.version, itself=itself, webhooks=self.webhooks)
        head = ConfigurationHead(workspace="w", version=self.version)
        puts = [
            Put(Key(CONFIGURATIONS.name, version_id("w", self.version)), one.model_dump(mode="json")),
            Put(Key(CONFIGURATION_HEADS.name, "w"), head.model_dump(mode="json")),
        ]
        await self.store.commit(Changes(puts=puts))

    # -- batches -------------------------------------------------------------------------------------------------------

    async def batch(self, *inputs: Input) -> None:
        self.seq += 1
        work = UnitOfWork(PartitionContext("webhooks", 0, self.partitions, self.seq), self.clock.now(), self.store)
        for one in inputs:
            if isinstance(one, TimerFired):
                work.cancel_timer(one.name)
        await self.stage.load(work, self.memory, inputs)
        for one in inputs:
            self.stage.decide(work, self.memory, one)
        await self.store.commit(Changes(puts=work.puts(), deletes=work.deletes()))
        self.effects += work.effects

    async def happen(self, *events: Event, repeated: int = 1) -> None:
        """Facts are committed by their writer, and read here."""
        facts = [Put(Key(FACTS.name, e.id), _as_fact(e).model_dump(mode="json")) for e in events]
        await self.store.commit(Changes(puts=facts))
        for _ in range(repeated):
            await self.batch(*[ReceivedEvent(event, event.type.split(".")[1], 0) for event in events])

    async def answer(self, limit: int | None = None) -> int:
        """Run what is in flight (at most `limit`) and hand the results in; how many there were."""
        running, self.effects = self.effects[:limit], self.effects[len(self.effects[:limit]) :]
        results = [EffectCompleted(one.name, await self.stage.perform(one)) for one in running]
        if results:
            await self.batch(*results)
        return len(results)

    async def drain(self) -> None:
        """Run effects until none is left; no time passes."""
        while await self.answer():
            await self.fire()

    def crash(self) -> None:
        self.memory, self.effects = self.stage.new_memory(), []

    # -- time ----------------------------------------------------------------------------------------------------------

    def timers(self) -> list[Timer]:
        found = [Timer.model_validate(d) for k, d in self.store.documents.items() if k.collection == TIMERS.name]
        return sorted((t for t in found if t.name != "purge"), key=lambda t: (t.due_at, t.name))

    async def fire(self) -> None:
        due = [TimerFired(t.name, t.due_at, t.data) for t in self.timers() if t.due_at <= self.clock.now()]
        if due:
            await self.batch(*due)

    async def after(self, seconds: float) -> None:
        """Let time pass: timers fire at their time, calls are answered at once."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while True:
            await self.drain()
            timers = self.timers()
            if not timers or timers[0].due_at > end:
                break
            self.clock.move(max(0.0, (timers[0].due_at - self.clock.now()).total_seconds()))
            await self.fire()
        self.clock.move((end - self.clock.now()).total_seconds())

    # -- what became of it ---------------------------------------------------------------------------------------------

    def delivery(self, event: str, webhook: str = "crm") -> DeliveryRecord:
        document = self.store.documents[Key(WEBHOOK_DELIVERIES.name, delivery_id("w", webhook, event))]
        return DeliveryRecord.model_validate(document)

    def line(self, webhook: str = "crm") -> EndpointState:
        """What is known about an endpoint."""
        found = self.store.held(WEBHOOK_ENDPOINTS, endpoint_id(0, "w", webhook))
        assert found is not None
        return EndpointState.model_validate(found)

    def states(self) -> Counter[str]:
        found = [d for k, d in self.store.documents.items() if k.collection == WEBHOOK_DELIVERIES.name]
        return Counter(str(one["state"]) for one in found)

    async def replay(self, webhook: str = "crm", **what: object) -> None:
        asked = WebhookReplay.model_validate({"workspace": "w", "webhook": webhook, **what})
        event = fact("replay-1", REPLAY_TYPE).model_copy(update={"data": asked.model_dump(mode="json")})
        await self.batch(ReceivedEvent(event, "conversations", 0))


def _as_fact(event: Event) -> Fact:
    conversation = event.data.get("conversation")
    return Fact(**event.model_dump(), conversation=conversation if isinstance(conversation, str) else None)


def fact(identity: str, kind: str = "pasokh.conversation.opened", person: str = "1") -> Event:
    """A fact of workspace `w`."""
    key = f"w/telegram:main:{person}"
    return Event(
        id=identity,
        source="conversations/0",
        type=kind,
        time=START,
        workspace="w",
        partitionkey=key,
        seq=1,
        index=0,
        data={"conversation": f"c-{person}", "key": key},
    )


def facts(count: int, prefix: str = "f") -> list[Event]:
    return [fact(f"{prefix}{number}", person=str(number)) for number in range(count)]
