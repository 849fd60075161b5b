"""Calls: one that nobody took is a message that waits for an answer, one that was taken is shown in its conversation."""

from dataclasses import replace

from schemas.activity import Activity, Call
from services.domain.calls import CallRecord
from services.domain.conversation_state import Contact
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.calls import CALLS
from services.records.conversations import MESSAGES, PERSONS
from services.router.conversations import echoes, talks
from services.router.conversations.context import ActivityContext, Configuration
from services.router.conversations.customer_messages import (
    add_message,
    add_without_answer,
    open_and_resolve,
    open_conversation,
)
from services.router.conversations.domain import calls
from services.router.conversations.domain.contacts import updated_contact
from services.router.conversations.message_ids import is_erased


def on_call(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Store a state of a call. A message shows what came of it: once it is over, and of one with an agent whom we know from then on."""
    identity, call = activity.message, activity.call
    known = work.get(MESSAGES, identity) if identity is not None else None
    # What is told late of a call of somebody who was erased, such as its recording, is not stored.
    if identity is None or call is None or (known is not None and is_erased(known)):
        return
    before = work.get(CALLS, identity)
    record = calls.call_after(before, activity, call)
    shown = _as_message(activity, calls.to_call(record, call), record, activity_context.configuration)
    if calls.is_talk(record):
        record = talks.continue_talk(work, shown, before, record, activity_context)
    elif work.get(MESSAGES, identity) is not None:
        talks.correct(work, shown)
        record = record if record.outcome is None else talks.end(work, identity, before, record)
    elif record.outcome is not None:
        _show(work, shown, record, activity_context)
    message = work.get(MESSAGES, identity)
    work.put(CALLS, identity, replace(record, conversation=message.conversation if message else None))


def _as_message(activity: Activity, call: Call, record: CallRecord, configuration: Configuration) -> Activity:
    # The sentence is ours: it says nothing about the language in which the customer speaks.
    changes = {"kind": "message", "text": talks.sentence_of(record, configuration), "call": call, "language": None}
    recording = [record.recording] if record.recording else []
    return activity.model_copy(update={**changes, "attachments": recording})


def _show(work: UnitOfWork, shown: Activity, record: CallRecord, activity_context: ActivityContext) -> None:
    if record.direction == "inbound" and record.outcome != "answered":
        add_message(work, shown, activity_context, "received")
        return
    person = updated_contact(work.get(PERSONS, str(shown.person_key)), shown, work.now)
    if record.direction == "inbound":
        person = _show_answered(work, shown, person, activity_context)
    elif record.outcome == "answered":
        # Somebody of ours called back: an answer, as one that was written elsewhere.
        case = open_conversation(work, person, shown)
        echoes.add_echo(work, shown.model_copy(update={"kind": "echo", "author": "account"}), case)
    work.put(PERSONS, person.key, person)


def _show_answered(work: UnitOfWork, shown: Activity, person: Contact, activity_context: ActivityContext) -> Contact:
    """Show a call that was taken in the person's conversation; without one it gets its own, which is resolved."""
    case = open_conversation(work, person, shown)
    if case is not None:
        add_without_answer(work, shown, case)
        return person
    return open_and_resolve(work, shown, person, activity_context.configuration)
