"""Answers of surveys: they stand in the conversation that they are about, whatever its status."""

from dataclasses import replace

from schemas.activity import Activity
from schemas.commands import Forward
from services.domain.conversation_state import ConversationState
from services.domain.survey_ratings import ratings_of
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations import unfiled
from services.router.conversations.context import ActivityContext
from services.router.conversations.customer_messages import message_record, open_conversation
from services.router.conversations.domain.activities import happened_at
from services.router.conversations.domain.contacts import updated_contact
from services.router.conversations.facts import record_message_fact
from services.router.conversations.message_ids import answered_message, is_erased


def on_survey_answer(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Find the conversation of a survey: the one that it names, else of the message that it answers, else the open one.

    Answers without any wait for the person's next conversation.
    """
    key = str(activity.person_key)
    person = updated_contact(work.get(PERSONS, key), activity, work.now)
    named = activity_context.handoffs.conversation_of_token(activity) or activity.conversation
    case = _named_conversation(work, activity, named) or open_conversation(work, person, activity)
    if case is not None and case.key != key:
        work.emit("pasokh.command.forward", case.key, Forward(conversation=case.id, activity=activity))
    elif case is not None:
        add_answers(work, activity, case)
    elif (known := work.get(MESSAGES, activity.message or activity.id)) is not None:
        if is_erased(known):
            return
        # Whoever answered a part of it before had no conversation then, either.
        work.put(MESSAGES, known.id, _with_further_answers(known, activity))
    else:
        person = unfiled.add(work, person, message_record(work, activity, None, "received"))
    work.put(PERSONS, person.key, person)


def _named_conversation(work: UnitOfWork, activity: Activity, named: str | None) -> ConversationState | None:
    answered = answered_message(work, activity)
    identity = named or (answered.conversation if answered else None)
    case = work.get(CONVERSATIONS, identity) if identity else None
    # The link of a survey is in the hands of the person who answers it; of an erased customer it leads nowhere.
    is_there = case is not None and case.workspace == activity.workspace and case.erased_at is None
    return case if is_there else None


def add_answers(work: UnitOfWork, activity: Activity, case: ConversationState) -> None:
    """Show the answers in a conversation of this partition, once. No clock starts or stops, and nothing is reopened.

    A survey may be told of in parts, in any order: its message has the answers of all of them.
    """
    known = work.get(MESSAGES, activity.message or activity.id)
    if known is None:
        message = message_record(work, activity, case, "received")
        work.put(MESSAGES, message.id, message)
        rated = ratings_of(message.answers)
        record_message_fact(work, "survey_answered", case, message, author="customer", ratings=rated)
        return
    after = _with_further_answers(known, activity)
    if after.answers != known.answers:
        work.put(MESSAGES, after.id, after)
        # A rating counts once, also where its author thinks again.
        before = {answer.ref for answer in known.answers}
        rated = ratings_of([answer for answer in after.answers if answer.ref not in before])
        record_message_fact(work, "message_edited", case, after, ratings=rated)


def _with_further_answers(message: MessageRecord, activity: Activity) -> MessageRecord:
    """The message with the answers of an activity. Of two to one question the later part has the last word, by its own time."""
    at, before = happened_at(activity), message.sent_at or message.received_at
    earlier, later = (message.answers, activity.answers) if at >= before else (activity.answers, message.answers)
    latest = {answer.ref: answer for answer in (*earlier, *later)}
    return replace(message, answers=list(latest.values()), sent_at=max(at, before))
