"""What runs where: the services of each process, the collections that all of them use, and who reads which topics.

All in one process is one of the rows. A service that needs to know channels is given what it needs here, because
services do not import channels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.channels.registry import CHANNELS
from services.delivery.wiring import open_delivery
from services.ingest import wiring as ingest
from services.metrics import wiring as metrics
from services.metrics.processor import MetricsStage
from services.records.agents import AGENTS
from services.records.clocks import AGENDAS, CLOCKS, EXEMPTIONS
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, PERSONS
from services.records.counters import COUNTERS
from services.records.decisions import DECISIONS
from services.records.keys import KEYS, StoredKeys
from services.records.sends import SEND_QUEUES, SENDS
from services.records.tasks import QUEUES, TASKS
from services.router.conversations.processor import ConversationsStage
from services.router.dispatch.processor import Dispatch
from services.router.wiring import router
from services.runtime.auth import FindCaller
from services.runtime.commands import ACCEPTED
from services.runtime.process import Process
from services.runtime.service import Context, Service
from services.runtime.store.port import Collection
from services.sla import wiring as sla
from services.sla.processor import SlaStage
from services.workspaces.wiring import workspaces

SERVICES: Mapping[str, Sequence[Service]] = {
    "ingest": (ingest.open,),
    "router": (
        workspaces({channel.name: channel.check_account for channel in CHANNELS}),
        router({channel.name: channel.capabilities for channel in CHANNELS}),
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

# Any: a collection of some model is none of every model.
COLLECTIONS: Sequence[Collection[Any]] = (
    ACCEPTED,
    ACTIVITIES,
    AGENDAS,
    AGENTS,
    CLOCKS,
    CONFIGURATIONS,
    CONFIGURATION_HEADS,
    CONVERSATIONS,
    COUNTERS,
    DECISIONS,
    EXEMPTIONS,
    KEYS,
    MESSAGES,
    PERSONS,
    QUEUES,
    SENDS,
    SEND_QUEUES,
    TASKS,
)
"""Every collection but the runtime's own, made at start by every process."""

GROUP_TOPICS: Mapping[str, tuple[str, ...]] = {
    **{stage.group: stage.topics for stage in (ConversationsStage, Dispatch, SlaStage, MetricsStage)},
    SENDS.writer: ("outbound",),
}
"""Group → the topics it reads."""


def process_of(name: str) -> Process:
    """The process of a row of `PROCESSES`."""
    return Process(name, PROCESSES[name], COLLECTIONS, _find_caller)


def _find_caller(context: Context) -> FindCaller:
    return StoredKeys(context.store).find
