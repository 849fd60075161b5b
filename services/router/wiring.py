"""The router in a process: conversations, dispatch, and the routes over what they write."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from schemas.channel import Capabilities
from services.router.conversations.processor import ConversationsStage
from services.router.dispatch.processor import Dispatch
from services.router.routes import routers_of
from services.runtime.service import Context, Part, Service


def router(capabilities: Mapping[str, Capabilities]) -> Service:
    """The service. `capabilities`: channel name → what it can do, handed in because services know no channel."""

    @asynccontextmanager
    async def opened(_: Context) -> AsyncIterator[Part]:
        yield Part(stages=[ConversationsStage(capabilities), Dispatch()], routers=routers_of())

    return opened
