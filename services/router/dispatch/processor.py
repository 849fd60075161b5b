"""The processor `dispatch`: events on `routing` in, assignments out. The one writer of agents, tasks and decisions."""

from collections.abc import Callable

from schemas.envelope import Event
from schemas.routing import RulesChanged
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.processor import Handler, Processor
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.records.agents import AGENTS
from services.records.decisions import DECISIONS
from services.records.offers import OFFERS
from services.records.tasks import QUEUES, TASKS
from services.router.dispatch import commands, erasure, leases, returns, rounds, tasks, unread, wrap_ups
from services.router.dispatch.closing import CLOSING, on_closing, set_closing_timer
from services.router.dispatch.context import (
    DispatchContext,
    DispatchDependencies,
    DispatchMemory,
    agent_put_documents,
    command_documents,
    configuration_documents,
    offer_documents,
    rules_documents,
    task_documents,
    unread_documents,
    workspace_documents,
    workspace_for,
)
from services.router.dispatch.domain.outcomes import DispatchOutcome
from services.router.dispatch.presence import PRESENCE_TIMER
from services.router.dispatch.recording import TASK_TIMER, record_outcomes
from services.router.dispatch.workspace_state import WorkspaceState

# What each kind of input reads, in two steps: the second needs documents of the first.
WORKSPACE = (workspace_documents, rules_documents)
COMMAND = (command_documents, rules_documents)
OFFER = (offer_documents, rules_documents)
UNREAD = (unread_documents, rules_documents)
PRESENCE = (leases.presence_documents, leases.settings_documents)

TaskEvent = Callable[[UnitOfWork, WorkspaceState, Event], list[DispatchOutcome]]


def _on_task(apply: TaskEvent) -> Handler[DispatchContext, ReceivedEvent]:
    """A handler that applies an event to the tasks of its workspace and records what the dispatcher decides."""

    def run(context: DispatchContext, received: ReceivedEvent) -> None:
        state = context.state(received.event.workspace)
        record_outcomes(context.work, state, apply(context.work, state, received.event))

    return Handler(run, WORKSPACE)


def _on_task_queued(context: DispatchContext, received: ReceivedEvent) -> None:
    state = context.state(received.event.workspace)
    # First, and recorded apart: records of agents are made of what is recorded.
    record_outcomes(context.work, state, context.apply_settings(state))
    set_closing_timer(context.work, state)
    outcomes = tasks.on_task_queued(context.work, state, received.event, context.dependencies.class_of_work)
    record_outcomes(context.work, state, outcomes)


def _on_task_force_assigned(context: DispatchContext, received: ReceivedEvent) -> None:
    state, class_for = context.state(received.event.workspace), context.dependencies.class_of_work
    record_outcomes(context.work, state, tasks.on_task_force_assigned(context.work, state, received.event, class_for))


def _on_agent_command(context: DispatchContext, received: ReceivedEvent) -> None:
    state = context.state(received.event.workspace)
    # A command may come twice. Its outcome document, written in the commit that applied it, marks it as applied.
    if context.work.get(OUTCOMES, received.event.id) is not None:
        return
    result, outcomes = commands.apply_command(context, state, received.event)
    record_outcomes(context.work, state, outcomes)
    context.work.put(OUTCOMES, result.id, result)


def _on_presence_command(context: DispatchContext, received: ReceivedEvent) -> None:
    _apply_settings(context, received.event.workspace)
    _on_agent_command(context, received)


def _on_lease_renewed(context: DispatchContext, received: ReceivedEvent) -> None:
    _apply_settings(context, received.event.workspace)
    state = context.state(received.event.workspace)
    record_outcomes(context.work, state, leases.on_lease_renewed(context.work, state, received.event))


def _apply_settings(context: DispatchContext, workspace: str) -> None:
    # Recorded apart: records of agents are made of what is recorded.
    state = context.state(workspace)
    record_outcomes(context.work, state, context.apply_settings(state))


def _on_rules_changed(context: DispatchContext, received: ReceivedEvent) -> None:
    state = context.state(received.event.workspace)
    rounds.start_replanning(context.work, state, received.event.payload_as(RulesChanged).version)


def _on_reapply(context: DispatchContext, received: ReceivedEvent) -> None:
    state = context.state(received.event.workspace)
    rounds.start_reapplying(context.work, state, received.event)


def _on_task_timer(context: DispatchContext, timer: TimerFired) -> None:
    state = context.state(workspace_for(timer))
    record_outcomes(context.work, state, tasks.on_task_timer(context.work, state, timer))


def _on_presence_timer(context: DispatchContext, timer: TimerFired) -> None:
    _apply_settings(context, workspace_for(timer))
    state = context.state(workspace_for(timer))
    record_outcomes(context.work, state, leases.on_presence_timer(context.work, state, timer))


def _on_unread_timer(context: DispatchContext, timer: TimerFired) -> None:
    state = context.state(workspace_for(timer))
    record_outcomes(context.work, state, unread.on_unread_timer(context.work, state, timer))


def _on_wrap_up_timer(context: DispatchContext, timer: TimerFired) -> None:
    state = context.state(workspace_for(timer))
    record_outcomes(context.work, state, wrap_ups.on_wrap_up_timer(context.work, state, timer))


def _on_return_page(context: DispatchContext, timer: TimerFired) -> None:
    returns.on_return_timer(context.work, context.state(workspace_for(timer)), timer)


def _on_closing(context: DispatchContext, timer: TimerFired) -> None:
    on_closing(context.work, context.state(workspace_for(timer)))


def _on_page(context: DispatchContext, timer: TimerFired) -> None:
    state = context.state(workspace_for(timer))
    rounds.continue_round(context.work, state, timer)


PROCESSOR: Processor[DispatchDependencies, DispatchMemory, DispatchContext] = Processor(
    group="dispatch",
    topics=("routing",),
    context=DispatchContext,
    memory=DispatchMemory,
    handlers={
        "pasokh.routing.task_queued": Handler(_on_task_queued, (task_documents, configuration_documents)),
        "pasokh.routing.task_changed": _on_task(tasks.on_task_changed),
        "pasokh.routing.task_force_assigned": Handler(_on_task_force_assigned, WORKSPACE),
        "pasokh.routing.task_closed": _on_task(tasks.on_task_closed),
        "pasokh.routing.task_erased": Handler(erasure.on_task_erased, (erasure.erased_documents,)),
        "pasokh.routing.task_paused": _on_task(tasks.on_task_paused),
        "pasokh.routing.task_resumed": _on_task(tasks.on_task_resumed),
        "pasokh.routing.task_returned": _on_task(returns.on_task_returned),
        "pasokh.routing.task_claim": Handler(_on_agent_command, COMMAND),
        "pasokh.routing.offer_accept": Handler(_on_agent_command, OFFER),
        "pasokh.routing.offer_decline": Handler(_on_agent_command, OFFER),
        "pasokh.routing.agent_put": Handler(_on_agent_command, (agent_put_documents, configuration_documents)),
        "pasokh.routing.agent_deleted": Handler(_on_agent_command, COMMAND),
        "pasokh.routing.presence_set": Handler(_on_presence_command, (agent_put_documents, configuration_documents)),
        "pasokh.routing.wrap_up_end": Handler(_on_agent_command, COMMAND),
        "pasokh.routing.lease_renewed": Handler(_on_lease_renewed, (task_documents, configuration_documents)),
        "pasokh.routing.rules_changed": Handler(_on_rules_changed, WORKSPACE),
        "pasokh.routing.reapply_sla": Handler(_on_reapply, COMMAND),
    },
    timers={
        TASK_TIMER: Handler(_on_task_timer, WORKSPACE),
        PRESENCE_TIMER: Handler(_on_presence_timer, PRESENCE),
        unread.UNREAD_TIMER: Handler(_on_unread_timer, UNREAD),
        wrap_ups.WRAP_UP_TIMER: Handler(_on_wrap_up_timer, WORKSPACE),
        returns.RETURNING: Handler(_on_return_page, WORKSPACE),
        CLOSING: Handler(_on_closing, WORKSPACE),
        rounds.REPLANNING: Handler(_on_page, WORKSPACE),
        rounds.REAPPLYING: Handler(_on_page, WORKSPACE),
    },
    collections=(AGENTS, DECISIONS, OFFERS, QUEUES, TASKS),
)
