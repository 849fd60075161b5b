"""Finds the message that an activity is, names or answers, also under the kind of id that earlier versions gave."""

from collections.abc import Iterable, Iterator

from schemas.activity import Activity
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord


def legacy_ids(activities: Iterable[Activity]) -> Iterator[str]:
    """Every id under which the message of an activity, or the one that it answers, may be stored."""
    for activity in activities:
        yield activity.message or activity.id
        own_id = activity.details.get("reply_to_id")
        yield from (i for i in (activity.former, activity.reply_to, own_id) if isinstance(i, str))


def answered_message(work: UnitOfWork, activity: Activity) -> MessageRecord | None:
    """The message that an activity answers; None when it is not stored here.

    A client of the channel `api` may name a reply of ours by our own id: only one to the same person counts.
    """
    found = work.get(MESSAGES, activity.reply_to) if activity.reply_to else None
    own_id = activity.details.get("reply_to_id")
    if found is None and isinstance(own_id, str):
        own = work.get(MESSAGES, own_id)
        found = own if own is not None and own.key == str(activity.person_key) else None
    return found if found is not None and found.workspace == activity.workspace else None


def stored_message(work: UnitOfWork, activity: Activity) -> MessageRecord | None:
    """The message that an activity is, edits or deletes; None when it never arrived."""
    found = work.get(MESSAGES, activity.message or activity.id)
    if found is not None or activity.former is None:
        return found
    former = work.get(MESSAGES, activity.former)
    return former if former is not None and _is_same(work, former, activity) else None


def _is_same(work: UnitOfWork, former: MessageRecord, activity: Activity) -> bool:
    """Whether a message that is stored under a former id is the message of an activity.

    The former id of an echo is that of a reply of ours. Other former ids did not tell two bots' messages apart: the
    platform's message number and its time must be equal too. A deletion has no time: it must come from the business
    connection through which the conversation is answered.
    """
    if activity.kind == "echo":
        return former.direction == "outbound" and former.key == str(activity.person_key)
    if former.workspace != activity.workspace or former.platform_id != activity.platform_id:
        return False
    # Both numbers are the platform's; two bots number their messages independently, and may have one number in common.
    if activity.kind == "deletion":
        return _is_answered_by(work, former, activity)
    platform_time = activity.original_sent_at if activity.kind == "edit" else activity.sent_at
    return activity.kind == "postback" or (platform_time is not None and former.sent_at == platform_time)


def _is_answered_by(work: UnitOfWork, former: MessageRecord, activity: Activity) -> bool:
    case = work.get(CONVERSATIONS, former.conversation)
    address = case.addresses.get(activity.surface) if case is not None else None
    return address is not None and activity.address is not None and address.via == activity.address.via
