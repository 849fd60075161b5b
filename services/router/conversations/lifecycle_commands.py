"""What agents do beside answering: transfer, reopen, priority, promises, notes. Outcomes as in `commands`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from schemas.commands import AddNote, ReapplySla, Reopen, Reroute, SetPriority, Transfer
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Author
from schemas.routing import TaskChanged, TaskForceAssigned
from schemas.values import Priority, Problem
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed, is_finished, is_resolved, is_waiting
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations.commands import NO_CONVERSATION, is_repeat
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain import transitions
from services.router.conversations.domain.routing_rules import conversation_attributes, evaluate_rules
from services.router.conversations.facts import next_sequence, queue, record_applied, record_fact, record_rejected


class CommandFields(Protocol):
    """What every command of this file has."""

    @property
    def conversation(self) -> str: ...

    @property
    def request_hash(self) -> str: ...


Configuration = WorkspaceConfiguration | None


def handle_command(
    work: UnitOfWork,
    command: ReceivedEvent,
    asked: CommandFields,
    why_not: Callable[[ConversationState], Problem | None],
    do: Callable[[ConversationState], str],
) -> None:
    """Do it and say what it made, or refuse it; once."""
    if is_repeat(work, command):
        return
    case = work.get(CONVERSATIONS, asked.conversation)
    refusal = NO_CONVERSATION if case is None else why_not(case)
    if refusal is not None:
        record_rejected(work, command, asked.request_hash, refusal)
    elif case is not None:
        record_applied(work, command, asked.request_hash, do(case), created=False)


def _finished(case: ConversationState) -> Problem | None:
    if not is_finished(case.status):
        return None
    return Problem(
        status=409, title="Conversation is finished", detail=f"The conversation is {case.status}. Reopen it first."
    )


def handle_transfer(context: ConversationsContext, command: ReceivedEvent) -> None:
    """To an agent at once, or to another team's queue; dispatch moves the units and tells who has it."""
    work = context.work
    asked = command.event.payload_as(Transfer)
    handle_command(
        work, command, asked, lambda case: _why_not_transfer(case, asked), lambda case: _transfer(work, case, asked)
    )


def _why_not_transfer(case: ConversationState, asked: Transfer) -> Problem | None:
    if asked.to_agent is not None and asked.to_agent == case.agent:
        return Problem(status=409, title="Already there", detail=f"{asked.to_agent} has the conversation already.")
    if asked.to_team is not None and asked.to_team == case.team:
        return Problem(
            status=409, title="Already there", detail=f"The conversation is with team {asked.to_team} already."
        )
    return _finished(case)


def _transfer(work: UnitOfWork, case: ConversationState, asked: Transfer) -> str:
    where = {"conversation": case.id, "key": case.key, "workspace": case.workspace}
    if asked.to_agent is not None:
        after = transitions.transferred_to_agent(case, asked.to_agent, work.now)
        record_fact(work, "transferred", after, case.status)
        if transitions.has_no_task(case):
            work.emit("pasokh.routing.task_queued", case.workspace, transitions.task(after))
        given = TaskForceAssigned(**where, to_agent=asked.to_agent, by=asked.agent)
        work.emit("pasokh.routing.task_force_assigned", case.workspace, given)
    elif asked.to_team is not None:
        move_to_team(work, case, asked.to_team)
    return case.id


def move_to_team(work: UnitOfWork, case: ConversationState, team: str) -> ConversationState:
    """Into the queue of another team; whoever has it now gives it up."""
    after = transitions.transferred_to_team(case, team, work.now)
    record_fact(work, "transferred", after, case.status)
    if transitions.has_no_task(case):
        queue(work, after, after.status)
        return after
    if not is_waiting(case.status):
        record_fact(work, "queued", after, after.status)
    change = TaskChanged(conversation=case.id, key=case.key, workspace=case.workspace, team=team)
    work.emit("pasokh.routing.task_changed", case.workspace, change)
    return after


def handle_priority(context: ConversationsContext, command: ReceivedEvent) -> None:
    """Another priority: its place in the queue and its promises follow. One that waits sees the rules of now too."""
    work = context.work
    configuration = context.configuration(command.event.workspace)
    asked = command.event.payload_as(SetPriority)
    handle_command(work, command, asked, _finished, lambda case: _prioritise(work, case, asked, configuration))


def _prioritise(work: UnitOfWork, case: ConversationState, asked: SetPriority, configuration: Configuration) -> str:
    if asked.priority != case.priority:
        case = change_priority(work, case, asked.priority)
    else:
        case = replace(case, overrides=transitions.overruled(case, "priority"), updated_at=work.now)
        work.put(CONVERSATIONS, case.id, case)
    if is_waiting(case.status):
        replan(work, case, configuration)
    return case.id


def change_priority(work: UnitOfWork, case: ConversationState, priority: Priority) -> ConversationState:
    """Tell the new priority to everybody who orders by it."""
    overrides = transitions.overruled(case, "priority")
    after = replace(case, priority=priority, overrides=overrides, updated_at=work.now)
    record_fact(work, "priority_changed", after, case.status)
    change = TaskChanged(conversation=case.id, key=case.key, workspace=case.workspace, priority=priority)
    work.emit("pasokh.routing.task_changed", case.workspace, change)
    return after


def handle_reroute(context: ConversationsContext, command: ReceivedEvent) -> None:
    """New routing rules: a conversation that waits follows them at its old place; one with an agent keeps its own."""
    work = context.work
    configuration = context.configuration(command.event.workspace)
    asked = command.event.payload_as(Reroute)
    case = work.get(CONVERSATIONS, asked.conversation)
    if case is not None and is_waiting(case.status) and case.config_version < asked.version:
        replan(work, case, configuration)


def replan(work: UnitOfWork, case: ConversationState, configuration: Configuration) -> None:
    """Apply the rules of now to a conversation that waits, and tell dispatch; who has it by then keeps it."""
    after = transitions.replanned(case, evaluate_rules(conversation_attributes(case), configuration), work.now)
    if transitions.is_routed_alike(case, after):
        work.put(CONVERSATIONS, after.id, after)
    else:
        record_fact(work, "rerouted", after, case.status)
    change = TaskChanged(
        conversation=after.id,
        key=after.key,
        workspace=after.workspace,
        team=after.team,
        requirement=after.requirement,
        priority=after.priority,
        keeps_agent=True,
        rule=after.rule,
        config_version=after.config_version,
    )
    work.emit("pasokh.routing.task_changed", after.workspace, change)


def handle_reapply_sla(context: ConversationsContext, command: ReceivedEvent) -> None:
    """Ask `sla` to pick the policy again; what it promises then shows on the clocks a moment later."""
    work = context.work
    asked = command.event.payload_as(ReapplySla)
    handle_command(work, command, asked, _finished, lambda case: _reapply(work, case))


def _reapply(work: UnitOfWork, case: ConversationState) -> str:
    record_fact(work, "sla_reapplied", replace(case, updated_at=work.now), case.status)
    return case.id


def handle_reopen(context: ConversationsContext, command: ReceivedEvent) -> None:
    """A resolved conversation waits again, by the rules of now, its last agent preferred."""
    work = context.work
    configuration = context.configuration(command.event.workspace)
    asked = command.event.payload_as(Reopen)
    handle_command(
        work, command, asked, lambda case: _why_not_reopen(work, case), lambda case: _reopen(work, case, configuration)
    )


def _why_not_reopen(work: UnitOfWork, case: ConversationState) -> Problem | None:
    if is_closed(case.status):
        detail = "The conversation is closed for good; the customer's next message opens another."
        return Problem(status=409, title="Conversation is closed", detail=detail)
    if not is_resolved(case.status):
        return Problem(
            status=409,
            title="Not resolved",
            detail=f"The conversation is {case.status}; only a resolved one can be reopened.",
        )
    person = work.get(PERSONS, case.key)
    current = person.open.get(case.thread or "") if person else None
    if current not in {None, case.id}:
        return Problem(
            status=409, title="Another is open", detail=f"The customer has another open conversation there: {current}."
        )
    return None


def _reopen(work: UnitOfWork, case: ConversationState, configuration: Configuration) -> str:
    planned = evaluate_rules(conversation_attributes(case), configuration)
    after = transitions.replanned(transitions.reopened_by_agent(case, work.now), planned, work.now)
    work.cancel_timer(f"close/{case.id}")
    record_fact(work, "reopened", after, case.status)
    queue(work, after, after.status)
    return case.id


def handle_note(context: ConversationsContext, command: ReceivedEvent) -> None:
    """A message that only agents see. Finished conversations take notes too."""
    work = context.work
    asked = command.event.payload_as(AddNote)
    handle_command(work, command, asked, lambda _: None, lambda case: _note(work, case, asked))


def _note(work: UnitOfWork, case: ConversationState, asked: AddNote) -> str:
    note = MessageRecord(
        id=work.new_id("note"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="note",
        surface=case.surface,
        channel=case.channel,
        author=Author(kind="agent", id=asked.agent) if asked.agent else Author(kind="system"),
        text=asked.text,
        masked=asked.masked,
        received_at=asked.accepted_at,
        state="received",
    )
    work.put(MESSAGES, note.id, note)
    record_fact(work, "noted", replace(case, updated_at=work.now), case.status, message=note.id)
    return case.id
