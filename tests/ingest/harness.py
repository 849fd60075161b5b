"""Ingest in memory: a store and a bus that can be away, a clock that is moved, and calls to the ASGI app."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from schemas.activity import Activity
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import Event, decode
from services.channels.port import Channel
from services.channels.telegram import Telegram
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache
from services.ingest.instruments import IngestInstruments
from services.ingest.webhooks import Bounds, Webhooks
from services.platform.bus.port import ProducerRecord
from services.platform.core.errors import Unavailable
from services.platform.core.settings import Settings
from services.platform.http.admission import AdmissionControl
from services.platform.http.rate_limits import RateLimits
from services.platform.store.port import Document, Key, Page, Query
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, version_id
from tests import fakes

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET_HEADER = "x-telegram-bot-api-secret-token"
PATH = "/webhooks/telegram/shop/main"


@dataclass
class MovedClock:
    elapsed: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed


@dataclass
class MemoryStore:
    """Documents by key; `away` raises Unavailable. `reads` counts calls."""

    documents: dict[Key, Document] = field(default_factory=dict)
    away: bool = False
    reads: int = 0

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Document]:
        self.reads += 1
        if self.away:
            raise Unavailable("store")
        return {key: self.documents[key] for key in keys if key in self.documents}

    async def query(self, query: Query) -> Page:
        raise LookupError(query.index)

    def configure(
        self, version: int, *, workspace: str = "shop", secret: str = "s3cret", accounts: bool = True
    ) -> None:
        body = AccountBody(credentials={"bot_token": "123456:ABC", "secret_token": secret}, language="fa")
        configuration = WorkspaceConfiguration(
            workspace=workspace,
            version=version,
            itself=Versioned(body=WorkspaceBody(name="Shop", languages=["fa", "en"]), version=1, at=START),
            accounts={"telegram/main": Versioned(body=body, version=version, at=START)} if accounts else {},
        )
        head = ConfigurationHead(workspace=workspace, version=version)
        self.documents[Key(CONFIGURATIONS.name, version_id(workspace, version))] = configuration.model_dump(mode="json")
        self.documents[Key(CONFIGURATION_HEADS.name, workspace)] = head.model_dump(mode="json")


@dataclass
class MemoryBus:
    """Keeps what was published; `error` is raised instead."""

    partitions: int = 4
    published: list[ProducerRecord] = field(default_factory=list)
    error: Exception | None = None

    async def publish(self, events: Sequence[ProducerRecord]) -> None:
        if self.error is not None:
            raise self.error
        self.published += events

    def consume(self, group: str, topics: Sequence[str]) -> Any:
        raise NotImplementedError

    def tail(self, topics: Sequence[str]) -> Any:
        raise NotImplementedError

    async def end_offsets(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        return dict.fromkeys(topics, len(self.published))

    async def check(self) -> None:
        return None


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


class Ingest:
    """The app and everything around it."""

    def __init__(
        self,
        *,
        room: AdmissionControl | None = None,
        rates: RateLimits | None = None,
        body_seconds: float = 15.0,
        channel: Channel | None = None,
    ) -> None:
        self.store, self.bus, self.clock = MemoryStore(), MemoryBus(), MovedClock()
        self.store.configure(1)
        self.instruments = IngestInstruments()
        self.registry = CollectorRegistry()
        for collector in self.instruments.collectors:
            self.registry.register(collector)
        self.accounts = AccountCache(self.store, self.clock, spacing=0)
        self.noted = fakes.MemoryStore()
        self.notes = AccountActivityRecorder(self.noted, self.clock)
        self.app = Webhooks(
            {"telegram": channel or Telegram()},
            self.accounts,
            self.bus,
            self.clock,
            self.instruments,
            self.notes,
            Bounds(room or AdmissionControl(), rates or RateLimits(Settings()), body_seconds),
        )

    async def call(
        self,
        body: bytes | Sequence[bytes] = b"",
        *,
        path: str = PATH,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        receive: Any = None,
        address: str = "192.0.2.1",
    ) -> Answered:
        chunks = [body] if isinstance(body, bytes) else list(body)
        given = {SECRET_HEADER: "s3cret"} | dict(headers or {})
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "client": (address, 50_000),
            "query_string": b"",
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
        }
        sent: list[Any] = []

        async def next_chunk() -> Any:
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive or next_chunk, send)
        if not sent:
            return Answered(0, {}, b"")
        answered = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Answered(sent[0]["status"], answered, b"".join(m.get("body", b"") for m in sent[1:]))

    @property
    def events(self) -> list[Event]:
        return [decode(one.value) for one in self.bus.published]

    @property
    def activities(self) -> list[Activity]:
        return [Activity.model_validate(event.data) for event in self.events]

    def count(self, name: str) -> float:
        """The sum of a counter over all its labels."""
        samples = [s for metric in self.registry.collect() for s in metric.samples]
        return sum(s.value for s in samples if s.name == f"pasokh_ingest_{name}_total")


def update(
    text: str = "سلام سفارش من کجاست", *, group: bool = False, number: int = 1, author: Any = None, **message: Any
) -> bytes:
    chat = {"id": -500, "type": "supergroup"} if group else {"id": 7, "type": "private"}
    fields = {
        "message_id": number,
        "date": 1772366400,
        "chat": chat,
        "from": author or {"id": 7, "first_name": "Sara"},
        "text": text,
    }
    return json.dumps({"update_id": number, "message": fields | message}).encode()
