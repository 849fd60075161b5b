"""What comes in from customers: messages open, continue or reopen a conversation; edits and the rest change it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypedDict

from schemas.activity import Activity
from schemas.commands import Forward
from schemas.configuration import WorkspaceConfiguration
from schemas.conversation import Author, MessageState
from schemas.topics import DEDUPE_RETENTION_SECONDS
from services.domain.conversation_state import Contact, ConversationState
from services.domain.lifecycle import is_closed, is_pending, is_resolved, is_waiting
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import (
    ACTIVITIES,
    CONVERSATIONS,
    MESSAGES,
    PERSONS,
    ActivityRecord,
    MessageRecord,
)
from services.router.conversations import changes, echoes, greeting, places
from services.router.conversations.claims import claim, prove
from services.router.conversations.context import ConversationsContext
from services.router.conversations.delivered import receive_receipt
from services.router.conversations.domain import transitions
from services.router.conversations.domain.handoff import (
    WEBCHAT,
    is_private_side,
    needs_handoff,
    private_address,
)
from services.router.conversations.domain.routing_rules import evaluate_rules
from services.router.conversations.facts import FactDetails, next_sequence, queue, record_fact
from services.router.conversations.handoff_commands import claim_handoff, forward
from services.router.conversations.handoff_notices import HandoffService
from services.router.conversations.legacy_ids import answered, stored

Configuration = WorkspaceConfiguration | None


@dataclass(frozen=True, slots=True)
class ActivityContext:
    """What an activity is decided in: the workspace's configuration, None when it is gone, and hand-offs."""

    configuration: Configuration
    privacy: HandoffService


def _around(context: ConversationsContext, workspace: str) -> ActivityContext:
    return ActivityContext(context.configuration(workspace), context.handoffs)


Handler = Callable[[UnitOfWork, Activity, ActivityContext], None]


def on_activity(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Act on one activity, once: a message is its own dedupe record, anything else leaves its id."""
    activity, work = received.event.payload_as(Activity), context.work
    around = _around(context, activity.workspace)
    if activity.kind in ACTIVITY_HANDLERS:
        ACTIVITY_HANDLERS[activity.kind](work, activity, around)
    elif work.get(ACTIVITIES, activity.id) is None:
        expires = work.now + DEDUPE_RETENTION_SECONDS
        record = ActivityRecord(workspace=activity.workspace, kind=activity.kind, expires_at=expires)
        work.put(ACTIVITIES, activity.id, record)
        if not _is_foreign_edit(work, activity):
            DEDUPED_KINDS.get(activity.kind, _ignore)(work, activity, around)


def _is_foreign_edit(work: UnitOfWork, activity: Activity) -> bool:
    """Whether it changes a message in another person's conversation: its owner alone writes that, and is told."""
    message = stored(work, activity) if activity.kind in MUTATING_KINDS else None
    if message is None or message.workspace != activity.workspace or message.key == _key(activity):
        return False
    work.emit("pasokh.command.forward", message.key, Forward(conversation=message.conversation, activity=activity))
    return True


def _ignore(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    """Kept on the log and counted; it changes no conversation."""


def _message(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    if echoes.is_ours(work, activity):
        echoes.hear(work, activity)
        return
    opened = around.privacy.can_start(activity)
    case = _within(activity.workspace, work.get(CONVERSATIONS, opened) if opened else None)
    if _forward_if_foreign(work, activity, case):
        return
    _add_message(work, activity, around, "received")
    prove(work, activity)
    if case is not None:
        claim(work, activity, case)


def _postback(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    """A pressed button that says something. One without a word and without data is a gesture: nothing follows."""
    data = activity.details.get("data")
    says = (activity.text.text if activity.text else None) or (data if isinstance(data, str) else "")
    if says.strip():
        _message(work, activity, around)


def _echo(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    echoes.hear(work, activity)


def _forward_if_foreign(work: UnitOfWork, activity: Activity, case: ConversationState | None) -> bool:
    """A hand-off's token, or somebody who continues another person's conversation; True when that is all of it."""
    if case is not None and "start" in activity.details:
        if case.key == _key(activity) and not is_closed(case.status):
            claim_handoff(work, case, activity)
        return True
    person = work.get(PERSONS, _key(activity))
    theirs = work.get(CONVERSATIONS, person.forwarded_to) if person and person.forwarded_to else None
    if theirs is None or theirs.key == _key(activity) or not is_private_side(theirs, activity.person_key):
        return False
    forward(work, activity, theirs)
    return True


def _within(workspace: str, case: ConversationState | None) -> ConversationState | None:
    """The case, unless it is another workspace's."""
    return None if case is None or case.workspace != workspace else case


def on_forward(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Somebody else's activity that belongs to a conversation of ours; what it does not take goes back, never lost."""
    asked, work = received.event.payload_as(Forward), context.work
    activity, around = asked.activity, _around(context, received.event.workspace)
    case = _within(activity.workspace, work.get(CONVERSATIONS, asked.conversation))
    if activity.kind in MUTATING_KINDS:
        MUTATING_KINDS[activity.kind](work, activity, around)
        return
    if activity.kind == "echo":
        echoes.say(work, activity, case)
        return
    if asked.returned:
        _add_message(work, activity, around, "received")
        return
    if case is None or not is_private_side(case, activity.person_key):
        returned = Forward(conversation=asked.conversation, activity=activity, returned=True)
        work.emit("pasokh.command.forward", _key(activity), returned)
        return
    if stored(work, activity) is not None:
        return
    here = activity.model_copy(update={"address": private_address(activity)})
    _append_to_conversation(work, here, around, work.get(CONVERSATIONS, case.id), "received")


def _add_message(work: UnitOfWork, activity: Activity, around: ActivityContext, state: MessageState) -> None:
    if stored(work, activity) is not None:
        return
    person = transitions.record_contact(work.get(PERSONS, _key(activity)), activity, work.now)
    before = _current(work, person, activity)
    if changes.was_deleted(work, activity):
        work.put(PERSONS, person.key, person)
        _hear_deleted(work, activity, around, before)
        return
    after = _append_to_conversation(work, activity, around, before, state)
    work.put(PERSONS, person.key, _with_open_conversation(work, person, activity, after) if after else person)


def _append_to_conversation(
    work: UnitOfWork, activity: Activity, around: ActivityContext, before: ConversationState | None, state: MessageState
) -> ConversationState | None:
    """Put a new message into its conversation, open or reopen that, and protect what should not be public.

    A lone thumbs-up is shown where there is a conversation, and asks for nothing: it opens and reopens none.
    """
    identity = activity.message or activity.id
    # The page of a visitor waits until what was sent is stored: there even a first thumbs-up opens a conversation.
    if transitions.is_acknowledgement(activity) and (before is not None or activity.channel != WEBCHAT):
        return _acknowledge(work, activity, before, identity) if before else None
    continued = before if before is not None and not is_resolved(before.status) else None
    joined = continued or _opened(work, activity, around.configuration, before)
    after = transitions.on_customer_message(joined, activity, identity, work.now)
    work.put(MESSAGES, identity, _message_record(work, activity, after, identity, state))
    _emit_facts(work, activity, identity, after, before, opened=None if continued else joined)
    if needs_handoff(after, activity):
        around.privacy.start(work, after, activity, around.configuration)
    return after


def _acknowledge(work: UnitOfWork, activity: Activity, before: ConversationState, identity: str) -> ConversationState:
    after = replace(before, updated_at=work.now)
    work.put(MESSAGES, identity, _message_record(work, activity, after, identity, "received"))
    about: FactDetails = {
        "at": transitions.waiting_started_at(activity),
        "message": identity,
        "message_surface": activity.surface,
        "author": "customer",
        "needs_answer": False,
    }
    record_fact(work, "message_received", after, before.status, **about)
    return after


def _hear_deleted(
    work: UnitOfWork, activity: Activity, around: ActivityContext, before: ConversationState | None
) -> None:
    """Show a message that was deleted before it came. Nobody is asked for an answer: a case of its own is closed."""
    identity = activity.message or activity.id
    case = before or transitions.discarded(_opened(work, activity, around.configuration, None), work.now)
    record = _message_record(work, activity, case, identity, "deleted")
    work.put(MESSAGES, identity, changes.emptied(record))
    if before is None:
        work.put(CONVERSATIONS, case.id, case)
        return
    after = replace(before, updated_at=work.now)
    record_fact(work, "message_deleted", after, before.status, message=identity, message_surface=activity.surface)


def _key(activity: Activity) -> str:
    return str(activity.person_key)


def _current(work: UnitOfWork, person: Contact, activity: Activity) -> ConversationState | None:
    identity = places.open_in(work, person, activity)
    found = work.get(CONVERSATIONS, identity) if identity else None
    return None if found is None or is_closed(found.status) else found


def _opened(
    work: UnitOfWork, activity: Activity, configuration: Configuration, before: ConversationState | None
) -> ConversationState:
    """A new conversation, or a resolved one that is reopened, by the rules of now."""
    language = (before.language if before else None) or activity.language or _account_language(activity, configuration)
    sensitive = activity.sensitive or (before is not None and before.sensitive)
    planned = evaluate_rules(transitions.routing_attributes(activity, language, sensitive), configuration)
    if before is None:
        return transitions.opened(work.new_id("conversation"), activity, planned, language, work.now)
    work.cancel_timer(f"close/{before.id}")
    return transitions.reopened(before, planned, work.now)


def _account_language(activity: Activity, configuration: Configuration) -> str | None:
    if configuration is None:
        return None
    account = configuration.accounts.get(f"{activity.channel}/{activity.account}")
    return account.body.language if account else None


def _with_open_conversation(
    work: UnitOfWork, person: Contact, activity: Activity, conversation: ConversationState
) -> Contact:
    where, earlier = transitions.thread_for(activity), places.earlier_thread(work, activity)
    if person.open.get(where) == conversation.id:
        return person
    still = {thread: identity for thread, identity in person.open.items() if thread != earlier}
    return replace(person, open={**still, where: conversation.id})


def _message_record(
    work: UnitOfWork, activity: Activity, conversation: ConversationState, identity: str, state: MessageState
) -> MessageRecord:
    return MessageRecord(
        id=identity,
        conversation=conversation.id,
        workspace=conversation.workspace,
        key=conversation.key,
        order=next_sequence(work),
        direction="inbound",
        surface=activity.surface,
        channel=activity.channel,
        author=Author(kind="customer", id=activity.person, name=activity.person_name),
        text=activity.text,
        masked=activity.masked,
        attachments=activity.attachments,
        sent_at=activity.sent_at,
        received_at=activity.received_at,
        state=state,
        error=None,
        platform_id=activity.platform_id,
        edited_at=changes.edited_at(activity) if state == "edited" else None,
        edits=[],
        **quoted(work, activity),
    )


class Quoted(TypedDict):
    """The fields of a MessageRecord that refer to other messages."""

    reply_to: str | None
    quote: str | None
    forwarded_from: str | None
    links: list[str]


def quoted(work: UnitOfWork, activity: Activity) -> Quoted:
    """What a message says about others. The words that it answers are shown where we do not have that message."""
    known = answered(work, activity)
    words = activity.details.get("answered_text")
    return {
        "reply_to": known.id if known else None,
        "quote": activity.quote or (words if known is None and isinstance(words, str) else None),
        "forwarded_from": activity.forwarded_from,
        "links": activity.links,
    }


def _emit_facts(
    work: UnitOfWork,
    activity: Activity,
    message: str,
    after: ConversationState,
    before: ConversationState | None,
    *,
    opened: ConversationState | None,
) -> None:
    """Tell that a message arrived, and before that that its conversation was `opened`, or reopened from `before`."""
    about: FactDetails = {
        "at": transitions.waiting_started_at(activity),
        "message": message,
        "message_surface": activity.surface,
        "author": "customer",
    }
    if opened is not None:
        # The run of the message begins with the fact of the message.
        run = opened.response_tracking.open_run()
        record_fact(work, "reopened" if before else "opened", after, before.status if before else None, response=run)
        record_fact(work, "message_received", after, after.status, **about)
        queue(work, after, after.status)
    elif before is not None:
        record_fact(work, "message_received", after, before.status, **about)
        if is_waiting(after.status) and is_pending(before.status):
            queue(work, after, after.status)


def _edit(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    """Replace the text of the message; one that never came is stored as its edit, and its original is a repeat.

    Of our own side's word that never came, and of one that is old, nothing follows.
    """
    message = stored(work, activity)
    if message is None:
        why = _why_no_news(work, activity)
        if why is None:
            _add_message(work, activity, around, "edited")
        else:
            changes.record_ignored(work, activity, why)
        return
    if message.workspace != activity.workspace:
        return
    conversation = work.get(CONVERSATIONS, message.conversation)
    if not changes.edit(work, activity, message) or conversation is None:
        return
    after = replace(conversation, updated_at=work.now)
    if message.direction == "inbound":
        after = replace(
            after,
            language=activity.language or conversation.language,
            sensitive=conversation.sensitive or activity.sensitive,
        )
    record_fact(work, "message_edited", after, conversation.status, message=message.id, message_surface=message.surface)
    if message.direction == "inbound" and needs_handoff(after, activity):
        around.privacy.start(work, after, activity, around.configuration)


def _why_no_news(work: UnitOfWork, activity: Activity) -> str | None:
    if activity.author != "customer" or echoes.is_ours(work, activity):
        return "own"
    if changes.was_deleted(work, activity):
        return "deleted"
    return "late" if changes.is_late(activity) else None


def _deletion(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    changes.delete(work, activity)


def _receipt(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    message = work.get(MESSAGES, activity.message) if activity.message else None
    state = activity.details.get("state")
    if message is None or not isinstance(state, str) or message.direction != "outbound":
        return
    # Where clients name our ids themselves, they could name one that is not theirs.
    if message.workspace != activity.workspace or message.key != _key(activity):
        return
    receive_receipt(work, message, state, activity.sent_at or activity.received_at)


def _set_blocked(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    """A person blocked the account, let it in again, or pressed the button of a bot that was just opened."""
    person = transitions.record_contact(work.get(PERSONS, _key(activity)), activity, work.now)
    state = activity.details.get("state")
    person = replace(person, blocked=state == "blocked")
    if state == "started" and _current(work, person, activity) is None:
        person = greeting.greet(work, person, activity, around.configuration)
    work.put(PERSONS, person.key, person)


def _unknown(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    """What is not understood changes nothing, but a place may tell that its id is another now."""
    places.note_moved(work, activity)


def _contact(work: UnitOfWork, activity: Activity, around: ActivityContext) -> None:
    """A person says where they can be reached."""
    person = transitions.record_contact(work.get(PERSONS, _key(activity)), activity, work.now)
    work.put(PERSONS, person.key, person)


ACTIVITY_HANDLERS: dict[str, Handler] = {"message": _message, "postback": _postback}
MUTATING_KINDS: dict[str, Handler] = {"edit": _edit, "deletion": _deletion}
DEDUPED_KINDS: dict[str, Handler] = {
    **MUTATING_KINDS,
    "receipt": _receipt,
    "follow": _set_blocked,
    "contact": _contact,
    "echo": _echo,
    "unknown": _unknown,
}
