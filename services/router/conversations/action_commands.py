"""An agent's command to do something to a message besides answering it: edit, delete, react, hide."""

from dataclasses import replace

from schemas.commands import PerformAction
from schemas.conversation import MessageAction
from schemas.values import Problem
from services.domain.conversation_state import ConversationState
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MESSAGES, MessageRecord
from services.router.conversations import moved_chats
from services.router.conversations.channel_actions import start_action
from services.router.conversations.command_outcomes import handle_command
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain.action_rules import NOT_POSSIBLE, ActionTarget, refuse_action, surface_of
from services.router.conversations.domain.command_phrases import refused
from services.router.conversations.domain.plans import channel_of
from services.router.conversations.facts import put_conversation

LEFT_BEHIND = refused(409, NOT_POSSIBLE, "left_behind")


def handle_perform_action(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Start an agent's action. The result is the id of its message, or of the conversation where it names none."""
    command, work = received.event.payload_as(PerformAction), context.work
    message = work.get(MESSAGES, command.message) if command.message else None
    handle_command(
        work,
        received,
        command,
        lambda case: _refuse(context, case, command, message),
        lambda case: _start_command(work, case, command, message),
    )


def _refuse(
    context: ConversationsContext, case: ConversationState, command: PerformAction, message: MessageRecord | None
) -> Problem | None:
    target = _target(case, message)
    if target is not None and message is not None and moved_chats.is_left_behind(context.work, case, message):
        return LEFT_BEHIND
    channel, account = channel_of(case, case.addresses.get(surface_of(case, target)))
    known = context.capabilities.of_account(channel, account, context.account_configuration(case, channel))
    return refuse_action(case, command, target, known)


def _target(case: ConversationState, message: MessageRecord | None) -> ActionTarget | None:
    """The message as the rules see it; None for one of another conversation."""
    if message is None or message.conversation != case.id:
        return None
    return ActionTarget(
        direction=message.direction,
        surface=message.surface,
        state=message.state,
        author=message.author,
        text=message.text.text if message.text else "",
        files=[attachment.kind for attachment in message.attachments],
    )


def _start_command(
    work: UnitOfWork, case: ConversationState, command: PerformAction, message: MessageRecord | None
) -> str:
    action = MessageAction(id=work.new_id("action"), kind=command.kind, text=command.text, emoji=command.emoji)
    start_action(work, case, action, message, command.accepted_at, command.language)
    if message is None:
        return case.id
    if command.kind == "unhide" and message.id in case.hidden:
        shown = [identity for identity in case.hidden if identity != message.id]
        put_conversation(work, replace(case, hidden=shown))
    return message.id
