"""What the results of actions change: messages are hidden, edited or deleted, or show why they are not."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from schemas.channel import ActionKind
from schemas.conversation import Author, Edit, MessageAction, MessageReaction
from schemas.outbound import ActionFailed, ActionPerformed
from schemas.values import EncryptedText
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations import placed_calls
from services.router.conversations.context import ConversationsContext
from services.router.conversations.deletions import delete_files, emptied
from services.router.conversations.domain.reactions import reacted
from services.router.conversations.edits import MAX_EDITS
from services.router.conversations.facts import FactDetails, record_message_fact

FACT_OF_ACTION: Mapping[ActionKind, str] = {
    "hide": "message_hidden",
    "unhide": "message_unhidden",
    "edit": "message_edited",
    "delete": "message_deleted",
    "react": "reaction_changed",
}
"""The fact of a performed action. `typing` and `seen` change nothing that anybody reads here, and a `call` has its own reports."""


def handle_action_performed(context: ConversationsContext, received: ReceivedEvent) -> None:
    """The platform performed an action: the message is hidden, edited or deleted from now on."""
    work, performed = context.work, received.event.payload_as(ActionPerformed)
    message, action = _open_action(work, performed.message, performed.action)
    if message is None or action is None:
        return
    after = _performed(replace(message, actions=_without(message, action)), action, performed.at)
    if action.kind == "edit" and performed.platform_id is not None:
        after = replace(after, platform_id=performed.platform_id)
    work.put(MESSAGES, message.id, after)
    if action.kind == "delete":
        delete_files(work, message)
    if action.kind == "call":
        placed_calls.on_placed(work, after, performed.platform_id)
    case, fact = work.get(CONVERSATIONS, message.conversation), FACT_OF_ACTION.get(action.kind)
    if case is not None and fact is not None:
        details: FactDetails = {}
        if action.kind == "react":
            details = {"author": "account", "reaction": _own_reaction(action, performed.at)}
        record_message_fact(work, fact, case, message, **details)


def handle_action_failed(context: ConversationsContext, received: ReceivedEvent) -> None:
    """The platform did not perform an action: its message shows why."""
    work, failed = context.work, received.event.payload_as(ActionFailed)
    message, action = _open_action(work, failed.message, failed.action)
    if message is None or action is None:
        return
    # The text of an edit that failed stays: the agent may want to try it again.
    kept = action.model_copy(update={"state": "failed", "error": failed.error})
    work.put(MESSAGES, message.id, replace(message, actions=[*_without(message, action), kept]))
    if action.kind == "call":
        placed_calls.on_not_placed(work, message.id, failed.error)
    case = work.get(CONVERSATIONS, message.conversation)
    if case is not None:
        record_message_fact(work, "action_failed", case, message, action=action.kind, error=failed.error)


def _open_action(
    work: UnitOfWork, message_id: str | None, action_id: str
) -> tuple[MessageRecord | None, MessageAction | None]:
    """The message of a result with its action, which is pending; (None, None) for a repeated result."""
    message = work.get(MESSAGES, message_id) if message_id else None
    actions = message.actions if message else []
    action = next((one for one in actions if one.id == action_id and one.state == "pending"), None)
    return (message, action) if action else (None, None)


def _without(message: MessageRecord, action: MessageAction) -> list[MessageAction]:
    return [other for other in message.actions if other.id != action.id]


def _own_reaction(action: MessageAction, at: datetime) -> MessageReaction:
    """The reaction of our side: the platform shows one, of the account, whichever agent it was."""
    return MessageReaction(author=Author(kind="account"), emoji=action.emoji, removed=action.emoji is None, at=at)


def _performed(message: MessageRecord, action: MessageAction, at: datetime) -> MessageRecord:
    """A message after an action on it was performed."""
    match action.kind:
        case "hide" | "unhide":
            return replace(message, hidden=action.kind == "hide")
        case "delete":
            return emptied(message)
        case "react":
            reactions = reacted(message.reactions, _own_reaction(action, at))
            return message if reactions is None else replace(message, reactions=reactions)
        case "edit":
            earlier = Edit(text=message.text, masked=message.masked, edited_at=at)
            return replace(
                message,
                text=action.text or EncryptedText(text=""),
                masked=action.masked,
                edited_at=at,
                edits=[*message.edits, earlier][-MAX_EDITS:],
            )
        case _:
            return message
