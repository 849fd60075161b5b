"""The event stream of a workspace. A client can resume it after a disconnect without losing or repeating a fact."""

import asyncio
import heapq
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Container, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request

from schemas.envelope import Event, encode
from services.platform.bus import stream_position
from services.platform.bus.broadcaster import MAX_LISTENERS, FactBroadcaster, FactRecord, Subscriber
from services.platform.bus.stream_position import StreamPosition
from services.platform.core.identifiers import hashed_id
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.http.open_streams import OpenStreams
from services.platform.http.problems import UnprocessableContent
from services.platform.http.service import Context
from services.platform.http.sse import HEARTBEAT, EventStream, format_event, format_id
from services.platform.http.stream_limits import StreamShares
from services.platform.store import port
from services.platform.store.all_pages import all_documents
from services.platform.store.collections import FACTS, ROWS
from services.platform.store.port import Key
from services.rest.dependencies import ExistingWorkspace
from services.rest.viewer import read_current_viewer, visible_facts
from services.router.stream_check import FactStream

TOPICS = ("conversations", "sla", "accounts", "agents")
"""The topics of facts."""
WRITERS = ("conversations", "sla", "collector", "dispatch")
"""The groups that write them."""
HEARTBEAT_SECONDS = 15.0
REPLAY_BATCH_SIZE = 100
SEPARATOR = "."
"""Between the mark of the workspace and the stream position in an event id."""
AccessCheck = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Stream:
    """One client's stream of facts whose types begin with one of `prefixes`; without prefixes, of all facts."""

    context: Context
    following: FactBroadcaster
    streams: OpenStreams[FactStream]
    caller: Principal
    workspace: str
    prefixes: Sequence[str]
    permitted: AccessCheck
    shares: StreamShares
    heartbeat_seconds: float = HEARTBEAT_SECONDS

    async def sse_chunks(self, resumed: StreamPosition | None) -> AsyncGenerator[bytes, None]:
        """The stream as server-sent events. It begins with an id, so that a client that leaves at once loses no fact.

        Raises Unavailable, and TooManyRequests when the key or the workspace has its share of streams.
        """
        async with (
            self._shared(),
            self.following.listening(self.workspace) as listener,
            self._registered(listener),
        ):
            # Subscribed first, then read: a fact that is stored in between comes twice, and `admit` drops the second.
            seen = resumed or await self._current_position()
            yield format_id(self._identity(seen))
            missed = resumed is not None
            while True:
                if missed:
                    async for facts in in_batches(self._replay(seen), REPLAY_BATCH_SIZE):
                        if listener.ended:
                            return
                        async for chunk in self._events(seen, facts):
                            yield chunk
                async for chunk in self._live(seen, listener):
                    yield chunk
                if listener.ended:
                    return
                # The subscriber's buffer overflowed: what it dropped is read from the store, then it goes on live.
                listener.missed, missed = False, True

    @asynccontextmanager
    async def _shared(self) -> AsyncIterator[None]:
        with self.shares.open_stream({"key": self.caller.key, "workspace": self.workspace}):
            yield

    @asynccontextmanager
    async def _registered(self, listener: Subscriber) -> AsyncIterator[None]:
        with self.streams.register(FactStream(self.caller, self.workspace, listener)):
            yield

    async def _live(self, seen: StreamPosition, listener: Subscriber) -> AsyncIterator[bytes]:
        checked = self.context.time_source.monotonic()
        while not (listener.missed or listener.ended):
            facts = await listener.next_batch(self.heartbeat_seconds)
            async for chunk in self._events(seen, facts):
                yield chunk
            if not facts:
                yield HEARTBEAT
            if self.context.time_source.monotonic() - checked >= self.heartbeat_seconds:
                # The key may have been deleted since: then this raises, and the stream ends.
                await self.permitted()
                checked = self.context.time_source.monotonic()

    async def _events(self, seen: StreamPosition, facts: Sequence[FactRecord]) -> AsyncIterator[bytes]:
        """Those of some facts that the client has not had, wants, and may see."""
        visible = await self._visible(facts)
        for fact in facts:
            # Admitted also if they are not shown, so that the position passes over them.
            if seen.admit(fact.event) and self._is_wanted(fact.event) and fact.event.id in visible:
                yield format_event(fact.value, identity=self._identity(seen), event=fact.event.type)

    async def _visible(self, facts: Sequence[FactRecord]) -> Container[str]:
        # Read anew for each batch: teams, role and visibility change while a stream is open.
        store, events = self.context.store, [fact.event for fact in facts]
        viewer = await read_current_viewer(store, self.workspace, self.caller)
        return await visible_facts(store, viewer, self.workspace, events)

    def _identity(self, seen: StreamPosition) -> str:
        return f"{_mark(self.workspace)}{SEPARATOR}{seen.text()}"

    def _is_wanted(self, event: Event) -> bool:
        return not self.prefixes or event.type.startswith(tuple(self.prefixes))

    def _sources(self) -> list[str]:
        return [f"{group}/{partition}" for group in WRITERS for partition in range(self.context.bus.partitions)]

    async def _current_position(self) -> StreamPosition:
        keys = [Key(ROWS.name, source) for source in self._sources()]
        rows = await self.context.store.get_many(keys)
        return stream_position.after({key.id: int(str(row["seq"])) for key, row in rows.items()})

    async def _replay(self, seen: StreamPosition) -> AsyncIterator[FactRecord]:
        """Facts after the vector, by time; those of one source in the order of their numbers."""
        sources = [self._of_source(source, seen) for source in self._sources()]
        heads = await asyncio.gather(*(anext(source, None) for source in sources))
        waiting = [(_sort_position(head), n, head) for n, head in enumerate(heads) if head is not None]
        heapq.heapify(waiting)
        while waiting:
            _, n, fact = heapq.heappop(waiting)
            yield fact
            following = await anext(sources[n], None)
            if following is not None:
                heapq.heappush(waiting, (_sort_position(following), n, following))

    async def _of_source(self, source: str, seen: StreamPosition) -> AsyncIterator[FactRecord]:
        equals = {"workspace": self.workspace, "source": source}
        query = port.Query(FACTS.name, "source", {**equals}, at_least=max(0, seen.of(source)[0]))
        async for _, document in all_documents(self.context.store, query):
            event = Event.model_validate(document)
            yield FactRecord(event, encode(event))


async def in_batches(facts: AsyncIterator[FactRecord], size: int) -> AsyncIterator[list[FactRecord]]:
    """The facts in lists of at most `size`."""
    batch: list[FactRecord] = []
    async for fact in facts:
        batch.append(fact)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _sort_position(record: FactRecord) -> tuple[float, str]:
    return record.event.time.timestamp(), record.event.id


def stream_shares(context: Context) -> StreamShares:
    """How the streams of a process are shared, as the settings say."""
    settings = context.settings
    most = {"key": settings.key_streams, "workspace": settings.workspace_streams}
    return StreamShares(most, MAX_LISTENERS, context.admission, fair=frozenset({"workspace"}))


def build_router(
    following: FactBroadcaster,
    streams: OpenStreams[FactStream],
    shares: StreamShares,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> APIRouter:
    """The route of the stream. `following` and `streams` must be run beside it."""
    permitted = require_scope("read")

    async def stream(
        request: Request,
        caller: Annotated[Principal, Depends(current_caller)],
        configuration: ExistingWorkspace,
        context: ContextDep,
        last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20_000)] = None,
        types: Annotated[list[str] | None, Query(max_length=20)] = None,
    ) -> EventStream:
        """Facts as server-sent events, from now on or after `Last-Event-ID`. `types`: prefixes of the wanted types.

        Who is bound to an agent gets those of the conversations that the agent may see.
        """
        events = Stream(
            context=context,
            following=following,
            streams=streams,
            caller=caller,
            workspace=configuration.workspace,
            prefixes=[prefix for value in types or [] for prefix in value.split(",") if prefix],
            permitted=lambda: permitted(request, None, None),
            shares=shares,
            heartbeat_seconds=heartbeat_seconds,
        )
        return EventStream(events.sse_chunks(_position_from_header(configuration.workspace, last_event_id)))

    router = APIRouter(prefix="/v1/workspaces/{workspace}", tags=["events"])
    described = {"description": "Facts as they happen", "content": {EventStream.media_type: {"schema": {}}}}
    router.add_api_route(
        "/events",
        stream,
        dependencies=[Depends(permitted)],
        response_class=EventStream,
        responses={200: described},
    )
    return router


def _position_from_header(workspace: str, last_event_id: str | None) -> StreamPosition | None:
    if not last_event_id:
        return None
    mark, separator, text = last_event_id.rpartition(SEPARATOR)
    try:
        # Ids of older versions name no workspace: they count for the workspace of the path.
        if separator and mark != _mark(workspace):
            raise ValueError("this is an id of another workspace's stream")
        return stream_position.read(text)
    except ValueError as error:
        sentence = "This is no id of this stream. Leave it out to start now."
        raise UnprocessableContent(("/header/Last-Event-ID", sentence)) from error


def _mark(workspace: str) -> str:
    return hashed_id("stream", workspace)[:8]
