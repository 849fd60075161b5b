"""The messages of a visitor as server-sent events, and how many such streams may be open."""

from collections.abc import AsyncGenerator, Mapping
from typing import Annotated

from fastapi import Header
from starlette.requests import Request

from services.platform.http.rate_limits import client_address, network_for
from services.platform.http.service import Context
from services.platform.http.sse import HEARTBEAT, EventStream, format_event
from services.platform.http.stream_limits import StreamShares
from services.rest.views import MessageView
from services.webchat.session_check import SessionStream
from services.webchat.session_context import SessionContextDep, WebchatDependencies
from services.webchat.tokens import Visitor
from services.webchat.transcript import (
    TranscriptPosition,
    latest_position,
    parse_position,
    stream_messages,
    transcript_for,
)

MAX_STREAMS = 20
"""Open streams of one visitor in one process (tabs and devices)."""
# The browser reconnects after a second. The comment makes proxies send the headers before the first message.
CONNECTED = b"retry: 1000\n: connected\n\n"


async def stream(
    session: SessionContextDep,
    request: Request,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=400)] = None,
) -> EventStream:
    """Messages as server-sent events, from now on or after `Last-Event-ID`."""
    resumed = parse_position(last_event_id, session.require_visitor.person_key) if last_event_id else None
    owners = {
        "visitor": session.require_visitor.key,
        "address": network_for(client_address(request)),
        "account": f"{session.require_visitor.workspace}/{session.require_visitor.account}",
    }
    session.dependencies.streams.check(owners)
    return EventStream(_sse_chunks(session.dependencies, session.require_visitor, resumed, owners))


async def _sse_chunks(
    dependencies: WebchatDependencies, visitor: Visitor, resumed: TranscriptPosition | None, owners: Mapping[str, str]
) -> AsyncGenerator[bytes, None]:
    store, time_source = dependencies.authenticator.context.store, dependencies.authenticator.context.time_source
    with dependencies.streams.open_stream(owners):
        position = resumed or await latest_position(store, await transcript_for(store, visitor))
        yield CONNECTED
        with dependencies.session_streams.register(SessionStream(visitor)) as session_stream:

            def is_over() -> bool:
                return session_stream.is_revoked or visitor.is_expired(time_source.now())

            async for item in stream_messages(store, dependencies.notifier, visitor, position, is_over):
                yield HEARTBEAT if item is None else _sse_event(visitor, *item)


def stream_shares(context: Context) -> StreamShares:
    """The limits of open visitor streams in a process, from the settings."""
    settings = context.settings
    limits = {"visitor": MAX_STREAMS, "address": settings.address_chat_streams}
    return StreamShares(limits, settings.chat_streams, context.admission, fair=frozenset({"account"}))


def _sse_event(visitor: Visitor, position: TranscriptPosition, view: MessageView) -> bytes:
    return format_event(view.model_dump_json().encode(), identity=position.text(visitor.person_key), event="message")
