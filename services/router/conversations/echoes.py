"""Echoes: messages of our own side as the platform shows them.

Those that were written elsewhere (by phone, in the platform's own app, as a group's admin) are part of their
conversation, and answers: clocks stop, and no agent has to answer a second time. A reply that we sent ourselves is
stored already; its echo says that the platform has it.
"""

from dataclasses import replace
from datetime import datetime

from schemas.activity import Activity
from schemas.commands import Forward
from schemas.conversation import PEOPLE_OF_OURS, Author
from schemas.values import EncryptedText
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed, is_pending, is_queued
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import early, moved_chats
from services.router.conversations.deletions import emptied
from services.router.conversations.delivered import advance, message_details, record_delivered
from services.router.conversations.domain import responses
from services.router.conversations.domain.activities import (
    content_fields,
    happened_at,
    merged_participants,
    waiting_started_at,
)
from services.router.conversations.domain.contacts import updated_contact
from services.router.conversations.domain.delivery_states import is_unsettled
from services.router.conversations.facts import FactDetails, close_task, next_sequence, record_fact, record_message_fact
from services.router.conversations.forwarding import send_forward
from services.router.conversations.message_ids import answered_message, put_alias, stored_message
from services.router.conversations.misplaced_echoes import check_later, may_be_misplaced
from services.router.conversations.storage_limits import with_storage_timer
from services.router.conversations.task_counting import with_silence_timer

MIN_PART = 50
"""From how many characters on an echo counts as a part of the reply that holds it. No person writes that by chance."""


def is_own_side(work: UnitOfWork, activity: Activity) -> bool:
    """Whether the author of a message is a channel that is linked to the group of the message: a person of ours."""
    person = work.get(PERSONS, str(activity.person_key))
    return person is not None and activity.address is not None and activity.address.chat in person.linked_groups


def receive_echo(work: UnitOfWork, activity: Activity) -> None:
    """Add a message of our own side to the conversation that it belongs to. Without one it has no effect."""
    if activity.details.get("automatic_forward"):
        _record_linked_channel(work, activity)
        return
    case = _answered_conversation(work, activity)
    if case is not None and case.key != str(activity.person_key):
        echo = activity.model_copy(update={"kind": "echo"})
        send_forward(work, case.key, Forward(conversation=case.id, activity=echo))
    else:
        add_echo(work, activity, case)


def _record_linked_channel(work: UnitOfWork, activity: Activity) -> None:
    """A channel whose posts are forwarded to a group is linked to it: its messages in that group are of our own side."""
    person = updated_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    if activity.address is not None and activity.address.chat not in person.linked_groups:
        person = replace(person, linked_groups=[*person.linked_groups, activity.address.chat])
    work.put(PERSONS, person.key, person)


def _answered_conversation(work: UnitOfWork, activity: Activity) -> ConversationState | None:
    """The conversation that an echo answers: of the reply that it shows, the open one of its thread, or of what it answers."""
    # A comment below another's comment answers the author of that one, as far as the platform says.
    shown = stored_message(work, activity)
    if shown is not None and shown.workspace == activity.workspace:
        return work.get(CONVERSATIONS, shown.conversation)
    identity = _of_thread(work, activity)
    if identity is None:
        answered = answered_message(work, activity)
        identity = answered.conversation if answered is not None and answered.surface == activity.surface else None
    return work.get(CONVERSATIONS, identity) if identity else None


def _of_thread(work: UnitOfWork, activity: Activity) -> str | None:
    """The id of the open conversation of a person's thread; in private also that of another person which they continue."""
    person = work.get(PERSONS, str(activity.person_key))
    if person is None:
        return None
    identity = moved_chats.open_conversation_id(work, person, activity)
    return person.forwarded_to if identity is None and activity.surface == "private" else identity


def add_echo(work: UnitOfWork, activity: Activity, case: ConversationState | None) -> None:
    """Add an echo to a conversation of this partition. A repeat, and the echo of a reply that we sent, add nothing."""
    known = stored_message(work, activity) or _sent_reply(work, activity, case)
    if known is not None and case is not None and known.key != case.key:
        # The result of the send became known while the echo was on its way to another conversation.
        send_forward(work, known.key, Forward(conversation=known.conversation, activity=activity))
    elif known is not None:
        _confirm(work, known, activity)
    elif case is None:
        _expect_nothing(work, activity)
    elif not is_closed(case.status) and not _is_own_reply(activity):
        _add(work, activity, case)
        _check_place(work, activity, case)


def _expect_nothing(work: UnitOfWork, activity: Activity) -> None:
    """A post answers nobody, and is never sent from here."""
    if activity.surface == "public" and not activity.replies_to:
        early.expect_nothing(work, activity)


def _check_place(work: UnitOfWork, activity: Activity, case: ConversationState) -> None:
    """Check later whether an echo belongs to a reply of its own person, and stands in another's conversation."""
    if case.key != str(activity.person_key) and may_be_misplaced(activity):
        check_later(work, case.key, [activity.message or activity.id])


def _add(work: UnitOfWork, activity: Activity, case: ConversationState) -> None:
    """Add a message that was written elsewhere."""
    message = _record(work, activity, case)
    if early.was_deleted(work, activity):
        work.put(MESSAGES, message.id, emptied(message))
        record_message_fact(work, "message_deleted", case, message)
        return
    work.put(MESSAGES, message.id, message)
    accepted_at = _accepted_at(activity, case)
    is_answer = message.author.kind in PEOPLE_OF_OURS
    after = responses.replied(case, message.id, accepted_at, work.now) if is_answer else case
    if is_answer and is_pending(after.status):
        # The timer reads the settings: what comes from elsewhere is no reason to read them here.
        after = with_silence_timer(work, after, work.now)
    after = replace(after, participants=merged_participants(after.participants, activity.participants))
    details: FactDetails = {**message_details(message), "at": accepted_at}
    record_fact(work, "replied", after, case.status, **details)
    if is_pending(after.status) and not is_pending(case.status):
        record_fact(work, "pending", after, after.status)
    record_delivered(work, message, after, accepted_at)
    # It was answered before an agent had it: dispatch gives up its place in the queue.
    if is_queued(case.status) and is_pending(after.status):
        close_task(work, after)


def _is_own_reply(activity: Activity) -> bool:
    """Whether the platform says that our own application wrote it. Earlier versions had it in `details`."""
    return activity.own_reply or activity.details.get("is_own_reply") is True


def _confirm(work: UnitOfWork, message: MessageRecord, activity: Activity) -> None:
    """The platform shows a reply of ours: it has it, whatever the result of the send says."""
    if message.direction != "outbound" or message.workspace != activity.workspace:
        return
    identity = activity.message or activity.id
    if message.id != identity and activity.message is not None:
        put_alias(work, identity, message)
    if message.platform_id is None and activity.platform_id is not None:
        message = replace(message, platform_id=activity.platform_id)
    if identity not in message.parts and _is_part(_words(activity.text), _words(message.text)):
        message = replace(message, parts={**message.parts, identity: "sent"})
    work.put(MESSAGES, message.id, message)
    advance(work, message, "sent", happened_at(activity))


def _sent_reply(work: UnitOfWork, activity: Activity, case: ConversationState | None) -> MessageRecord | None:
    """The reply of this conversation that an echo shows before the result of its send: one with the same text, or of which it is a part.

    Its result is not known yet, or is doubtful; or other parts of it were shown. Of several with one text it is the oldest.
    """
    text = _words(activity.text)
    if case is None or not text:
        return None
    unsettled = [
        message
        for message in work.cached(MESSAGES).values()
        if (message.conversation, message.direction) == (case.id, "outbound")
        and message.surface == activity.surface
        and _shows(text, message)
    ]
    return min(unsettled, key=lambda message: message.order, default=None)


def _shows(echo: list[str], reply: MessageRecord) -> bool:
    """Whether an echo with these words may show a reply, or one of the parts in which a long reply goes out."""
    words, is_open = _words(reply.text), is_unsettled(reply.state, reply.error)
    return is_open if echo == words else (is_open or bool(reply.parts)) and _is_part(echo, words)


def _is_part(echo: list[str], reply: list[str]) -> bool:
    shown = " ".join(echo)
    return echo != reply and len(shown) >= MIN_PART and shown in " ".join(reply)


def _words(text: EncryptedText | None) -> list[str]:
    # Platforms trim texts and change white space.
    return text.text.split() if text is not None else []


def _accepted_at(activity: Activity, case: ConversationState) -> datetime:
    # The time of an echo and of a customer's message come from different clocks: no run lasts a negative time.
    written_at, run = waiting_started_at(activity), case.response_tracking.open_run()
    return max(written_at, run.started_at) if run else written_at


def _record(work: UnitOfWork, activity: Activity, case: ConversationState) -> MessageRecord:
    answered, name = answered_message(work, activity), activity.author_name or activity.details.get("author_name")
    record = MessageRecord(
        id=activity.message or activity.id,
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="outbound",
        surface=activity.surface,
        channel=activity.channel,
        author=Author(
            kind="bot" if activity.author == "bot" or activity.automatic else "account",
            name=name if isinstance(name, str) else None,
        ),
        text=activity.text,
        masked=activity.masked,
        attachments=activity.attachments,
        sent_at=activity.sent_at,
        received_at=activity.received_at,
        state="sent",
        platform_id=activity.platform_id,
        reply_to=answered.id if answered else None,
        quote=activity.quote,
        forwarded_from=activity.forwarded_from,
        links=activity.links,
        **content_fields(activity),
    )
    return with_storage_timer(work, record)
