"""What runs where: the services of each process, the collections that all of them use, and who reads which topics.

All in one process is one of the rows. A service that needs to know channels is given what it needs here, because
services do not import channels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.channels.registry import CHANNELS
from services.console.wiring import console
from services.delivery.wiring import open_delivery, open_outgoing
from services.ingest.wiring import ingest
from services.metrics import wiring as metrics
from services.metrics.processor import MetricsStage
from services.records import (
    accounts,
    agents,
    clocks,
    configuration,
    conversations,
    counters,
    decisions,
    keys,
    polls,
    removals,
    secrets,
    sends,
    tasks,
    webhooks,
)
from services.router.conversations.handoff import read_token
from services.router.conversations.processor import ConversationsStage
from services.router.dispatch.processor import Dispatch
from services.router.wiring import router
from services.runtime import commands
from services.runtime.auth import FindCaller
from services.runtime.openapi import exported
from services.runtime.process import Process
from services.runtime.service import Context, Service
from services.runtime.store.port import Collection
from services.sla import wiring as sla
from services.sla.processor import SlaStage
from services.workspaces.wiring import workspaces

GROUP_TOPICS: Mapping[str, tuple[str, ...]] = {
    **{stage.group: stage.topics for stage in (ConversationsStage, Dispatch, SlaStage, MetricsStage)},
    accounts.WRITER: ("accounts",),
    sends.WRITER: ("outbound",),
    webhooks.WRITER: ("conversations", "sla"),
}
"""Group → the topics it reads."""

SERVICES: Mapping[str, Sequence[Service]] = {
    "ingest": (ingest(read_token, open_outgoing),),
    "router": (
        workspaces({channel.name: channel.check_account for channel in CHANNELS}, GROUP_TOPICS, lambda: COLLECTIONS),
        router({channel.name: channel.capabilities for channel in CHANNELS}),
        console(GROUP_TOPICS),
    ),
    "sla": (sla.open,),
    "delivery": (open_delivery,),
    "metrics": (metrics.open,),
}
"""Process → its services: what `pasokh serve NAME` runs."""

ALL_IN_ONE = "up"
PROCESSES: Mapping[str, Sequence[Service]] = {
    **SERVICES,
    ALL_IN_ONE: tuple(service for services in SERVICES.values() for service in services),
}

PUBLIC = "router"
"""The process that answers `/docs` and `/openapi.json` at the one public address: it tells of the routes of all."""

RECORDS = (
    accounts,
    agents,
    clocks,
    commands,
    configuration,
    conversations,
    counters,
    decisions,
    keys,
    polls,
    removals,
    secrets,
    sends,
    tasks,
    webhooks,
)
"""Modules that define collections."""

# Any: a collection of some model is none of every model.
COLLECTIONS: Sequence[Collection[Any]] = tuple(
    found for module in RECORDS for found in vars(module).values() if isinstance(found, Collection)
)
"""Every collection but those of `runtime.collections`, which the engine adds; made at start by every process."""


def process_of(name: str) -> Process:
    """The process of a row of `PROCESSES`."""
    return Process(name, PROCESSES[name], COLLECTIONS, _find_caller, exported if name == PUBLIC else None)


def _find_caller(context: Context) -> FindCaller:
    return keys.StoredKeys(context.store).find
