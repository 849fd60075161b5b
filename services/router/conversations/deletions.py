"""Messages that were deleted where they were written, also before they arrived here."""

from dataclasses import replace

from schemas.activity import Activity
from services.domain.conversation_state import ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.blobs import delete_in_batch
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations import early
from services.router.conversations.context import ActivityContext
from services.router.conversations.delivered import advance
from services.router.conversations.domain.activities import happened_at
from services.router.conversations.facts import record_message_fact
from services.router.conversations.message_ids import stored_message
from services.router.conversations.notices import add_note


def delete_message(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Empty the message that a deletion names. One that has not arrived yet is shown as deleted once it does."""
    message = stored_message(work, activity)
    if message is None:
        early.remember(work, activity)
        return
    is_known = message.state == "deleted" or message.parts.get(activity.message or "") == "deleted"
    if is_known or message.workspace != activity.workspace:
        return
    if message.direction == "outbound":
        # Only what the platform has can be deleted there.
        message = advance(work, message, "sent", happened_at(activity))
    case = work.get(CONVERSATIONS, message.conversation)
    if activity.message in message.parts:
        message = replace(message, parts={**message.parts, activity.message: "deleted"})
        if set(message.parts.values()) != {"deleted"}:
            work.put(MESSAGES, message.id, message)
            _note_part(work, message, activity.message, case)
            return
    work.put(MESSAGES, message.id, emptied(message))
    delete_files(work, message)
    if case is not None:
        record_message_fact(work, "message_deleted", case, message)


def _note_part(work: UnitOfWork, message: MessageRecord, part: str, case: ConversationState | None) -> None:
    """Tell agents that one of the messages is gone which a message of ours became: the others still stand there."""
    if case is not None:
        number = list(message.parts).index(part) + 1
        language = message.language or "en"
        add_note(work, case, "part_deleted", language, part=number, parts=len(message.parts))


def delete_files(work: UnitOfWork, message: MessageRecord) -> None:
    """Delete the files of a message that this installation holds."""
    for attachment in message.attachments:
        if attachment.blob is not None:
            delete_in_batch(work, attachment.blob, attachment.size_bytes or 0)


def emptied(message: MessageRecord) -> MessageRecord:
    """A message after its deletion: without what its author wrote, in whatever field."""
    delivery = message.state if message.direction == "outbound" else None
    return replace(without_content(message), delivery=delivery, state="deleted")


def without_content(message: MessageRecord) -> MessageRecord:
    """A message without what its author wrote, in whatever field."""
    return replace(
        message,
        text=None,
        attachments=[],
        quote=None,
        forwarded_from=None,
        links=[],
        edits=[],
        reactions=[],
        subject=None,
        review=None,
        answers=[],
        actions=[],
    )
