"""Texts that their authors corrected. The text before an edit stays beside the new one."""

from dataclasses import replace
from datetime import datetime

from schemas.activity import REDACTION, Activity, Review
from schemas.conversation import Edit
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_finished, is_pending
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MessageRecord
from services.router.conversations import early, echoes
from services.router.conversations.context import ActivityContext
from services.router.conversations.customer_messages import add_message, take_up_again
from services.router.conversations.domain.activities import happened_at, is_late_edit
from services.router.conversations.facts import record_fact, record_message_fact
from services.router.conversations.message_ids import stored_message

MAX_EDITS = 100
"""How many earlier texts of a message are stored."""


def edit_message(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Replace the text of the message that an edit names.

    An edit of a customer's message that never arrived is stored as that message; its original is a repeat then. One that
    is too old for that, of our own side, or of nobody who is named, waits for its message.
    """
    message = stored_message(work, activity)
    if message is None:
        reason = _reason_to_ignore(work, activity)
        if reason is None:
            add_message(work, activity, activity_context, "edited")
        else:
            _record_ignored(work, activity, reason)
            early.remember(work, activity)
    elif message.workspace == activity.workspace and _is_newer(message, activity):
        _replace_text(work, activity, message, activity_context)


def _reason_to_ignore(work: UnitOfWork, activity: Activity) -> str | None:
    """Why an edit of a message that never arrived has no effect; None: the edit is taken for the message."""
    if activity.author != "customer" or echoes.is_own_side(work, activity):
        return "own"
    if activity.address is None:
        # It names nobody who could be answered (Instagram): its message says who wrote it.
        return "nobody"
    if early.was_deleted(work, activity):
        return "deleted"
    return "late" if is_late_edit(activity) else None


def _record_ignored(work: UnitOfWork, activity: Activity, reason: str) -> None:
    record = work.get(ACTIVITIES, activity.id)
    if record is not None:
        work.put(ACTIVITIES, activity.id, replace(record, ignored_reason=reason))


def _is_newer(message: MessageRecord, activity: Activity) -> bool:
    """Whether an edit changes the message: it is no repeat, and not older than the text that is stored."""
    at = happened_at(activity)
    is_same_text = (message.text, message.edited_at) == (activity.text, at) and activity.review in (
        None,
        message.review,
    )
    # A repeat under another id: earlier versions numbered activities otherwise.
    if (
        message.state == "deleted"
        or message.content_removed is not None
        or (is_same_text and activity.attachments in ([], message.attachments))
    ):
        return False
    if message.edited_at is None and at == message.sent_at and _says_the_same(message, activity):
        return False
    # Platforms give whole seconds: of two edits within one second, the later to arrive is the newer.
    return message.edited_at is None or at >= message.edited_at


def _says_the_same(message: MessageRecord, activity: Activity) -> bool:
    """Whether an edit tells nothing new. Who asks a platform for its posts cannot tell one that is new from one that was changed."""
    is_same_review = activity.review in (None, message.review)
    return message.text == activity.text and is_same_review and activity.attachments in ([], message.attachments)


def _replace_text(
    work: UnitOfWork, activity: Activity, message: MessageRecord, activity_context: ActivityContext
) -> None:
    work.put(MESSAGES, message.id, _edited(message, activity))
    conversation = work.get(CONVERSATIONS, message.conversation)
    if conversation is None:
        return
    if message.direction == "inbound":
        _record_customers_edit(work, activity, message, conversation, activity_context)
    else:
        record_message_fact(work, "message_edited", conversation, message)


def _record_customers_edit(
    work: UnitOfWork,
    activity: Activity,
    message: MessageRecord,
    conversation: ConversationState,
    activity_context: ActivityContext,
) -> None:
    """Record a customer's edit, and do what it asks for: another answer, or to go on in private."""
    language, sensitive = activity.language or conversation.language, conversation.sensitive or activity.sensitive
    after = replace(conversation, updated_at=work.now, language=language, sensitive=sensitive)
    record_fact(work, "message_edited", after, conversation.status, message=message.id, message_surface=message.surface)
    # Whoever takes all stars but one away, or a recommendation back, waits for an answer again, also after we were done.
    fell = _is_worst(activity.review) and not _is_worst(message.review)
    if fell and (is_pending(after.status) or is_finished(after.status)):
        take_up_again(work, activity, activity_context, after, message.id)
        after = work.get(CONVERSATIONS, message.conversation) or after
    # An edit can add a secret to a text that was harmless: the conversation moves then, as with a message.
    if activity.sensitive:
        activity_context.handoffs.protect(work, after, activity, message.id, activity_context.configuration)


def _edited(message: MessageRecord, activity: Activity) -> MessageRecord:
    """The message after an edit. An edit that names no review, subject or files leaves those of the message."""
    at = happened_at(activity)
    return replace(
        message,
        review=activity.review or message.review,
        subject=activity.subject or message.subject,
        text=activity.text,
        masked=activity.masked,
        state="edited" if message.direction == "inbound" else message.state,
        links=activity.links,
        edited_at=at,
        attachments=activity.attachments or message.attachments,
        edits=_earlier_texts(message, activity, at),
    )


def _is_worst(review: Review | None) -> bool:
    """One star; of a recommendation, which has none, that the author does not recommend the shop."""
    if review is None or review.stars is not None:
        return review is not None and review.stars == 1
    return review.recommends is False


def _earlier_texts(message: MessageRecord, activity: Activity, at: datetime) -> list[Edit]:
    # A redaction comes from ingest, which found that the text before holds a piece of a card number.
    if activity.details.get(REDACTION) is True:
        return []
    if activity.text == message.text:
        return message.edits
    return [*message.edits, Edit(text=message.text, masked=message.masked, edited_at=at)][-MAX_EDITS:]
