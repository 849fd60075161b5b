"""One partition of the processor `webhooks` with fakes around it: store, timers, endpoints, a time source that tests move."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import Event
from schemas.webhooks import WEBHOOK_REPLAY, Webhook, WebhookReplay
from services.platform.http.outgoing import HttpResponse
from services.platform.processing.inputs import ReceivedEvent
from services.platform.store.collections import RUNTIME_COLLECTIONS, put_fact
from services.platform.store.port import Changes, Collection, Key
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
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
from services.subscriptions.processor import PROCESSOR
from tests.configuration import configure
from tests.driver import Driver
from tests.fakes import START, FakeHttp, HttpCall, ManualTimeSource, MemoryStore

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


Endpoint = Callable[[], HttpResponse | Exception]
"""What a subscriber's endpoint answers to a call; an exception is raised."""


def status(code: int, **headers: str) -> Callable[[], HttpResponse]:
    return lambda: HttpResponse(code, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


class WebhooksHarness(Driver):
    """One partition with its endpoints: `answers` by URL, 204 where there is none."""

    def __init__(self, partitions: int = 1) -> None:
        time_source, store = ManualTimeSource(), MemoryStore(*COLLECTIONS)
        self.answers: dict[str, Endpoint] = {}
        self.http = FakeHttp(self._respond)
        self.dependencies = PostDependencies(
            self.http, store, time_source, WebhookInstruments(CollectorRegistry()), wait_seconds=0.01
        )
        super().__init__(PROCESSOR.bind(self.dependencies), store=store, time_source=time_source, partitions=partitions)
        self.version = 0
        self.subscriptions: dict[str, Versioned[Webhook]] = {}

    def _respond(self, call: HttpCall) -> HttpResponse:
        answer = self.answers.get(call.url, status(204))()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def called(self, url: str = CRM) -> list[str]:
        """The `webhook-id` of each call to a URL, in order."""
        return [call.headers["webhook-id"] for call in self.http.calls if call.url == url]

    async def open(self, **types: Sequence[str]) -> "WebhooksHarness":
        """Subscriptions `crm` for everything, unless others are named by the types that they want."""
        for name, wanted in (types or {"crm": ["pasokh."]}).items():
            await self.subscribe(name, types=wanted)
        return self

    async def subscribe(self, name: str, url: str | None = None, *, types: Sequence[str] = ("pasokh.",)) -> None:
        self.version += 1
        body = Webhook(url=url or f"https://{name}.example.com/hook", types=list(types), secret=SECRET)
        self.subscriptions[name] = Versioned(body=body, version=self.version, at=START)
        await self._configure()

    async def unsubscribe(self, name: str) -> None:
        self.version += 1
        del self.subscriptions[name]
        await self._configure()

    async def _configure(self) -> None:
        profile = Versioned(body=WorkspaceBody(name="W"), version=1, at=START)
        configuration = WorkspaceConfiguration(
            workspace="w", version=self.version, profile=profile, webhooks=self.subscriptions
        )
        configure(self.store, configuration)

    # -- batches -------------------------------------------------------------------------------------------------------

    async def publish(self, *events: Event, repeated: int = 1) -> None:
        """Facts are committed by their writer, and read here."""
        await self.store.commit(Changes(puts=[put_fact(event) for event in events]))
        for _ in range(repeated):
            await self.batch([ReceivedEvent(event, event.type.split(".")[1], 0) for event in events])

    async def drain(self) -> None:
        """Perform effects, and fire timers that are due, until no effect is left; no time passes."""
        while await self.complete_effects():
            await self.fire_due()

    # -- time ----------------------------------------------------------------------------------------------------------

    async def advance_to(self, moment: datetime) -> None:
        """Move time: timers fire when they are due, calls are answered at once."""
        while True:
            await self.drain()
            timers = self.timers()
            if not timers or timers[0].due_at > moment:
                break
            await self.run_to_next_timer()
        self.now = moment

    # -- what became of it ---------------------------------------------------------------------------------------------

    def delivery(self, event: str, webhook: str = "crm") -> DeliveryRecord:
        document = self.store.documents[Key(WEBHOOK_DELIVERIES.name, delivery_id("w", webhook, event))]
        return WEBHOOK_DELIVERIES.decode(document)

    def endpoint(self, webhook: str = "crm") -> EndpointState:
        """What is known about an endpoint."""
        found = self.store.find(WEBHOOK_ENDPOINTS, endpoint_id(0, "w", webhook))
        assert found is not None
        return found

    def states(self) -> Counter[str]:
        found = [d for k, d in self.store.documents.items() if k.collection == WEBHOOK_DELIVERIES.name]
        return Counter(str(document["state"]) for document in found)

    async def replay(self, webhook: str = "crm", **what: object) -> None:
        asked = WebhookReplay.model_validate({"workspace": "w", "webhook": webhook, **what})
        event = fact("replay-1", WEBHOOK_REPLAY).model_copy(update={"data": asked.model_dump(mode="json")})
        await self.batch([ReceivedEvent(event, "conversations", 0)])


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
