"""Finding the message that an activity is, is about or answers, also one stored under an earlier kind of id. Pure."""

from collections.abc import Iterable, Iterator

from schemas.activity import Activity
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, MessageRecord


def legacy_ids(activities: Iterable[Activity]) -> Iterator[str]:
    """Every id under which the message of an activity, or the one that it answers, may be stored."""
    for one in activities:
        yield one.message or one.id
        given = one.details.get("reply_to_id")
        yield from (i for i in (one.former, one.reply_to, given) if isinstance(i, str))


def answered_message(work: UnitOfWork, activity: Activity) -> MessageRecord | None:
    """The message that this one answers; None when it is not known here.

    In `api` that may be a reply of ours, named by the id that we gave it: only one to the same person.
    """
    found = work.get(MESSAGES, activity.reply_to) if activity.reply_to else None
    given = activity.details.get("reply_to_id")
    if found is None and isinstance(given, str):
        own = work.get(MESSAGES, given)
        found = own if own is not None and own.key == str(activity.person_key) else None
    return found if found is not None and found.workspace == activity.workspace else None


def stored_message(work: UnitOfWork, activity: Activity) -> MessageRecord | None:
    """The message that an activity is or is about; None when it never came."""
    found = work.get(MESSAGES, activity.message or activity.id)
    if found is not None or activity.former is None:
        return found
    former = work.get(MESSAGES, activity.former)
    return former if former is not None and _is_same(work, former, activity) else None


def _is_same(work: UnitOfWork, former: MessageRecord, activity: Activity) -> bool:
    """Whether a message under a former id is the one meant.

    Of an echo it is the id of a reply that we sent ourselves. Else that id left out who numbers the messages, so that
    two bots' messages had one: the platform's number has to be the same, and the second in which the platform took it.
    A deletion tells no time: it has to come from the business connection on which the conversation is answered.
    """
    if activity.kind == "echo":
        return former.direction == "outbound" and former.key == str(activity.person_key)
    if former.workspace != activity.workspace or former.platform_id != activity.platform_id:
        return False
    if activity.kind == "deletion":
        return _is_answered_by(work, former, activity)
    taken_at = activity.original_sent_at if activity.kind == "edit" else activity.sent_at
    return activity.kind == "postback" or (taken_at is not None and former.sent_at == taken_at)


def _is_answered_by(work: UnitOfWork, former: MessageRecord, activity: Activity) -> bool:
    case = work.get(CONVERSATIONS, former.conversation)
    address = case.addresses.get(activity.surface) if case is not None else None
    return address is not None and activity.address is not None and address.via == activity.address.via
