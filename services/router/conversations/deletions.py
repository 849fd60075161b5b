"""Messages that their authors deleted, also before they arrived here."""

from dataclasses import replace

from schemas.activity import Activity
from schemas.topics import DEDUPE_RETENTION_SECONDS
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.blobs import delete_in_batch
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, ActivityRecord, MessageRecord
from services.router.conversations.facts import record_fact
from services.router.conversations.legacy_ids import stored_message


def delete_message(work: UnitOfWork, activity: Activity) -> None:
    """Empty the message that a deletion names. One that has not arrived yet is shown as deleted once it does."""
    message = stored_message(work, activity)
    if message is None:
        _remember_deletion(work, activity)
        return
    if message.state == "deleted" or message.workspace != activity.workspace:
        return
    work.put(MESSAGES, message.id, emptied(message))
    for attachment in message.attachments:
        if attachment.blob is not None:
            delete_in_batch(work, attachment.blob, attachment.size_bytes or 0)
    case = work.get(CONVERSATIONS, message.conversation)
    if case is not None:
        after = replace(case, updated_at=work.now)
        record_fact(work, "message_deleted", after, case.status, message=message.id, message_surface=message.surface)


def emptied(message: MessageRecord) -> MessageRecord:
    """A message after its deletion: without what its author wrote, in whatever field."""
    return replace(
        message,
        text=None,
        attachments=[],
        quote=None,
        forwarded_from=None,
        links=[],
        edits=[],
        subject=None,
        review=None,
        answers=[],
        actions=[],
        state="deleted",
    )


def _remember_deletion(work: UnitOfWork, activity: Activity) -> None:
    # Platforms and partitions of the log may bring a deletion before its message. It is remembered under the id of
    # the message, where `was_deleted` looks, for as long as the log can still bring that message.
    if activity.message is None:
        return
    record = ActivityRecord(
        workspace=activity.workspace,
        kind="deletion",
        expires_at=work.now + DEDUPE_RETENTION_SECONDS,
        ignored_reason="early",
    )
    work.put(ACTIVITIES, activity.message, record)


def was_deleted(work: UnitOfWork, activity: Activity) -> bool:
    """Whether the deletion of this message arrived before the message."""
    record = work.get(ACTIVITIES, activity.message or activity.id)
    return record is not None and record.kind == "deletion"
