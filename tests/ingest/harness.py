"""Ingest in memory: a store and a bus that can be away, a clock that is moved, and calls to the ASGI app."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from prometheus_client import CollectorRegistry

from schemas.activity import Activity
from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration
from schemas.envelope import Event, decode
from services.channels.abilities import find_abilities
from services.channels.port import Channel
from services.channels.telegram import Telegram
from services.ingest.account_activity import AccountActivityRecorder
from services.ingest.accounts import AccountCache
from services.ingest.bounds import Bounds, ChannelBounds
from services.ingest.instruments import IngestInstruments
from services.ingest.webhooks import WebhookDependencies, Webhooks
from services.platform.core.settings import Settings
from services.platform.http.admission import AdmissionControl
from services.platform.http.rate_limits import RateLimits
from services.records.configuration import CONFIGURATION_HEADS, ConfigurationHead
from tests.configuration import configure
from tests.fakes import START, FakeHttp, ManualTimeSource, MemoryBus, MemoryStore

SECRET_HEADER = "x-telegram-bot-api-secret-token"
PATH = "/webhooks/telegram/shop/main"
SETTINGS = Settings()  # reading the environment takes 2 ms, and a test may build a hundred of these


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


class Ingest:
    """The app and everything around it."""

    def __init__(
        self,
        *,
        admission: AdmissionControl | None = None,
        rates: RateLimits | None = None,
        body_seconds: float = 15.0,
        channel: Channel | None = None,
        http: FakeHttp | None = None,
        at: datetime = START,
    ) -> None:
        self.store, self.bus, self.clock = MemoryStore(), MemoryBus(4), ManualTimeSource(at)
        self.http = http or FakeHttp()
        self.configure(1)
        self.instruments = IngestInstruments()
        self.registry = CollectorRegistry()
        for collector in self.instruments.collectors:
            self.registry.register(collector)
        self.accounts = AccountCache(self.store, self.clock, spacing=0)
        self.noted = MemoryStore()
        self.noted.insert(CONFIGURATION_HEADS, "shop", ConfigurationHead(workspace="shop", version=1))
        self.recorder = AccountActivityRecorder(self.noted, self.clock, self.instruments.ledgers)
        self.bounds = Bounds(
            ChannelBounds(admission or AdmissionControl(), body_seconds), rates=rates or RateLimits(SETTINGS)
        )
        self.serve({"telegram": channel or Telegram()})

    def serve(self, channels: Mapping[str, Channel]) -> None:
        """Serve these channels, by the names of their paths."""
        self.app = Webhooks(
            WebhookDependencies(
                channels=channels,
                abilities=find_abilities(channels.values()),
                accounts=self.accounts,
                store=self.store,
                bus=self.bus,
                http=self.http,
                time_source=self.clock,
                instruments=self.instruments,
                recorder=self.recorder,
                bounds=self.bounds,
            )
        )

    def configure(
        self, version: int, *, workspace: str = "shop", secret: str = "s3cret", accounts: bool = True
    ) -> None:
        """Write this version of a workspace's configuration, with the account `telegram/main` or without."""
        body = AccountBody(credentials={"bot_token": "123456:ABC", "secret_token": secret}, language="fa")
        configuration = WorkspaceConfiguration(
            workspace=workspace,
            version=version,
            profile=Versioned(body=WorkspaceBody(name="Shop", languages=["fa", "en"]), version=1, at=START),
            accounts={"telegram/main": Versioned(body=body, version=version, at=START)} if accounts else {},
        )
        configure(self.store, configuration)

    async def call(
        self,
        body: bytes | Sequence[bytes] = b"",
        *,
        path: str = PATH,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        receive: Any = None,
        address: str = "192.0.2.1",
        query: str = "",
    ) -> Response:
        chunks = [body] if isinstance(body, bytes) else list(body)
        all_headers = {SECRET_HEADER: "s3cret"} | dict(headers or {})
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "client": (address, 50_000),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in all_headers.items()],
        }
        sent: list[Any] = []

        async def next_chunk() -> Any:
            chunk = chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive or next_chunk, send)
        if not sent:
            return Response(0, {}, b"")
        answered = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return Response(sent[0]["status"], answered, b"".join(m.get("body", b"") for m in sent[1:]))

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
