"""Wires the configuration API into a process: routes, the rule announcer and the remover of workspaces."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from services.platform.http.service import Context, Service, ServiceComponents
from services.platform.store.port import Collection
from services.workspaces import accounts, channels, deletion_routes, keys, ledgers, routes
from services.workspaces.account_mutations import AccountRules
from services.workspaces.deletion import Remover, run_remover
from services.workspaces.rule_notifier import run_announcer


def open_workspaces(
    rules: Mapping[str, AccountRules],
    topics: Mapping[str, Sequence[str]],
    collections: Callable[[], Sequence[Collection[Any]]],
) -> Service:
    """The service. `rules` maps a channel's name to what it demands of accounts; it is passed in because services import no channel.

    `topics` maps a group to the topics that it reads. `collections` returns all collections: deletion empties each.
    """

    @asynccontextmanager
    async def opened(context: Context) -> AsyncIterator[ServiceComponents]:
        remover = Remover(context, topics, collections)
        yield ServiceComponents(
            routers=[
                routes.build_router(),
                deletion_routes.build_router(remover),
                accounts.build_router(rules),
                channels.build_router(rules),
                ledgers.build_router(),
                keys.build_router(),
            ],
            background=[lambda: run_announcer(context), lambda: run_remover(remover)],
        )

    return opened
