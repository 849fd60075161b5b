"""What our own side says elsewhere: by phone, in the platform's own app, as a group's admin. It is part of the
conversation, and an answer: clocks stop, and nobody has to answer a second time.
"""

from dataclasses import replace

from schemas.activity import Activity
from schemas.commands import Forward
from schemas.conversation import PEOPLE_OF_OURS, Author
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed, is_pending, is_queued
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import changes, places
from services.router.conversations.delivered import record_delivered
from services.router.conversations.domain import transitions
from services.router.conversations.facts import FactDetails, close_task, next_sequence, record_fact
from services.router.conversations.legacy_ids import answered, stored


def is_ours(work: UnitOfWork, activity: Activity) -> bool:
    """Whether a message comes from a channel that is linked to the group in which it stands: a person of ours."""
    person = work.get(PERSONS, str(activity.person_key))
    return person is not None and activity.address is not None and activity.address.chat in person.linked_groups


def hear(work: UnitOfWork, activity: Activity) -> None:
    """Put our own side's word into the conversation that it belongs to, if there is one: it opens none."""
    if activity.details.get("automatic_forward"):
        _remember(work, activity)
    elif not activity.details.get("is_own_reply"):
        _hear(work, activity)


def _remember(work: UnitOfWork, activity: Activity) -> None:
    """A channel whose posts are forwarded to a group is linked to it: who speaks as it there is of our own side."""
    person = transitions.record_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    if activity.address is not None and activity.address.chat not in person.linked_groups:
        person = replace(person, linked_groups=[*person.linked_groups, activity.address.chat])
    work.put(PERSONS, person.key, person)


def _hear(work: UnitOfWork, activity: Activity) -> None:
    key = str(activity.person_key)
    person, replied = work.get(PERSONS, key), answered(work, activity)
    identity = places.open_in(work, person, activity) if person else None
    if activity.surface == "private" and person is not None and identity is None:
        identity = person.forwarded_to
    if identity is None and replied is not None and replied.surface == activity.surface:
        identity = replied.conversation
    case = work.get(CONVERSATIONS, identity) if identity else None
    if case is not None and case.key != key:
        told = activity.model_copy(update={"kind": "echo"})
        work.emit("pasokh.command.forward", case.key, Forward(conversation=case.id, activity=told))
        return
    say(work, activity, case)


def say(work: UnitOfWork, activity: Activity, case: ConversationState | None) -> None:
    """Say it in a conversation that this partition owns. A repeat, and what was deleted meanwhile, say nothing."""
    if case is None or is_closed(case.status) or stored(work, activity) or changes.was_deleted(work, activity):
        return
    message = _record(work, activity, case)
    work.put(MESSAGES, message.id, message)
    is_answer = message.author.kind in PEOPLE_OF_OURS
    said_at, run = transitions.waiting_started_at(activity), case.response_tracking.open_run()
    said_at = max(said_at, run.started_at) if run else said_at
    after = transitions.replied(case, message.id, said_at, work.now) if is_answer else case
    about: FactDetails = {
        "at": said_at,
        "message": message.id,
        "message_surface": message.surface,
        "author": message.author.kind,
    }
    record_fact(work, "replied", after, case.status, **about)
    if is_pending(after.status) and not is_pending(case.status):
        record_fact(work, "pending", after, after.status)
    record_delivered(work, message, after, said_at)
    if is_queued(case.status) and is_pending(after.status):
        close_task(work, after)


def _record(work: UnitOfWork, activity: Activity, case: ConversationState) -> MessageRecord:
    known, name = answered(work, activity), activity.details.get("author_name")
    return MessageRecord(
        id=activity.message or activity.id,
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="outbound",
        surface=activity.surface,
        channel=activity.channel,
        author=Author(
            kind="bot" if activity.author == "bot" else "account", name=name if isinstance(name, str) else None
        ),
        text=activity.text,
        masked=activity.masked,
        attachments=activity.attachments,
        sent_at=activity.sent_at,
        received_at=activity.received_at,
        state="sent",
        platform_id=activity.platform_id,
        reply_to=known.id if known else None,
        quote=activity.quote,
        forwarded_from=activity.forwarded_from,
        links=activity.links,
    )
