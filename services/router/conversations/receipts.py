"""Receipts: a platform's reports that messages of ours were sent, delivered, read, or could not be delivered."""

from collections.abc import Iterable
from dataclasses import replace

from schemas.activity import Activity, ReceiptState
from schemas.commands import Forward
from services.domain.conversation_state import ConversationState
from services.domain.failure_phrases import worded
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import early
from services.router.conversations.context import ActivityContext
from services.router.conversations.delivered import NOT_REPORTED, advance, cover
from services.router.conversations.domain.activities import happened_at
from services.router.conversations.domain.delivery_states import with_watermark
from services.router.conversations.facts import put_conversation
from services.router.conversations.forwarding import send_forward
from services.router.conversations.message_ids import is_known, put_alias, stored_message

STATES: tuple[ReceiptState, ...] = ("sent", "delivered", "read", "failed")


def receive_receipt(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Apply a receipt to the message that it names. One that names none, or one not known yet, waits for its message."""
    state = _reported_state(activity)
    message = stored_message(work, activity) if state is not None else None
    if state is None or (message is not None and not _is_ours(message, activity)):
        return
    if message is None:
        early.remember(work, activity)
        return
    if _is_about_copy(work, message, activity):
        return
    failure = (activity.failure or NOT_REPORTED) if state == "failed" else None
    error = worded(failure, message.language or "en") if failure else None
    advance(work, _with_platform_id(work, message, activity), state, happened_at(activity), error, activity.message)


def _with_platform_id(work: UnitOfWork, message: MessageRecord, activity: Activity) -> MessageRecord:
    """The message with the platform's id of it, which a receipt tells that names it by ours: the result of the send may be lost."""
    if activity.message is None or activity.message == message.id or is_known(work, activity.message):
        return message
    put_alias(work, activity.message, message)
    if message.platform_id is None:
        message = replace(message, platform_id=activity.platform_id)
        work.put(MESSAGES, message.id, message)
    return message


def _reported_state(activity: Activity) -> ReceiptState | None:
    """The state that a receipt reports; None: one that is not known. Earlier versions had it in `details`."""
    reported = activity.receipt_state or activity.details.get("state")
    return next((state for state in STATES if state == reported), None)


def _is_ours(message: MessageRecord, activity: Activity) -> bool:
    return message.direction == "outbound" and message.workspace == activity.workspace


def _is_about_copy(work: UnitOfWork, message: MessageRecord, activity: Activity) -> bool:
    """Whether a receipt is about somebody who only got a copy of a mail: their full mailbox does not fail the reply."""
    case = work.get(CONVERSATIONS, message.conversation)
    if case is None or not case.participants or activity.person == case.person:
        return False
    recipient = activity.person.split(":", 2)[-1]
    return any(one.address.lower() == recipient for one in case.participants)


# -- watermarks --------------------------------------------------------------------------------------------------------


def receive_watermark(work: UnitOfWork, activity: Activity) -> None:
    """Apply a watermark to every conversation of its person: those of this partition, and one that goes on elsewhere."""
    key = str(activity.person_key)
    apply_watermark(work, activity, [case for case in work.cached(CONVERSATIONS).values() if case.key == key])
    person = work.get(PERSONS, key)
    continued = work.get(CONVERSATIONS, person.forwarded_to) if person is not None and person.forwarded_to else None
    if continued is not None and continued.key != key and continued.workspace == activity.workspace:
        send_forward(work, continued.key, Forward(conversation=continued.id, activity=activity))


def apply_watermark(work: UnitOfWork, activity: Activity, cases: Iterable[ConversationState]) -> None:
    """Report a state of every message of ours in these conversations that was sent until the time of the watermark.

    The conversations keep the watermark for messages whose send is not settled yet.
    """
    state, until = _reported_state(activity), activity.watermark
    if until is None or state not in ("delivered", "read"):
        return
    for case in cases:
        after = with_watermark(case, activity.surface, state, until)
        if after is case:
            continue
        put_conversation(work, after)
        for message in list(work.cached(MESSAGES).values()):
            if message.conversation == case.id and _is_in_chat(message, activity):
                cover(work, message)


def _is_in_chat(message: MessageRecord, activity: Activity) -> bool:
    return _is_ours(message, activity) and (message.surface, message.channel) == (activity.surface, activity.channel)
