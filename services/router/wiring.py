"""The router in a process: conversations, dispatch, and the routes over what they write."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from schemas.channel import Capabilities
from services.platform.bus.broadcaster import Following
from services.platform.host.service import Context, Part, Service
from services.platform.store.expiry import keep_forgetting
from services.records.secrets import installation_secret
from services.router import events
from services.router.conversations.domain.handoff import SECRET_NAME, Handoffs
from services.router.conversations.processor import ConversationsStage
from services.router.dispatch.processor import Dispatch
from services.router.routes import routers_of
from services.router.stream_check import Standing


def router(capabilities: Mapping[str, Capabilities]) -> Service:
    """The service. `capabilities`: channel name → what it can do, handed in because services know no channel."""

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[Part]:
        secret = await installation_secret(context.store, SECRET_NAME)
        conversations = ConversationsStage(capabilities, Handoffs(secret, context.settings.public_url))
        following, standing = Following(context.bus, events.TOPICS), Standing(context.store)
        yield Part(
            stages=[conversations, Dispatch()],
            routers=[*routers_of(), events.router_of(following, standing, events.shares_of(context))],
            background=[following.run, standing.run, lambda: keep_forgetting(context.store, context.clock)],
        )

    return opened
