"""What agents do besides replying: transfer, reopen, set the priority, reapply SLA policies, add notes."""

from dataclasses import replace

from schemas.commands import AddNote, ReapplySla, Reopen, Reroute, SetPriority, Transfer
from schemas.conversation import Author
from schemas.routing import TaskChanged
from schemas.values import Priority
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_waiting
from services.domain.mentions import mentioning
from services.domain.outgoing_files import to_attachment
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations.command_outcomes import handle_command
from services.router.conversations.context import Configuration, ConversationsContext
from services.router.conversations.domain import transitions
from services.router.conversations.domain.refusals import refuse_finished, refuse_none, refuse_reopen, refuse_transfer
from services.router.conversations.domain.routing_rules import conversation_attributes, evaluate_rules
from services.router.conversations.domain.silence import settings_of
from services.router.conversations.facts import (
    CLOSE_TIMER,
    FactDetails,
    end_mention,
    force_assign,
    next_sequence,
    put_conversation,
    queue,
    record_fact,
)


def handle_transfer(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Transfer to an agent at once, or into another team's queue; dispatch moves the units of the agents."""
    work, transfer = context.work, received.event.payload_as(Transfer)
    handle_command(
        work,
        received,
        transfer,
        lambda case: refuse_transfer(case, transfer),
        lambda case: _transfer(work, case, transfer),
    )


def _transfer(work: UnitOfWork, case: ConversationState, transfer: Transfer) -> str:
    if transfer.note is not None:
        # Before the conversation moves: who gets it finds the note there.
        note = AddNote(
            conversation=case.id,
            agent=transfer.agent,
            text=transfer.note,
            masked=transfer.masked,
            accepted_at=transfer.accepted_at,
            request_hash=transfer.request_hash,
        )
        _note(work, case, note)
    if transfer.to_agent is not None:
        after = transitions.transferred_to_agent(case, transfer.to_agent, work.now)
        record_fact(work, "transferred", after, case.status, previous_agent=case.agent)
        force_assign(work, after, transfer.to_agent, by=transfer.agent, has_task=not transitions.has_no_task(case))
    elif transfer.to_team is not None:
        move_to_team(work, case, transfer.to_team)
    return case.id


def move_to_team(work: UnitOfWork, case: ConversationState, team: str) -> ConversationState:
    """Put a conversation into the queue of another team; its agent loses it."""
    after = transitions.transferred_to_team(case, team, work.now)
    record_fact(work, "transferred", after, case.status, previous_agent=case.agent)
    # Without a task it is queued anew; with one, dispatch moves the task and takes it from its agent.
    if transitions.has_no_task(case):
        queue(work, after, after.status)
        return after
    if not is_waiting(case.status):
        record_fact(work, "queued", after, after.status)
    change = TaskChanged(conversation=case.id, key=case.key, workspace=case.workspace, team=team)
    work.emit("pasokh.routing.task_changed", case.workspace, change)
    return after


def handle_priority(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Set the priority, by which queue and SLA policies order. A waiting conversation is routed again."""
    work, command = context.work, received.event.payload_as(SetPriority)
    configuration = context.configuration(received.event.workspace)
    handle_command(
        work, received, command, refuse_finished, lambda case: _prioritise(work, case, command.priority, configuration)
    )


def _prioritise(work: UnitOfWork, case: ConversationState, priority: Priority, configuration: Configuration) -> str:
    if priority != case.priority:
        case = change_priority(work, case, priority)
    else:
        # The priority is the same, but now a person decided it: rules leave it alone from here on.
        case = replace(case, overrides=transitions.overruled(case, "priority"), updated_at=work.now)
        put_conversation(work, case)
    if is_waiting(case.status):
        reroute(work, case, configuration)
    return case.id


def change_priority(work: UnitOfWork, case: ConversationState, priority: Priority) -> ConversationState:
    """Set another priority, and send it to dispatch, which orders its queue by it."""
    overrides = transitions.overruled(case, "priority")
    after = replace(case, priority=priority, overrides=overrides, updated_at=work.now)
    record_fact(work, "priority_changed", after, case.status)
    change = TaskChanged(conversation=case.id, key=case.key, workspace=case.workspace, priority=priority)
    work.emit("pasokh.routing.task_changed", case.workspace, change)
    return after


def handle_reroute(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Apply new routing rules to a waiting conversation; one with an agent keeps its routing."""
    work, command = context.work, received.event.payload_as(Reroute)
    configuration = context.configuration(received.event.workspace)
    case = work.get(CONVERSATIONS, command.conversation)
    if case is not None and is_waiting(case.status) and case.config_version < command.version:
        reroute(work, case, configuration)


def reroute(work: UnitOfWork, case: ConversationState, configuration: Configuration) -> None:
    """Apply the routing rules in force to a waiting conversation, and send the result to dispatch."""
    after = transitions.rerouted(case, evaluate_rules(conversation_attributes(case), configuration), work.now)
    # The rule's name and version are stored in any case; only another routing is a fact.
    if transitions.has_same_routing(case, after):
        put_conversation(work, after)
    else:
        record_fact(work, "rerouted", after, case.status)
    change = TaskChanged(
        conversation=after.id,
        key=after.key,
        workspace=after.workspace,
        team=after.team,
        requirement=after.requirement,
        priority=after.priority,
        # Dispatch may have assigned it meanwhile: that assignment is on its way here, and stays.
        keeps_agent=True,
        relax=after.relax,
        rule=after.rule,
        config_version=after.config_version,
    )
    work.emit("pasokh.routing.task_changed", after.workspace, change)


def handle_reapply_sla(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Record the fact from which `sla` chooses the policy again; the clocks change a moment later."""
    work, command = context.work, received.event.payload_as(ReapplySla)
    handle_command(work, received, command, refuse_finished, lambda case: _reapply(work, case))


def _reapply(work: UnitOfWork, case: ConversationState) -> str:
    record_fact(work, "sla_reapplied", replace(case, updated_at=work.now), case.status)
    return case.id


def handle_reopen(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Reopen a resolved conversation by the routing rules in force; the agent who reopens it is preferred, else its last one."""
    work, command = context.work, received.event.payload_as(Reopen)
    configuration = context.configuration(received.event.workspace)
    handle_command(
        work,
        received,
        command,
        lambda case: refuse_reopen(case, work.get(PERSONS, case.key)),
        lambda case: _reopen(work, case, configuration, command.agent),
    )


def _reopen(work: UnitOfWork, case: ConversationState, configuration: Configuration, agent: str | None) -> str:
    # Who reopens it means to go on with it: dispatch waits for them for a while, if they are there.
    after = reopened(work, case, configuration)
    after = replace(after, last_agent=agent or after.last_agent)
    record_fact(work, "reopened", after, case.status)
    seconds = settings_of(configuration, case.team).preferred_agent_seconds if agent else None
    queue(work, after, after.status, preferred_seconds=seconds)
    return case.id


def reopened(work: UnitOfWork, case: ConversationState, configuration: Configuration) -> ConversationState:
    """A resolved conversation reopened by the routing rules in force; its timer does not close it any more."""
    work.cancel_timer(f"{CLOSE_TIMER}{case.id}")
    routing = evaluate_rules(conversation_attributes(case), configuration)
    return transitions.rerouted(transitions.reopened_by_agent(case, work.now), routing, work.now)


def handle_note(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Add a message that only agents see, to a finished conversation too."""
    work, command = context.work, received.event.payload_as(AddNote)
    handle_command(work, received, command, refuse_none, lambda case: _note(work, case, command))


def _note(work: UnitOfWork, case: ConversationState, command: AddNote) -> str:
    note = MessageRecord(
        id=work.new_id("note"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="note",
        surface=case.surface,
        channel=case.channel,
        author=Author(kind="agent", id=command.agent, name=command.agent_name)
        if command.agent
        else Author(kind="system"),
        text=command.text if command.text.text else None,
        masked=command.masked,
        attachments=[to_attachment(file) for file in command.attachments],
        received_at=command.accepted_at,
        state="received",
        mentions=command.mentions,
    )
    work.put(MESSAGES, note.id, note)
    after = mentioning(end_mention(work, case, command.agent), command.mentions, note.id)
    details: FactDetails = {"message": note.id, "mentions": command.mentions}
    record_fact(work, "noted", replace(after, updated_at=work.now), case.status, **details)
    return case.id
