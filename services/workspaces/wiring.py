"""The workspaces service in a process: routes only."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from services.runtime.service import Context, Part, Service
from services.workspaces import accounts, keys, routes, webhooks
from services.workspaces.announcing import keep_announcing
from services.workspaces.edits import CheckAccount


def workspaces(checks: Mapping[str, CheckAccount]) -> Service:
    """The service. `checks`: channel name → its `check_account`, handed in because services know no channel."""

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[Part]:
        yield Part(
            routers=[routes.router_of(), accounts.router_of(checks), keys.router_of(), webhooks.router_of()],
            background=[lambda: keep_announcing(context)],
        )

    return opened
