"""`GET …/inbox/stream`: the inbox of an agent as it changes, as server-sent events that a page can resume."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from pydantic import Field
from starlette.requests import Request

from schemas.configuration import WorkspaceSettings
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.http.open_streams import OpenStreams
from services.platform.http.service import Context
from services.platform.http.sse import EventStream
from services.platform.http.stream_limits import StreamShares
from services.rest.dependencies import ExistingWorkspace
from services.router.inbox_routes import CountsQuery, inbox_agent
from services.router.instruments import DeskInstruments
from services.router.live_inbox.changes import InboxChanges
from services.router.live_inbox.feed import WorkspaceFeed
from services.router.live_inbox.hub import InboxHub
from services.router.live_inbox.sending import beat, hello
from services.router.live_inbox.subscriber import InboxSubscriber
from services.router.stream_check import FactStream

AccessCheck = Callable[[], Awaitable[object]]


class InboxStreamQuery(CountsQuery):
    """Whose inbox it is, and where to go on."""

    last_event_id: str | None = Field(
        default=None, max_length=20_000, description="As the header `Last-Event-ID`, which counts where both are given."
    )


@dataclass(frozen=True, slots=True)
class InboxStream:
    """One page's stream of the inbox of `agent`, an agent who was created at `generation`."""

    context: Context
    hub: InboxHub
    streams: OpenStreams[FactStream]
    shares: StreamShares
    caller: Principal
    workspace: str
    agent: str
    generation: int
    permitted: AccessCheck
    beat_seconds: float
    instruments: DeskInstruments

    async def sse_chunks(self, last_event_id: str | None) -> AsyncGenerator[bytes, None]:
        """The stream as server-sent events. Raises Unavailable, and TooManyRequests for who has their share of streams."""
        async with self._opened() as (feed, page):
            missed = await feed.sources.missed(last_event_id, self.agent) if last_event_id else InboxChanges()
            yield hello(self.context.time_source.now(), reset=missed is None)
            await feed.begin(page, missed)
            async for chunk in self._live(page):
                yield chunk

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[WorkspaceFeed, InboxSubscriber]]:
        owner = self.caller.session or self.caller.key
        page = InboxSubscriber(self.agent, self.generation, self.context.time_source)
        with self.shares.open_stream({"key": owner, "workspace": self.workspace}):
            async with self.hub.following(self.workspace) as feed:
                feed.subscribers.add(page)
                self.instruments.streams.labels(self.workspace).inc()
                try:
                    with self.streams.register(FactStream(self.caller, self.workspace, page)):
                        yield feed, page
                finally:
                    self.instruments.streams.labels(self.workspace).dec()
                    feed.subscribers.discard(page)

    async def _live(self, page: InboxSubscriber) -> AsyncIterator[bytes]:
        monotonic = self.context.time_source.monotonic
        beaten = monotonic()
        while not page.ended:
            chunk = await page.take(beaten + self.beat_seconds - monotonic())
            if chunk:
                yield chunk
            if monotonic() - beaten >= self.beat_seconds:
                beaten = monotonic()
                # The session may have ended since: then this raises, and the stream ends.
                await self.permitted()
                yield beat(self.context.time_source.now())


def build_router(
    hub: InboxHub,
    streams: OpenStreams[FactStream],
    shares: StreamShares,
    instruments: DeskInstruments,
    *,
    beat_seconds: float | None = None,
) -> APIRouter:
    """The route of the stream. `hub` and `streams` must be run beside it. `beat_seconds`: not those of the workspace's settings."""
    permitted = require_scope("read")

    async def stream(
        request: Request,
        caller: Annotated[Principal, Depends(current_caller)],
        configuration: ExistingWorkspace,
        context: ContextDep,
        query: Annotated[InboxStreamQuery, Query()],
        last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20_000)] = None,
    ) -> EventStream:
        """An agent's inbox as it changes: rows, messages, counts, offers, from now on or after `Last-Event-ID`."""
        settings = configuration.profile.body.settings or WorkspaceSettings()
        agent = await inbox_agent(context, configuration.workspace, caller, query.agent)
        events = InboxStream(
            context=context,
            hub=hub,
            streams=streams,
            shares=shares,
            caller=caller,
            workspace=configuration.workspace,
            agent=agent.id,
            generation=agent.generation,
            permitted=lambda: permitted(request, None, None),
            instruments=instruments,
            beat_seconds=settings.beat_seconds if beat_seconds is None else beat_seconds,
        )
        return EventStream(events.sse_chunks(last_event_id or query.last_event_id))

    router = APIRouter(prefix="/v1/workspaces/{workspace}/inbox", tags=["inbox"])
    described = {"description": "The inbox as it changes", "content": {EventStream.media_type: {"schema": {}}}}
    router.add_api_route(
        "/stream",
        stream,
        dependencies=[Depends(permitted)],
        response_class=EventStream,
        responses={200: described},
    )
    return router
