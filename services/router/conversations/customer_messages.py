"""A customer's message enters its conversation: it opens, continues or reopens one, and its facts follow."""

from dataclasses import replace

from schemas.activity import Activity
from schemas.conversation import Author, MessageState
from services.domain.conversation_state import Contact, ConversationState
from services.domain.lifecycle import is_closed, is_pending, is_resolved, is_waiting
from services.platform.core.identifiers import hashed_id
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import early, moved_chats, unfiled
from services.router.conversations.after_hours import tell_closed
from services.router.conversations.context import ActivityContext, Configuration
from services.router.conversations.deletions import delete_files, emptied
from services.router.conversations.domain import transitions
from services.router.conversations.domain.accounts import account_language
from services.router.conversations.domain.activities import (
    asks_for_nothing,
    content_fields,
    happened_at,
    thread_for,
    waiting_started_at,
)
from services.router.conversations.domain.contacts import updated_contact, with_state
from services.router.conversations.domain.handoff import WEBCHAT
from services.router.conversations.domain.routing_rules import activity_attributes, evaluate_rules
from services.router.conversations.facts import (
    CLOSE_TIMER,
    FactDetails,
    next_sequence,
    put_conversation,
    queue,
    record_fact,
    record_message_fact,
    record_resolved,
)
from services.router.conversations.message_ids import answered_message, put_alias, stored_message
from services.router.conversations.storage_limits import with_storage_timer
from services.router.conversations.task_counting import resume_task, wake


def add_message(work: UnitOfWork, activity: Activity, activity_context: ActivityContext, state: MessageState) -> None:
    """Put a message of the customer into the conversation of its thread, once."""
    # The message is its own dedupe record: a repeat of the activity finds it under the same id.
    if stored_message(work, activity) is not None:
        return
    person = updated_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    if person.blocked and activity.surface == "private":
        # Who writes has unblocked the account, whether the platform said so or not.
        person = with_state(person, "unblocked", happened_at(activity))
    if person.automatic_at is not None and not activity.automatic:
        person = replace(person, wrote_since=True)
    before = open_conversation(work, person, activity)
    if early.was_deleted(work, activity):
        work.put(PERSONS, person.key, person)
        _add_deleted_message(work, activity, activity_context, before)
        return
    after = append_message(work, activity, activity_context, before, state)
    if after is None:
        person = _unfiled(work, person, activity) if activity.automatic else person
    else:
        person = _with_open_conversation(work, unfiled.take_in(work, person, after), activity, after)
    work.put(PERSONS, person.key, person)
    put_aliases(work, activity)
    if after is not None and not asks_for_nothing(activity):
        tell_closed(work, work.get(CONVERSATIONS, after.id) or after, activity, person, activity_context)


def put_aliases(work: UnitOfWork, activity: Activity) -> None:
    """Record the other ids of a stored message: whoever answers it names it by them, also somebody who got a copy."""
    message = work.get(MESSAGES, activity.message or activity.id) if activity.aliases else None
    if message is not None:
        for identity in activity.aliases:
            put_alias(work, identity, message)


def append_message(
    work: UnitOfWork,
    activity: Activity,
    activity_context: ActivityContext,
    before: ConversationState | None,
    state: MessageState,
) -> ConversationState | None:
    """Append a new message to the conversation `before`, or to a new one, and start a hand-off where it needs one.

    Returns the conversation after it. None: a message that asks for no answer, such as a lone thumbs-up or an automatic
    mail, opens none.
    """
    identity = activity.message or activity.id
    if asks_for_nothing(activity):
        if before is not None:
            return add_without_answer(work, activity, before)
        # The page of a visitor waits until its message is stored: there even a first thumbs-up opens a conversation.
        if activity.channel != WEBCHAT or activity.automatic:
            return None
    joined = _joined(work, activity, activity_context.configuration, before)
    after = transitions.on_customer_message(joined, activity, identity, work.now)
    work.put(MESSAGES, identity, message_record(work, activity, after, state))
    _record_facts(work, activity, identity, after, before, opened=None if joined is before else joined)
    if after.snoozed_until is not None and after.wake_on_reply:
        after = wake(work, after, activity_context.configuration)
    elif joined is before:
        resume_task(work, joined, after, activity_context.configuration)
    if activity.sensitive:
        activity_context.handoffs.protect(work, after, activity, identity, activity_context.configuration)
    return after


def _unfiled(work: UnitOfWork, person: Contact, activity: Activity) -> Contact:
    return unfiled.add(work, person, message_record(work, activity, None, "received"))


def open_and_resolve(work: UnitOfWork, activity: Activity, person: Contact, configuration: Configuration) -> Contact:
    """Show what was dealt with already in a conversation of its own, which is resolved. Returns the contact with it."""
    opened = _opened(work, activity, configuration, None)
    case = replace(opened, last_message=activity.message or activity.id, last_at=work.now, received=1)
    work.put(MESSAGES, activity.message or activity.id, message_record(work, activity, case, "received"))
    record_fact(work, "opened", case, None)
    details: FactDetails = {**_message_details(activity, activity.message or activity.id), "needs_answer": False}
    record_fact(work, "message_received", case, case.status, **details)
    record_resolved(work, case)
    return _with_open_conversation(work, person, activity, case)


def add_taken(
    work: UnitOfWork, activity: Activity, person: Contact, configuration: Configuration
) -> tuple[Contact, ConversationState]:
    """Put a message that somebody of ours is answering already into its conversation, which waits for nobody else.

    Returns the contact, and the conversation after it.
    """
    before, identity = open_conversation(work, person, activity), activity.message or activity.id
    joined = _joined(work, activity, configuration, before)
    after = transitions.on_customer_message(joined, activity, identity, work.now)
    after = replace(after, snoozed_until=None, wake_on_reply=False)
    work.put(MESSAGES, identity, message_record(work, activity, after, "received"))
    if joined is not before:
        run = joined.response_tracking.open_run()
        record_fact(work, "reopened" if before else "opened", after, before.status if before else None, response=run)
    record_fact(work, "message_received", after, joined.status, **_message_details(activity, identity))
    return _with_open_conversation(work, person, activity, after), after


def take_up_again(
    work: UnitOfWork, activity: Activity, activity_context: ActivityContext, before: ConversationState, message: str
) -> None:
    """A message of a conversation that our side was done with asks for an answer anew: it is reopened where it has to be."""
    person = work.get(PERSONS, before.key)
    if is_closed(before.status):
        # A closed conversation stays closed: the changed message begins another.
        again = activity.model_copy(update={"message": hashed_id(activity.id, "again"), "former": None})
        after = append_message(work, again, activity_context, None, "edited")
        if person is not None and after is not None:
            work.put(PERSONS, person.key, _with_open_conversation(work, person, activity, after))
        return
    # What was asked for went with the text that was replaced.
    before = replace(before, intent=None)
    joined = _joined(work, activity, activity_context.configuration, before)
    after = transitions.on_customer_message(joined, activity, message, work.now)
    # It is no new message: the latest stays the latest.
    after = replace(after, last_message=before.last_message, last_at=before.last_at, received=before.received)
    _record_facts(work, activity, message, after, before, opened=None if joined is before else joined)
    resume_task(work, joined, after, activity_context.configuration)


def open_conversation(work: UnitOfWork, person: Contact, activity: Activity) -> ConversationState | None:
    """The conversation that a message of this thread continues or reopens; None when the next one is a new one."""
    identity = moved_chats.open_conversation_id(work, person, activity)
    found = work.get(CONVERSATIONS, identity) if identity else None
    return None if found is None or is_closed(found.status) else found


def add_without_answer(work: UnitOfWork, activity: Activity, before: ConversationState) -> ConversationState:
    """Show a message that asks for no answer in a conversation: it reopens nothing, and no clock starts or stops."""
    identity = activity.message or activity.id
    # What a machine wrote opens no window: only a person can be answered.
    wrote_at = before.wrote_at if activity.automatic else transitions.wrote_at_after(before, activity)
    after = replace(
        before,
        wrote_at=wrote_at,
        last_message=identity,
        last_at=work.now,
        received=before.received + 1,
        updated_at=work.now,
    )
    work.put(MESSAGES, identity, message_record(work, activity, after, "received"))
    details: FactDetails = {**_message_details(activity, identity), "needs_answer": False}
    record_fact(work, "message_received", after, before.status, **details)
    return after


def _add_deleted_message(
    work: UnitOfWork, activity: Activity, activity_context: ActivityContext, before: ConversationState | None
) -> None:
    """Show a message whose deletion arrived before it. It asks for no answer: a conversation that it opens is closed."""
    identity = activity.message or activity.id
    case = before or transitions.discarded(_opened(work, activity, activity_context.configuration, None), work.now)
    message = message_record(work, activity, case, "deleted")
    work.put(MESSAGES, identity, emptied(message))
    delete_files(work, message)
    if before is None:
        # Without a fact: no other processor has ever known of this conversation.
        put_conversation(work, case)
        return
    record_message_fact(work, "message_deleted", before, message)


def _joined(
    work: UnitOfWork, activity: Activity, configuration: Configuration, before: ConversationState | None
) -> ConversationState:
    """The conversation that a message enters: the one before it, or one that is opened or reopened for it."""
    return _opened(work, activity, configuration, before) if before is None or is_resolved(before.status) else before


def _opened(
    work: UnitOfWork, activity: Activity, configuration: Configuration, before: ConversationState | None
) -> ConversationState:
    """A new conversation, or the resolved one `before` reopened, by the routing rules in force."""
    said = (before.language if before else None) or activity.language
    language = said or account_language(configuration, activity.channel, activity.account)
    sensitive = activity.sensitive or (before is not None and before.sensitive)
    routing = evaluate_rules(activity_attributes(activity, language, sensitive), configuration)
    if before is None:
        return transitions.opened(work.new_id("conversation"), activity, routing, language, work.now)
    work.cancel_timer(f"{CLOSE_TIMER}{before.id}")
    return transitions.reopened(before, activity.intent, routing, work.now)


def _with_open_conversation(
    work: UnitOfWork, person: Contact, activity: Activity, conversation: ConversationState
) -> Contact:
    """The person with this conversation as the open one of its thread."""
    thread = thread_for(activity)
    if person.open.get(thread) == conversation.id:
        return person
    # A group that became a supergroup has another id: its conversation moves to the new thread.
    former = moved_chats.earlier_thread(work, activity)
    others = {name: identity for name, identity in person.open.items() if name != former}
    return replace(person, open={**others, thread: conversation.id})


def message_record(
    work: UnitOfWork, activity: Activity, conversation: ConversationState | None, state: MessageState
) -> MessageRecord:
    """The message of a customer's activity, new in a conversation; None: in none yet."""
    answered = answered_message(work, activity)
    # Where the answered message is not stored here, the platform's copy of its text is shown instead.
    text = activity.details.get("answered_text") if answered is None else None
    record = MessageRecord(
        id=activity.message or activity.id,
        conversation=conversation.id if conversation else "",
        workspace=activity.workspace,
        key=conversation.key if conversation else str(activity.person_key),
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
        platform_id=activity.platform_id,
        edited_at=happened_at(activity) if state == "edited" else None,
        reply_to=answered.id if answered else None,
        quote=activity.quote or (text if isinstance(text, str) else None),
        forwarded_from=activity.forwarded_from,
        links=activity.links,
        **content_fields(activity),
    )
    return with_storage_timer(work, record)


def _record_facts(
    work: UnitOfWork,
    activity: Activity,
    message: str,
    after: ConversationState,
    before: ConversationState | None,
    *,
    opened: ConversationState | None,
) -> None:
    """Record that a message arrived. `opened` is its conversation as it was opened, or reopened from `before`."""
    details = _message_details(activity, message)
    if opened is not None:
        # First the opening, then the message: the run that the message begins is on the fact of the message alone.
        run = opened.response_tracking.open_run()
        record_fact(work, "reopened" if before else "opened", after, before.status if before else None, response=run)
        record_fact(work, "message_received", after, after.status, **details)
        queue(work, after, after.status)
    elif before is not None:
        record_fact(work, "message_received", after, before.status, **details)
        # It was answered elsewhere and has no agent: dispatch dropped its task, and needs a new one.
        if is_waiting(after.status) and is_pending(before.status):
            queue(work, after, after.status)


def _message_details(activity: Activity, message: str) -> FactDetails:
    return {
        "at": waiting_started_at(activity),
        "message": message,
        "message_surface": activity.surface,
        "author": "customer",
    }
