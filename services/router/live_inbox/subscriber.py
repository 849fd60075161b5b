"""One open stream of an inbox: whose it is, what they may see now, and what is to be sent to them."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.configuration import Visibility
from services.domain.inbox import InboxView
from services.domain.viewer import Viewer, agent_viewer
from services.platform.core.time_source import TimeSource
from services.platform.http.sse import format_id
from services.platform.store.port import Document
from services.records.agents import AGENTS, AgentRecord
from services.records.keys import bound_agent
from services.router.agent_views import agent_view
from services.router.live_inbox.changes import InboxChanges
from services.router.live_inbox.sending import event_of, hello, sse_event

MAX_QUEUED_BYTES = 4_000_000
"""A page that reads more slowly than this is ended: it comes back with its id, and gets what changed once."""


@dataclass(frozen=True, slots=True)
class AgentVersion:
    """What of an agent and a workspace decides what the agent may see."""

    version: int
    visibility: Visibility


class InboxSubscriber:
    """A stream's queue of events.

    Until `begin` it takes no events: what changes is put aside in `held`. `ended`: no more will come.
    """

    def __init__(self, agent: str, generation: int, time_source: TimeSource) -> None:
        self.agent, self.ended = agent, False
        self.held: InboxChanges | None = InboxChanges()
        self.viewer = Viewer(agent)
        self.is_lead = False
        self.counts: dict[InboxView, int] = {}
        self._generation, self._time_source = generation, time_source
        self._known: AgentVersion | None = None
        self._document: Document | None = None
        self._me = b""
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._news = asyncio.Event()

    # -- the stream's side ---------------------------------------------------------------------------------------------

    async def take(self, wait: float) -> bytes:
        """What is to be sent now; empty after `wait` seconds without anything, or at once when it ended."""
        try:
            async with asyncio.timeout(max(0.0, wait)):
                await self._news.wait()
        except TimeoutError:
            return b""
        self._news.clear()
        chunk = b"".join(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        return chunk

    def end(self) -> None:
        """No more will come."""
        self.ended = True
        self._news.set()

    # -- the feed's side -----------------------------------------------------------------------------------------------

    def push(self, events: Iterable[bytes]) -> None:
        """Send some events."""
        for event in events:
            self._queue.append(event)
            self._queued_bytes += len(event)
        if self._queued_bytes > MAX_QUEUED_BYTES:
            self._queue.clear()
            self.end()
        elif self._queue:
            self._news.set()

    def push_position(self, identity: str) -> None:
        """Everything up to this id was sent."""
        self.push([format_id(identity)])

    def look(self, document: Document | None, visibility: Visibility) -> None:
        """Take in the agent as they are stored now: what they may see, and what they see of themselves.

        Where what they may see changed, they are told to read all lists anew. Without the agent the stream ends.
        """
        if document is None:
            self.end()
            return
        seen = AgentVersion(_version(document), visibility)
        if document == self._document and seen == self._known:
            return
        record = AGENTS.decode(document)
        agent = bound_agent(record, self._generation)
        if agent is None:
            self.end()
            return
        viewer = agent_viewer(agent.id, agent.teams, is_lead=agent.is_lead, visibility=visibility)
        changed = self._known is not None and viewer != self.viewer
        self.viewer, self.is_lead, self._known, self._document = viewer, agent.is_lead, seen, document
        if changed:
            self.counts = {}
            self.push([hello(self._time_source.now(), reset=True)])
        self._show(record)

    def _show(self, record: AgentRecord) -> None:
        shown = agent_view(record).model_dump_json().encode()
        if shown != self._me:
            self._me = shown
            self.push([sse_event("me", shown)])

    def tell_counts(self, counts: dict[InboxView, int]) -> None:
        """Send how many conversations each view has, where that changed."""
        if counts != self.counts:
            self.counts = counts
            self.push([event_of("counts", {str(view): count for view, count in counts.items()})])


def _version(document: Document) -> int:
    version = document["version"]
    return version if isinstance(version, int) else 0


def live(subscribers: Iterable[InboxSubscriber]) -> Sequence[InboxSubscriber]:
    """Those that take events."""
    return [one for one in subscribers if one.held is None and not one.ended]
