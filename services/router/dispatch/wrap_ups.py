"""Wrap-ups on the record, and the timer by which they end."""

from collections.abc import Sequence

from services.platform.processing.inputs import TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.agents import AgentRecord, WrapUpRecord
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.domain.values import WrapUp
from services.router.dispatch.workspace_state import WorkspaceState

WRAP_UP_TIMER = "wrap_up/"
"""The timer of the end of an agent's next wrap-up; `workspace/agent` follows."""


def with_wrap_ups(work: UnitOfWork, record: AgentRecord, wrap_ups: Sequence[WrapUp]) -> list[WrapUpRecord]:
    """The wrap-ups of an agent as they are stored, with the timer of the first end set."""
    after = [
        WrapUpRecord(conversation=one.task, work_class=one.work.work_class, units=one.work.units, until=one.until)
        for one in wrap_ups
    ]
    if after != record.wrap_ups:
        _set_timer(work, record, after)
    return after


def _set_timer(work: UnitOfWork, record: AgentRecord, wrap_ups: Sequence[WrapUpRecord]) -> None:
    name = f"{WRAP_UP_TIMER}{record.workspace}/{record.id}"
    if not wrap_ups:
        work.cancel_timer(name)
        return
    ends_at = min(one.until for one in wrap_ups)
    work.set_timer(name, ends_at, {"workspace": record.workspace, "agent": record.id})


def on_wrap_up_timer(work: UnitOfWork, state: WorkspaceState, timer: TimerFired) -> list[DispatchOutcome]:
    """The time of a wrap-up is over: its units are free."""
    return state.dispatcher.end_wrap_ups(str(timer.data["agent"]), work.now)
