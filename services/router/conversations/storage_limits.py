"""Deletes what members of a platform wrote, and their names, when its terms say so (docs/storage-limits.md).

Each message and each person has a timer of its own. The message stays without its content, as the record that drops
repeats, so that neither a repeat nor a poll of the past brings the content back. Clocks, counts and our own answers stay.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from schemas.activity import Activity
from schemas.conversation import ContentRemoval
from services.platform.processing.inputs import TimerFired
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations.context import ConversationsContext
from services.router.conversations.deletions import delete_files, without_content
from services.router.conversations.facts import record_message_fact, text_field

STORAGE_TIMER = "storage_limit/"
"""Prefix of the timer that deletes the content of a message, and the name of its author; the message's id follows."""
PROFILE_TIMER = "profile_limit/"
"""Prefix of the timer that deletes the names of a person; the person key follows."""


def with_storage_timer(work: UnitOfWork, message: MessageRecord) -> MessageRecord:
    """A new message, which is about to be stored, with the timer that ends its storage where its platform limits it."""
    _set_storage_timer(work, message, [message.profile_until, message.stored_until])
    return message


def _set_storage_timer(work: UnitOfWork, message: MessageRecord, times: list[datetime | None]) -> None:
    due = min((at for at in times if at is not None), default=None)
    if due is not None:
        work.set_timer(f"{STORAGE_TIMER}{message.id}", due, {"message": message.id, "workspace": message.workspace})


def limit_profile(work: UnitOfWork, activity: Activity) -> None:
    """Have the names that an activity gave of its person deleted in time. The person is of this partition."""
    if activity.profile_until is not None and (activity.person_name or activity.identities):
        key = str(activity.person_key)
        work.set_timer(
            f"{PROFILE_TIMER}{key}", activity.profile_until, {"person": key, "workspace": activity.workspace}
        )


def message_of_timer(context: ConversationsContext, timer: TimerFired) -> Iterator[Read]:
    """The first step: the message whose time has come."""
    yield Documents(MESSAGES, [text_field(timer.data, "message")])


def conversation_of_timer(context: ConversationsContext, timer: TimerFired) -> Iterator[Read]:
    """The second step: its conversation."""
    message = context.work.get(MESSAGES, text_field(timer.data, "message"))
    yield Documents(CONVERSATIONS, [message.conversation] if message is not None and message.conversation else [])


def on_storage_timer(context: ConversationsContext, timer: TimerFired) -> None:
    """Delete what is past its time of a message: first names, then the content; the timer comes again for what is not."""
    work = context.work
    message = work.get(MESSAGES, text_field(timer.data, "message"))
    if message is None:
        return
    is_removed = _is_past(message.stored_until, work.now) and message.content_removed is None
    after = _without_names(message) if _is_past(message.profile_until, work.now) else message
    if is_removed:
        after = _without_members_content(after, work.now)
        delete_files(work, message if message.direction == "inbound" else replace(message, attachments=[]))
    work.put(MESSAGES, message.id, after)
    _set_storage_timer(work, after, [at for at in (message.stored_until,) if not _is_past(at, work.now)])
    case = work.get(CONVERSATIONS, message.conversation) if message.conversation else None
    if is_removed and after.content_removed is not None and case is not None:
        record_message_fact(work, "content_removed", case, after)


def _is_past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def _without_names(message: MessageRecord) -> MessageRecord:
    is_members = message.author.kind == "customer"
    return replace(
        message,
        author=message.author.model_copy(update={"name": None}) if is_members else message.author,
        participants=[],
        forwarded_from=None,
        reactions=[
            reaction.model_copy(update={"author": reaction.author.model_copy(update={"name": None})})
            for reaction in message.reactions
        ],
    )


def _without_members_content(message: MessageRecord, now: datetime) -> MessageRecord:
    """The message without what a member wrote. Of a message of ours that is what it quotes alone."""
    if message.direction != "inbound":
        return replace(message, quote=None, forwarded_from=None, reactions=[])
    if message.state == "deleted":
        return message
    return replace(without_content(message), content_removed=ContentRemoval(code="storage_limit", at=now))


def person_of_timer(context: ConversationsContext, timer: TimerFired) -> Iterator[Read]:
    """The person whose names are past their time."""
    yield Documents(PERSONS, [text_field(timer.data, "person")])


def on_profile_timer(context: ConversationsContext, timer: TimerFired) -> None:
    """Delete the names of a person, unless their platform has told them again since."""
    work = context.work
    person = work.get(PERSONS, text_field(timer.data, "person"))
    if person is not None and _is_past(person.profile_until, work.now):
        work.put(
            PERSONS,
            person.key,
            replace(person, name=None, email=None, phone=None, identities=[], profile_until=None),
        )
