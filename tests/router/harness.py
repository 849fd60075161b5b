"""The event stream of a workspace over fakes: what the router would have committed and published, and a client of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import orjson
from prometheus_client import CollectorRegistry

from schemas.envelope import Event, encode
from services.platform.bus.broadcaster import FactBroadcaster
from services.platform.bus.port import ProducerRecord
from services.platform.http.app import open_app
from services.platform.http.open_streams import OpenStreams
from services.platform.http.service import Context, ServiceComponents
from services.platform.store.collections import ROWS, PartitionCheckpoint
from services.records.desk import SessionAuthenticator
from services.records.keys import ApiKeyAuthenticator
from services.router import read_marks
from services.router.events import TOPICS, build_router, stream_shares
from services.router.instruments import DeskInstruments
from services.router.live_inbox import routes as live_inbox
from services.router.live_inbox.hub import InboxHub
from services.router.live_inbox.pace import Pace
from services.router.stream_check import FactStream, open_fact_streams
from tests.fakes import START, FakeHttp, ManualTimeSource, MemoryBus, MemoryStore
from tests.rest import ADMIN_KEY, COLLECTIONS, Rest, routers_over, settings_with

SOON = 30.0


NOUNS = {"sla": "sla", "dispatch": "agent", "collector": "account"}
"""What the facts of a group are about; conversations where it is not here."""


@dataclass
class StreamClient:
    """One open stream. `blocks` are what came, without comments."""

    status: int | None = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]
            self.ended = not message.get("more_body", False)
        self.changed.set()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def blocks(self) -> list[dict[str, str]]:
        texts = [text for text in self.body.decode().split("\n\n")[:-1] if not text.startswith(":")]
        return [dict(line.split(": ", 1) for line in text.split("\n")) for text in texts]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(block["data"]) for block in self.blocks if "data" in block]

    @property
    def words(self) -> list[str]:
        """The word of each fact that came."""
        return [event["data"]["word"] for event in self.events]

    async def wait_until(self, done: Any) -> None:
        async with asyncio.timeout(SOON):
            while not done():
                self.changed.clear()
                await self.changed.wait()

    async def wait_for_events(self, count: int) -> list[str]:
        await self.wait_until(lambda: len(self.events) >= count)
        return self.words


@dataclass
class StreamHarness:
    """A workspace `shop`, its facts, and clients of its stream."""

    rest: Rest
    app: Any
    streams: OpenStreams[FactStream]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)

    def commit(self, *words: str, source: str = "conversations/0", workspace: str = "shop") -> list[Event]:
        """Facts of one batch, kept as the commit keeps them; `publish` brings them to the bus."""
        seq = self.seqs[source] = self.seqs.get(source, 0) + 1
        self.rest.time_source.move(0.001)
        facts = [self._fact(source, seq, n, word, workspace) for n, word in enumerate(words)]
        for fact in facts:
            self.rest.store.insert_fact(fact)
        self.rest.store.insert(ROWS, source, PartitionCheckpoint(seq=seq, decided_at=self.rest.time_source.now()))
        return facts

    def _fact(self, source: str, seq: int, index: int, word: str, workspace: str) -> Event:
        group = source.split("/", maxsplit=1)[0]
        elapsed = (self.rest.time_source.now() - START) / timedelta(microseconds=1)
        return Event(
            id=f"{int(elapsed):012d}-{index:04d}-{source}",
            source=source,
            type=f"pasokh.{NOUNS.get(group, 'conversation')}.{word}",
            time=self.rest.time_source.now(),
            workspace=workspace,
            partitionkey=f"{workspace}/telegram:main:1",
            seq=seq,
            index=index,
            data={"conversation": "c", "word": word},
        )

    async def publish(self, *events: Event) -> None:
        await self.rest.bus.publish(
            [ProducerRecord(*_where(event), event.partitionkey, encode(event)) for event in events]
        )

    async def commit_and_publish(self, *words: str, **where: str) -> list[Event]:
        facts = self.commit(*words, **where)
        await self.publish(*facts)
        return facts

    async def open(
        self, path: str = "/v1/workspaces/shop/events", *, reads: bool = True, **headers: str
    ) -> StreamClient:
        """A client whose stream has begun."""
        client = StreamClient()
        if reads:
            client.reads.set()
        given = {"authorization": f"Bearer {ADMIN_KEY}", **{n.replace("_", "-"): v for n, v in headers.items()}}
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": [(n.encode(), v.encode()) for n, v in given.items()],
            "client": ("127.0.0.1", 5000),
            "server": ("pasokh", 80),
        }
        self.tasks.append(asyncio.create_task(self.app(scope, client.receive, client.send)))
        if reads:
            await client.wait_until(lambda: client.body or client.ended)
        return client


def _where(event: Event) -> tuple[str, int]:
    group, partition = event.source.split("/")
    return group, int(partition)


@asynccontextmanager
async def open_stream(
    *, most: int = 1000, heartbeat_seconds: float = 60.0, **given: Any
) -> AsyncIterator[StreamHarness]:
    """Everything over fakes; what is open is closed at the end."""
    store, bus, clock = MemoryStore(*COLLECTIONS), MemoryBus(), ManualTimeSource()
    context = Context(settings_with(**given), store, bus, clock)
    keys = ApiKeyAuthenticator(store, clock.monotonic)
    following = FactBroadcaster(bus, TOPICS, max_queued=most)
    streams = open_fact_streams(store)
    events = ServiceComponents(
        routers=[build_router(following, streams, stream_shares(context), heartbeat_seconds=heartbeat_seconds)]
    )
    metrics = CollectorRegistry()
    hub = InboxHub(context, Pace(least=0.0, most=0.01, counts=0.02, linger=0.2, idle=0.2))
    inbox = live_inbox.build_router(
        hub, streams, stream_shares(context), DeskInstruments(metrics), beat_seconds=heartbeat_seconds
    )
    async with (
        open_app(
            context,
            [
                ServiceComponents(routers=routers_over(context)),
                events,
                ServiceComponents(routers=[inbox, read_marks.build_router(hub.read)]),
            ],
            keys.find,
            find_session=SessionAuthenticator(store, clock.now).find,
        ) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://pasokh") as client,
    ):
        rest = Rest(client, store, bus, clock, keys, FakeHttp())
        await rest.workspace()
        found = StreamHarness(rest, app, streams, metrics=metrics)
        found.tasks.append(asyncio.create_task(following.run()))
        inbox_reader = asyncio.create_task(hub.run())
        try:
            yield found
        finally:
            for task in [*found.tasks, inbox_reader]:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
