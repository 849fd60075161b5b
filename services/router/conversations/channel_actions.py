"""Has actions performed on messages at their platforms; sensitive public posts are hidden by it, and shown again."""

from dataclasses import replace
from datetime import datetime

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.conversation import MessageAction
from schemas.outbound import ChannelAction
from schemas.values import AgentLanguage
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MESSAGES, MessageRecord
from services.router.conversations import moved_chats
from services.router.conversations.domain.plans import channel_of
from services.router.conversations.facts import put_conversation

MAX_HIDDEN = 50
"""How many hidden messages of a conversation are remembered, to show them again."""


def start_action(
    work: UnitOfWork,
    case: ConversationState,
    action: MessageAction,
    message: MessageRecord | None,
    accepted_at: datetime,
    language: AgentLanguage,
) -> None:
    """Have an action performed on a message, or in the chat. It shows as pending on the message until there is a result."""
    surface = message.surface if message else case.last_surface
    address = moved_chats.current_address(work, case, surface)
    channel, account = channel_of(case, address)
    outbound = ChannelAction(
        id=action.id,
        conversation=case.id,
        key=case.key,
        workspace=case.workspace,
        channel=channel,
        account=account,
        surface=surface,
        address=address,
        kind=action.kind,
        message=message.id if message else None,
        platform_id=message.platform_id if message else None,
        further_ids=message.further_ids if message else [],
        text=action.text,
        emoji=action.emoji,
        agent=message.author.id if message and action.kind == "call" else None,
        accepted_at=accepted_at,
        language=language,
    )
    work.emit("pasokh.outbound.action", case.key, outbound)
    if message is not None:
        # A failure of the same kind is over: it is tried anew.
        others = [other for other in message.actions if (other.kind, other.state) != (action.kind, "failed")]
        work.put(MESSAGES, message.id, replace(message, actions=[*others, action]))


# -- sensitive public posts --------------------------------------------------------------------------------------------


def hide_post(
    work: UnitOfWork,
    case: ConversationState,
    activity: Activity,
    identity: str,
    capabilities: Capabilities | None,
    language: AgentLanguage,
) -> ConversationState:
    """Hide a customer's sensitive public message (`identity`) from others, where the channel can.

    Returns the conversation after it.
    """
    if not (activity.sensitive and activity.surface == "public") or identity in case.hidden:
        return case
    message = work.get(MESSAGES, identity)
    can_hide = capabilities is not None and "hide" in capabilities.actions_on("public")
    if not can_hide or message is None or "public" not in case.addresses:
        return case
    start_action(work, case, MessageAction(id=work.new_id("action"), kind="hide"), message, work.now, language)
    after = replace(case, hidden=[*case.hidden, identity][-MAX_HIDDEN:])
    put_conversation(work, after)
    return after


def show_hidden_posts(work: UnitOfWork, case: ConversationState, language: AgentLanguage) -> ConversationState:
    """Show the messages again that were hidden because they are sensitive. Returns the conversation after it."""
    for identity in case.hidden:
        message = work.get(MESSAGES, identity)
        if message is not None and message.state != "deleted":
            start_action(
                work, case, MessageAction(id=work.new_id("action"), kind="unhide"), message, work.now, language
            )
    return replace(case, hidden=[])
