"""Finds the message that an activity is, names or answers, by any of its ids.

A message has the id that its channel makes of the platform's id. Our own messages rest under the ids that we gave them:
the ids under which platforms name them lead to them as aliases. Earlier versions made ids in another way.
"""

from collections.abc import Iterable, Iterator

from schemas.activity import Activity
from schemas.topics import ALIAS_RETENTION_SECONDS
from services.platform.core.identifiers import is_derived_id
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, ActivityRecord, MessageRecord


def named_ids(activity: Activity) -> Iterator[str]:
    """The ids of the message that an activity is or changes, the best first.

    A customer's message is a repeat of one that has its `message` alone: two mails may have one Message-ID.
    """
    if activity.message is not None or not activity.aliases:
        yield activity.message or activity.id
    if activity.kind != "message":
        yield from activity.aliases


def answered_ids(activity: Activity) -> Iterator[str]:
    """The ids of the message that an activity answers, the best first."""
    yield from activity.replies_to
    # Activities of earlier versions, which are still on the log.
    own_id = activity.details.get("reply_to_id")
    yield from (identity for identity in (activity.reply_to, own_id) if isinstance(identity, str))


def scoped_ids(activity: Activity) -> Iterator[str]:
    """As `named_ids`, without our own ids: those that a channel made of the platform's."""
    return (identity for identity in named_ids(activity) if not is_derived_id(identity))


def possible_aliases(activity: Activity) -> Iterator[str]:
    """The ids that may be aliases of messages of ours: of the message that an activity is, changes or answers."""
    yield from scoped_ids(activity)
    yield from (identity for identity in answered_ids(activity) if not is_derived_id(identity))


def aliased_messages(work: UnitOfWork, activity: Activity) -> Iterator[str]:
    """The ids of our messages to which the aliases of an activity lead."""
    records = (work.get(ACTIVITIES, identity) for identity in possible_aliases(activity))
    return (record.message for record in records if record is not None and record.message is not None)


def is_known(work: UnitOfWork, identity: str) -> bool:
    """Whether a message is stored under this id, or the id is an alias of one."""
    alias = work.get(ACTIVITIES, identity)
    return work.get(MESSAGES, identity) is not None or (alias is not None and alias.message is not None)


def is_erased(message: MessageRecord) -> bool:
    """Whether its content was removed because a person was erased."""
    return message.content_removed is not None and message.content_removed.code == "erased"


def put_alias(work: UnitOfWork, identity: str, message: MessageRecord) -> None:
    """Record another id of a message, by which answers and reports name it."""
    record = ActivityRecord(
        workspace=message.workspace,
        kind="alias",
        expires_at=work.now + ALIAS_RETENTION_SECONDS,
        message=message.id,
    )
    work.put(ACTIVITIES, identity, record)


def answered_message(work: UnitOfWork, activity: Activity) -> MessageRecord | None:
    """The message that an activity answers; None when it is not stored here."""
    found = _first(work, answered_ids(activity), activity)
    return found if found is not None and found.workspace == activity.workspace else None


def stored_message(work: UnitOfWork, activity: Activity) -> MessageRecord | None:
    """The message that an activity is or changes; None when it never arrived. It may be another workspace's."""
    found = _first(work, named_ids(activity), activity)
    if found is not None or activity.former is None:
        return found
    former = work.get(MESSAGES, activity.former)
    return former if former is not None and _is_same(work, former, activity) else None


def _first(work: UnitOfWork, ids: Iterable[str], activity: Activity) -> MessageRecord | None:
    return next((found for identity in ids if (found := _find(work, identity, activity)) is not None), None)


def _find(work: UnitOfWork, identity: str, activity: Activity) -> MessageRecord | None:
    if is_derived_id(identity):
        # Whoever may post to an account can write any id of ours, also that of a message to another person.
        own = work.get(MESSAGES, identity)
        return own if own is not None and _is_addressee(work, own, activity) else None
    # An echo may stand under an id that is known as a message of ours in another conversation: it is being taken back.
    return _aliased(work, identity, activity) or work.get(MESSAGES, identity)


def _aliased(work: UnitOfWork, identity: str, activity: Activity) -> MessageRecord | None:
    alias = work.get(ACTIVITIES, identity)
    found = work.get(MESSAGES, alias.message) if alias is not None and alias.message is not None else None
    return found if found is not None and found.workspace == activity.workspace else None


def _is_addressee(work: UnitOfWork, message: MessageRecord, activity: Activity) -> bool:
    """Whether a message went to the person of an activity, or to the person who goes on with them in private."""
    if message.workspace != activity.workspace:
        return False
    case = work.get(CONVERSATIONS, message.conversation) if message.key != str(activity.person_key) else None
    return message.key == str(activity.person_key) or (case is not None and case.private_person == activity.person_key)


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
