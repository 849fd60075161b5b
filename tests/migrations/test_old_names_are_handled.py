"""Timers and events that the version before left behind are still in the tables of the processors."""

import pytest

from schemas.renamed_events import RENAMED_EVENT_TYPES, current_type
from services.collector.processor import PROCESSOR as COLLECTOR
from services.delivery.processor import PROCESSOR as SENDER
from services.metrics.processor import PROCESSOR as METRICS
from services.migrations.m0006_stored_names import change_timer
from services.platform.processing.inputs import TimerFired
from services.platform.processing.processor import Processor
from services.router.conversations.processor import PROCESSOR as CONVERSATIONS
from services.router.dispatch.processor import PROCESSOR as DISPATCH
from services.sla.processor import PROCESSOR as SLA
from services.subscriptions.processor import PROCESSOR as SUBSCRIPTIONS
from tests.fakes import START

PROCESSORS = (CONVERSATIONS, DISPATCH, SLA, SENDER, COLLECTOR, METRICS, SUBSCRIPTIONS)
TIMERS = {
    "conversations": ("close/c1", "handoff/c1", "tick/2026-03-02T09:00:00.000000Z"),
    "dispatch": ("rules/shop", "policies/shop"),
    "sla": ("agenda",),
    "sender": ("slot/m1", "retry/m1", "settle/m1", "hold/a1"),
    "accounts": ("look",),
    "metrics": (),
    "webhooks": ("line/0/shop/crm", "settle/d1", "replay/e1"),
}
"""Group → every kind of timer that version 0 of the data may hold. The group `accounts` is `collector` since version 10."""
FORMER_GROUPS = {"collector": "accounts"}


@pytest.mark.parametrize("processor", PROCESSORS, ids=lambda one: one.group)
def test_every_timer_of_before_has_a_handler(processor: Processor[object, object, object]) -> None:
    group = FORMER_GROUPS.get(processor.group, processor.group)
    for name in TIMERS[group]:
        timer = change_timer({"group": group, "partition": 0, "name": name})
        assert timer is not None
        assert processor.handler_for(TimerFired(str(timer["name"]), START, {})) is not None


@pytest.mark.parametrize("old", RENAMED_EVENT_TYPES)
def test_every_renamed_event_has_a_handler(old: str) -> None:
    if old in ("pasokh.control.workspace", "pasokh.control.dead_letter"):
        return  # the machinery carries these out, for every group alike
    assert any(current_type(old) in processor.handlers for processor in PROCESSORS)
