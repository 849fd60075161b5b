"""Events of dispatch and of SLA clocks, and timers of this processor."""

from dataclasses import replace
from datetime import datetime

from schemas.conversation import ConversationOffer
from schemas.routing import Assigned, OfferClosed, Offered, OfferFact, TaskChanged, Unassigned
from schemas.sla import ClockFact, Escalate, TaskDueChanged, Watermark, WatermarkRequest
from schemas.values import PRIORITIES, instant, instant_text
from services.domain.conversation_state import ConversationState
from services.domain.inbox import with_clock
from services.domain.lifecycle import is_finished, is_pending, is_resolved, is_waiting
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, PERSONS
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain import responses, transitions
from services.router.conversations.facts import (
    FactDetails,
    close_task,
    put_conversation,
    record_change,
    record_fact,
    text_field,
)
from services.router.conversations.lifecycle_commands import change_priority, move_to_team
from services.router.conversations.task_counting import with_silence_timer

WATERMARK_TIMER = "watermark/"


def handle_assigned(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Dispatch assigned a conversation to an agent."""
    work = context.work
    assignment = received.event.payload_as(Assigned)
    conversation = work.get(CONVERSATIONS, assignment.conversation)
    if conversation is not None and is_finished(conversation.status):
        # Of a claim dispatch may hear after the resolve: nobody is to keep a unit for it.
        close_task(work, conversation)
        return
    # None: dispatch decided before it knew of an answer elsewhere, or of its own repeat.
    after = transitions.assigned(conversation, assignment, work.now) if conversation else None
    if conversation is not None and after is not None:
        if is_pending(after.status):
            # The task counts for its new agent, although its customer may have been silent for long.
            after = with_silence_timer(work, after, work.now)
        previous = conversation.agent if conversation.agent != after.agent else None
        details: FactDetails = {"at": assignment.at, "decision": assignment.decision, "previous_agent": previous}
        record_fact(work, "assigned", after, conversation.status, **details)


def handle_offered(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Dispatch offered a conversation to an agent."""
    work = context.work
    offered = received.event.payload_as(Offered)
    conversation = work.get(CONVERSATIONS, offered.conversation)
    after = transitions.offered(conversation, offered, work.now) if conversation else None
    if conversation is None or after is None or after.offer is None:
        return
    record_fact(work, "offered", after, conversation.status, at=offered.at, decision=offered.decision)
    work.emit("pasokh.offer.made", after.key, _offer_fact(after, after.offer, offered.at))


def handle_offer_ended(context: ConversationsContext, received: ReceivedEvent) -> None:
    """An offer ended. It was recorded when it was made, unless the conversation had left the queue by then."""
    work = context.work
    ended = received.event.payload_as(OfferClosed)
    conversation = work.get(CONVERSATIONS, ended.conversation)
    if conversation is None or conversation.offer is None or conversation.offer.id != ended.offer:
        return
    after = transitions.offer_ended(conversation, ended, work.now)
    fact = _offer_fact(conversation, conversation.offer, ended.at)
    work.emit(
        f"pasokh.offer.{ended.why}", after.key, fact.model_copy(update={"reason": ended.reason, "missed": ended.missed})
    )
    if after.status != conversation.status:
        record_fact(work, "queued", after, conversation.status)
    elif after is not conversation:
        put_conversation(work, after)


def _offer_fact(case: ConversationState, offer: ConversationOffer, at: datetime) -> OfferFact:
    return OfferFact(
        conversation=case.id,
        key=case.key,
        offer=offer.id,
        agent=offer.agent,
        team=case.team,
        channel=case.channel,
        surface=case.surface,
        at=at,
        expires_at=offer.expires_at,
    )


def handle_unassigned(context: ConversationsContext, received: ReceivedEvent) -> None:
    """An agent went offline or was deleted; dispatch has put the task back into its queue already."""
    work = context.work
    unassigned = received.event.payload_as(Unassigned)
    conversation = work.get(CONVERSATIONS, unassigned.conversation)
    after = transitions.unassigned(conversation, unassigned.agent, work.now) if conversation else None
    if conversation is not None and after is not None:
        record_fact(work, "queued", after, conversation.status, previous_agent=conversation.agent)


def handle_clock_started(context: ConversationsContext, received: ReceivedEvent) -> None:
    """An SLA clock started on a waiting conversation: dispatch orders its queue by the earliest due time."""
    work = context.work
    fact = received.event.payload_as(ClockFact)
    handle_clock(context, received)
    _update_task_due(work, fact.conversation, fact.earliest_due_at or fact.clock.due_at)


def handle_clock(context: ConversationsContext, received: ReceivedEvent) -> None:
    """An SLA clock changed: the conversation shows which is due first, and stands where that puts it."""
    work, fact = context.work, received.event.payload_as(ClockFact)
    case = work.get(CONVERSATIONS, fact.conversation)
    if case is None:
        return
    is_over = received.event.type.removeprefix("pasokh.sla.") in ("late", "fulfilled", "cancelled")
    after = with_clock(case, fact, is_over=is_over)
    # Without a fact: sla has emitted one.
    if after != case:
        put_conversation(work, after)


def handle_due_changed(context: ConversationsContext, received: ReceivedEvent) -> None:
    """The earliest due time of a waiting conversation changed, or there is none any more."""
    work = context.work
    command = received.event.payload_as(TaskDueChanged)
    _update_task_due(work, command.conversation, command.due_at)


def _update_task_due(work: UnitOfWork, conversation: str, due_at: datetime | None) -> None:
    case = work.get(CONVERSATIONS, conversation)
    # Only the queue is ordered by due times: a task with an agent has left it.
    if case is None or not is_waiting(case.status):
        return
    change = TaskChanged(
        conversation=case.id, key=case.key, workspace=case.workspace, due_at=due_at, clear_due=due_at is None
    )
    work.emit("pasokh.routing.task_changed", case.workspace, change)


def handle_escalation(context: ConversationsContext, received: ReceivedEvent) -> None:
    """A clock was breached: raise the priority, and move to another team, as the SLA policy says."""
    work = context.work
    command = received.event.payload_as(Escalate)
    case = work.get(CONVERSATIONS, command.conversation)
    if case is None or is_finished(case.status):
        return
    # An escalation never lowers a priority that a person raised meanwhile.
    if command.priority is not None and PRIORITIES.index(command.priority) < PRIORITIES.index(case.priority):
        case = change_priority(work, case, command.priority)
    if command.to_team is not None and command.to_team != case.team:
        move_to_team(work, case, command.to_team)


def handle_watermark_request(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Set the timer that emits a watermark for `sla` once everything that precedes this request has been handled."""
    work = context.work
    due = received.event.payload_as(WatermarkRequest)
    # A timer never overtakes an event that was on the log before it was due: all of them are handled by then.
    work.set_timer(f"{WATERMARK_TIMER}{instant_text(due.at)}", work.now, {"at": instant_text(due.at)})


def on_watermark_timer(context: ConversationsContext, timer: TimerFired) -> None:
    """Emit the watermark: this partition has recorded every fact before its time."""
    work = context.work
    at = instant(text_field(timer.data, "at"))
    work.emit(
        "pasokh.control.watermark",
        f"pasokh/{work.place.source}",
        Watermark(at=at),
        topic="conversations",
        partition=work.place.partition,
    )


def on_close_timer(context: ConversationsContext, timer: TimerFired) -> None:
    """Close a resolved conversation for good, unless it was reopened meanwhile."""
    work = context.work
    conversation = work.get(CONVERSATIONS, text_field(timer.data, "conversation"))
    if conversation is None or not is_resolved(conversation.status):
        return
    record_change(work, "closed", responses.closed(conversation, work.now), conversation.status)
    person = work.get(PERSONS, conversation.key)
    if person is not None:
        others = {thread: identity for thread, identity in person.open.items() if identity != conversation.id}
        work.put(PERSONS, person.key, replace(person, open=others))
