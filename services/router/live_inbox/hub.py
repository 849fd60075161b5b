"""One reader of the log per process for the pages of all its agents, in no group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from schemas.envelope import Event, decode
from schemas.signals import AgentSignal
from schemas.topics import INBOUND_TOPICS, is_fact
from services.domain.signals import SignalBoard, Told
from services.platform.bus.port import Record
from services.platform.bus.tail_reader import TailReader
from services.platform.core.errors import Unavailable
from services.platform.http.service import Context
from services.router.live_inbox.feed import WorkspaceFeed
from services.router.live_inbox.pace import Pace
from services.router.live_inbox.receipts import RECEIPT
from services.router.live_inbox.sending import signal_event

TOPICS = ("conversations", "sla", "routing", "assignments", "agents", "signals", *INBOUND_TOPICS)
"""Of `routing`, `assignments` and `agents` it counts that something comes: agents change then. Of `inbound` only receipts are looked at."""
OPEN_SECONDS = 5.0
log = structlog.get_logger(__name__)


class InboxHub:
    """The feeds of the workspaces that have a page open in this process."""

    def __init__(self, context: Context, pace: Pace | None = None) -> None:
        self._context, self._pace = context, pace or Pace()
        self._reader = TailReader(context.bus, TOPICS, self)
        self._feeds: dict[str, WorkspaceFeed] = {}
        self._tasks: dict[WorkspaceFeed, asyncio.Task[None]] = {}
        self._open = asyncio.Event()
        self._signals = SignalBoard()

    async def run(self) -> None:
        """Read while a page is open, until it is cancelled."""
        await self._reader.run()

    @asynccontextmanager
    async def following(self, workspace: str) -> AsyncIterator[WorkspaceFeed]:
        """The feed of a workspace, which gets every fact from now on. It lasts while anybody follows it. Raises Unavailable."""
        feed = self._feeds.get(workspace)
        if feed is None:
            feed = self._feeds[workspace] = WorkspaceFeed(self._context, workspace, self._pace, self._signals)
            self._tasks[feed] = asyncio.create_task(self._run_feed(workspace, feed))
        feed.followers += 1
        try:
            await self._ready(feed)
            yield feed
        finally:
            feed.followers -= 1
            if not feed.followers:
                await self._stop(workspace, feed)

    def send(self, workspace: str, conversation: str, event: bytes) -> None:
        """An event about a conversation to all pages of this process whose agents may see it."""
        feed = self._feeds.get(workspace)
        if feed is not None:
            feed.send(conversation, event)

    def read(self, workspace: str, conversation: str, agent: str) -> None:
        """An agent has read a conversation, or made it unread: their pages in this process are told at once."""
        feed = self._feeds.get(workspace)
        if feed is not None:
            feed.read(conversation, agent)

    async def _ready(self, feed: WorkspaceFeed) -> None:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await feed.ready.wait()
        except TimeoutError as error:
            raise Unavailable("the bus cannot be followed now") from error

    async def _run_feed(self, workspace: str, feed: WorkspaceFeed) -> None:
        try:
            # Before anything is read of the store: what is committed from here on comes by the log.
            self._reader.want()
            await self._open.wait()
            await feed.run()
        except Unavailable as error:
            log.warning("inbox_feed_ended", workspace=workspace, reason=str(error))
        except Exception:  # a bug in one workspace must not end the streams of all
            log.exception("inbox_feed_failed", workspace=workspace)
        finally:
            if self._feeds.get(workspace) is feed:
                del self._feeds[workspace]
            feed.end()

    async def _stop(self, workspace: str, feed: WorkspaceFeed) -> None:
        if self._feeds.get(workspace) is feed:
            del self._feeds[workspace]
        task = self._tasks.pop(feed)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    # -- the reader's listener -----------------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        return bool(self._feeds)

    def on_open(self) -> None:
        self._open.set()

    def on_closed(self) -> None:
        self._open.clear()

    def on_lost(self) -> None:
        for feed in self._feeds.values():
            feed.end()

    def on_records(self, records: Sequence[Record]) -> None:
        # This is called each second, though nothing came.
        for told in self._signals.expire(self._context.time_source.now()):
            self._tell(told)
        for record in records:
            feed = self._feeds.get(record.key.split("/", 1)[0])
            if feed is None:
                continue
            if record.topic == "signals":
                self._take_signal(record)
                continue
            if record.topic in INBOUND_TOPICS:
                if RECEIPT in record.value:
                    feed.receipt(record.key)
                continue
            fact = _to_fact(record)
            if fact is None:
                feed.stir()
            else:
                feed.note(fact)

    def _take_signal(self, record: Record) -> None:
        try:
            event = decode(record.value)
            signal = event.payload_as(AgentSignal)
        except ValueError:
            return
        for told in self._signals.take(event.workspace, signal, self._context.time_source.now()):
            self._tell(told)

    def _tell(self, told: Told) -> None:
        self.send(told.workspace, told.conversation, signal_event(told))


def _to_fact(record: Record) -> Event | None:
    if record.topic not in ("conversations", "sla"):
        return None
    try:
        event = decode(record.value)
    except ValueError:
        # A record that is no event becomes a dead letter at the processors that read it.
        return None
    return event if is_fact(event.type) else None
