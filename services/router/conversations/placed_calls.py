"""Calls that an agent has made to a customer: the agent's telephone rings, then the customer's, and both are connected.

The call is a message from its acceptance on. Its legs are reported under the id of that message (`calls.on_call`), which may be earlier
than the answer to the request.
"""

from dataclasses import replace
from datetime import timedelta

from schemas.activity import Call
from schemas.channel import Capabilities
from schemas.commands import PlaceCall
from schemas.conversation import Author, MessageAction
from schemas.values import Failure
from services.domain.calls import CallRecord
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_finished
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.calls import CALLS
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations.channel_actions import start_action
from services.router.conversations.command_outcomes import handle_command
from services.router.conversations.context import Configuration, ConversationsContext
from services.router.conversations.domain import transitions
from services.router.conversations.domain.action_rules import refuse_call
from services.router.conversations.domain.plans import channel_of
from services.router.conversations.facts import force_assign, next_sequence, put_conversation, record_fact
from services.router.conversations.talks import CALL_TIMER, sentence_of, set_call_timer

NOT_REPORTED_AFTER = timedelta(minutes=10)
"""When a call of which nobody took the telephone is over, whatever is reported of it: both telephones have rung for long."""


def handle_place_call(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Ring the agent's telephone. Who calls in a waiting conversation takes it."""
    command = received.event.payload_as(PlaceCall)
    configuration = context.configuration(received.event.workspace)

    def capabilities(case: ConversationState) -> Capabilities | None:
        channel, account = channel_of(case, case.addresses.get("private"))
        return context.capabilities.of_account(channel, account, configuration)

    handle_command(
        context.work,
        received,
        command,
        lambda case: refuse_call(case, command.agent, capabilities(case)),
        lambda case: _place(context.work, case, command, configuration),
    )


def _place(work: UnitOfWork, case: ConversationState, command: PlaceCall, configuration: Configuration) -> str:
    record = CallRecord(
        workspace=case.workspace,
        key=case.key,
        direction="outbound",
        agent=command.agent,
        conversation=case.id,
        started_at=work.now,
    )
    message = _message(work, case, command, record, configuration)
    work.put(CALLS, message.id, record)
    work.put(MESSAGES, message.id, message)
    taken = transitions.taken(case, command.agent, work.now) if transitions.is_to_be_taken(case) else case
    after = replace(taken, active_call=message.id, last_message=message.id, last_at=work.now, updated_at=work.now)
    record_fact(
        work,
        "call_placed",
        after,
        case.status,
        message=message.id,
        message_surface="private",
        author="agent",
        agent=command.agent,
    )
    # With its task, which dispatch may not have; one that had stopped counting counts again.
    force_assign(work, after, command.agent, by=command.agent, has_task=False)
    action = MessageAction(id=work.new_id("action"), kind="call")
    start_action(work, after, action, message, command.accepted_at, command.language)
    set_call_timer(work, after, message.id, NOT_REPORTED_AFTER)
    return message.id


def _message(
    work: UnitOfWork, case: ConversationState, command: PlaceCall, record: CallRecord, configuration: Configuration
) -> MessageRecord:
    channel, _ = channel_of(case, case.addresses.get("private"))
    identity = work.new_id("message")
    return MessageRecord(
        id=identity,
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="outbound",
        surface="private",
        channel=channel,
        author=Author(kind="agent", id=command.agent, name=command.agent_name),
        text=sentence_of(record, configuration),
        received_at=command.accepted_at,
        state="queued",
        language=command.language,
        call=Call(id=identity, direction="outbound", state="ringing", agent=command.agent),
    )


def on_placed(work: UnitOfWork, message: MessageRecord, platform_id: str | None) -> None:
    """The platform rings the agent's telephone."""
    work.put(MESSAGES, message.id, replace(message, state="sent", platform_id=platform_id or message.platform_id))


def on_not_placed(work: UnitOfWork, identity: str, error: Failure) -> None:
    """The platform made no call, or nobody knows whether it did: the agent may call again."""
    message = work.get(MESSAGES, identity)
    if message is None:
        return
    work.put(MESSAGES, identity, replace(message, state="failed", error=error))
    work.cancel_timer(f"{CALL_TIMER}{identity}")
    case = work.get(CONVERSATIONS, message.conversation)
    if case is not None and case.active_call == identity and not is_finished(case.status):
        put_conversation(work, replace(case, active_call=None))
