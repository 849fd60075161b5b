"""What happens to messages after they were said: edits and deletions, which may come before them."""

from dataclasses import replace
from datetime import datetime, timedelta

from schemas.activity import REDACTION, Activity
from schemas.conversation import Edit
from schemas.topics import DEDUPE_RETENTION_SECONDS
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, ActivityRecord, MessageRecord
from services.router.conversations.facts import record_fact
from services.router.conversations.legacy_ids import stored

PREVIEW_MAX_AGE = timedelta(minutes=15)
"""An edit of a message that never came is taken for the message, unless that is older."""
MAX_EDITS = 100


def edited_at(activity: Activity) -> datetime:
    """When the text became this one."""
    return activity.sent_at or activity.received_at


def is_late(activity: Activity) -> bool:
    """Whether an edit corrects what nobody here ever read, and is no news any more."""
    said_at = activity.original_sent_at or activity.sent_at or activity.received_at
    return activity.received_at - said_at > PREVIEW_MAX_AGE


def edit(work: UnitOfWork, activity: Activity, message: MessageRecord) -> bool:
    """Replace the text of a message, and keep the one before it. False when it is older than what stands there.

    What ingest takes out of a text is kept nowhere: a piece of a card stood in it.
    """
    at = edited_at(activity)
    if _says_the_same(message, activity, at):
        return False
    # Platforms tell seconds: of two edits within one, the later to arrive is the newer.
    if message.state == "deleted" or (message.edited_at is not None and at < message.edited_at):
        return False
    edited = replace(
        message,
        text=activity.text,
        masked=activity.masked,
        state="edited" if message.direction == "inbound" else message.state,
        links=activity.links,
        edited_at=at,
        attachments=activity.attachments or message.attachments,
        edits=_earlier_texts(message, activity, at),
    )
    work.put(MESSAGES, message.id, edited)
    return True


def _earlier_texts(message: MessageRecord, activity: Activity, at: datetime) -> list[Edit]:
    if activity.details.get(REDACTION) is True:
        return []
    if activity.text == message.text:
        return message.edits
    return [*message.edits, Edit(text=message.text, masked=message.masked, edited_at=at)][-MAX_EDITS:]


def _says_the_same(message: MessageRecord, activity: Activity, at: datetime) -> bool:
    """A repeat of the edit that is there already; its id may be another, of an earlier version of ours."""
    same = (message.text, message.edited_at) == (activity.text, at)
    return same and activity.attachments in ([], message.attachments)


def delete(work: UnitOfWork, activity: Activity) -> None:
    """Take the text away; a message that has not come yet will be shown as deleted."""
    message = stored(work, activity)
    if message is None:
        _expect(work, activity)
        return
    if message.state == "deleted" or message.workspace != activity.workspace:
        return
    work.put(MESSAGES, message.id, emptied(message))
    case = work.get(CONVERSATIONS, message.conversation)
    if case is not None:
        after = replace(case, updated_at=work.now)
        record_fact(work, "message_deleted", after, case.status, message=message.id, message_surface=message.surface)


def emptied(message: MessageRecord) -> MessageRecord:
    """A message after its deletion: without text, attachments, quote, links and earlier texts."""
    return replace(
        message,
        text=None,
        attachments=[],
        quote=None,
        forwarded_from=None,
        links=[],
        edits=[],
        state="deleted",
    )


def _expect(work: UnitOfWork, activity: Activity) -> None:
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
    """Whether the deletion of this message came before it."""
    return work.get(ACTIVITIES, activity.message or activity.id) is not None


def record_ignored(work: UnitOfWork, activity: Activity, why: str) -> None:
    """Say in the record of an activity why nothing followed from it."""
    record = work.get(ACTIVITIES, activity.id)
    if record is not None:
        work.put(ACTIVITIES, activity.id, replace(record, ignored_reason=why))
