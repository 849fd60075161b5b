"""Calls that an agent whom we know has: while they talk, the conversation is that agent's work, and no one else's.

Who takes a telephone decides that themselves, so dispatch gives them the conversation whatever else they have in hand. The end of the call
resolves it, which gives the units back; a call of which no end is reported ends when the platform ends it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from schemas.activity import Activity
from schemas.values import EncryptedText, Json
from services.domain.calls import CallRecord
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_finished, is_queued
from services.platform.processing.inputs import TimerFired
from services.platform.processing.reads import Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.calls import CALLS
from services.records.configuration import CONFIGURATION_HEADS
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations.context import ActivityContext, Configuration, ConversationsContext
from services.router.conversations.customer_messages import add_taken
from services.router.conversations.domain import calls, responses, transitions
from services.router.conversations.domain.contacts import updated_contact
from services.router.conversations.facts import (
    FactDetails,
    force_assign,
    put_conversation,
    record_change,
    record_fact,
    record_message_fact,
    record_resolved,
    text_field,
)

CALL_TIMER = "call/"
"""Prefix of the timer of a call of which no end is reported; the id of its message follows."""
LATE_REPORTS = timedelta(minutes=1)
"""How long after the end of a call its reports may come."""
LONGEST_CALL = timedelta(hours=4)
"""How long a call lasts where the account does not say."""
RESOLVES = "call_ended"
"""The reason of a conversation that the end of its call resolves."""


def continue_talk(
    work: UnitOfWork,
    shown: Activity,
    before: CallRecord | None,
    record: CallRecord,
    activity_context: ActivityContext,
) -> CallRecord:
    """They talk: from the first report of it on, and whenever another agent goes on, that agent has the conversation."""
    is_new = not calls.is_talk(before) or before is None or before.agent != record.agent
    case, agent, identity = (
        _conversation(work, shown, record, activity_context),
        record.agent,
        shown.message or shown.id,
    )
    if not is_new or case is None or is_finished(case.status) or agent is None:
        return record
    if case.active_call not in (None, identity):
        # The customer's second call at the same time: the first keeps the conversation.
        return record
    case = replace(case, active_call=identity)
    if not record.answer_recorded:
        case = _record_answer(work, case, identity, record)
    if transitions.is_to_be_taken(case):
        case = transitions.taken(case, agent, work.now)
    put_conversation(work, case)
    # With its task, which dispatch may not have, or may have dropped.
    force_assign(work, case, agent, by=agent, has_task=False)
    limit = timedelta(seconds=record.limit_seconds) if record.limit_seconds else LONGEST_CALL
    set_call_timer(work, case, identity, limit + LATE_REPORTS)
    return replace(record, answer_recorded=True)


def _conversation(
    work: UnitOfWork, shown: Activity, record: CallRecord, activity_context: ActivityContext
) -> ConversationState | None:
    """The conversation that shows the call; None for a call that was made elsewhere, which is shown at its end."""
    message = work.get(MESSAGES, shown.message or shown.id)
    if message is not None:
        correct(work, shown)
        return work.get(CONVERSATIONS, message.conversation)
    if record.direction == "outbound":
        return None
    person = updated_contact(work.get(PERSONS, str(shown.person_key)), shown, work.now)
    # The customer has waited since the call began.
    began = shown.model_copy(update={"sent_at": record.started_at})
    person, case = add_taken(work, began, person, activity_context.configuration)
    work.put(PERSONS, person.key, person)
    return case


def _record_answer(work: UnitOfWork, case: ConversationState, message: str, record: CallRecord) -> ConversationState:
    """Who takes a call, or gets one, is answered: from that time on, and not when the call is over."""
    run, taken_at = case.response_tracking.open_run(), record.taken_at or work.now
    at = max(taken_at, run.started_at) if run else taken_at
    after = responses.taken_call(case, message, at, work.now)
    details: FactDetails = {
        "at": at,
        "message": message,
        "message_surface": "private",
        "author": "agent",
        "agent": record.agent,
    }
    record_fact(work, "replied", after, case.status, **details)
    change = responses.delivered(after, message, work.now)
    details["first_response"] = change.first_response
    record_change(work, "reply_delivered", change, after.status, **details)
    return change.conversation


def end(work: UnitOfWork, identity: str, before: CallRecord | None, record: CallRecord) -> CallRecord:
    """A call is over: a conversation that was its agent's work until then is resolved.

    One that was transferred or put off meanwhile goes on, as does one whose call nobody took. Returns the call.
    """
    work.cancel_timer(f"{CALL_TIMER}{identity}")
    message = work.get(MESSAGES, identity)
    case = work.get(CONVERSATIONS, message.conversation) if message is not None else None
    if case is None or is_finished(case.status):
        return record
    is_answered = record.outcome == "answered"
    if case.active_call == identity:
        after = replace(case, active_call=None)
        if is_answered and not record.answer_recorded:
            # Its end was reported before what was taken.
            after = _record_answer(work, after, identity, record)
        if is_answered and case.snoozed_until is None:
            record_resolved(work, after, reason=RESOLVES)
        else:
            put_conversation(work, after)
    elif is_answered and _waits_in_vain(case, identity, before):
        record_resolved(work, case, reason=RESOLVES)
    return replace(record, answer_recorded=record.answer_recorded or is_answered)


def _waits_in_vain(case: ConversationState, identity: str, before: CallRecord | None) -> bool:
    """Whether a conversation waits for a call back alone, although the call was taken: that was reported after its end."""
    was_missed = before is not None and before.outcome not in (None, "answered")
    return was_missed and is_queued(case.status) and case.last_message == identity


def correct(work: UnitOfWork, shown: Activity) -> None:
    """Bring the message of a call up to date: a length, a recording or the leg of an agent may arrive after its end."""
    message = work.get(MESSAGES, shown.message or shown.id)
    if message is not None and message.state != "deleted":
        shown_message = replace(message, text=shown.text, call=shown.call, attachments=shown.attachments)
        _store(work, message, _confirmed(shown_message))


def _confirmed(message: MessageRecord) -> MessageRecord:
    """The message of a call that we asked for, and of which there is a report: the platform makes it, whatever its answer said."""
    if message.author.kind != "agent" or message.state not in ("queued", "failed"):
        return message
    actions = [action for action in message.actions if action.kind != "call"]
    return replace(message, state="sent", error=None, actions=actions)


def sentence_of(record: CallRecord, configuration: Configuration) -> EncryptedText:
    """What a call reads as, in a language of its workspace."""
    return EncryptedText(text=calls.text(record, configuration.profile.body.languages if configuration else []))


def _store(work: UnitOfWork, message: MessageRecord, corrected: MessageRecord) -> None:
    case = work.get(CONVERSATIONS, message.conversation)
    if corrected == message or case is None:
        return
    work.put(MESSAGES, message.id, corrected)
    record_message_fact(work, "message_edited", case, message)


# -- calls whose end nobody reports ------------------------------------------------------------------------------------


def set_call_timer(work: UnitOfWork, case: ConversationState, identity: str, within: timedelta) -> None:
    """Let a call be over after so long, whatever is reported of it."""
    data: dict[str, Json] = {
        "conversation": case.id,
        "key": case.key,
        "workspace": case.workspace,
        "call": identity,
    }
    work.set_timer(f"{CALL_TIMER}{identity}", work.now + within, data)


def call_of_timer(context: ConversationsContext, fired: TimerFired) -> Iterator[Read]:
    """The first step of the timer: the call, its message and conversation, and the head of the configuration."""
    call = text_field(fired.data, "call")
    yield Documents(CALLS, [call])
    yield Documents(MESSAGES, [call])
    yield Documents(CONVERSATIONS, [text_field(fired.data, "conversation")])
    yield Documents(CONFIGURATION_HEADS, [text_field(fired.data, "workspace")])


def on_call_timer(context: ConversationsContext, fired: TimerFired) -> None:
    """The call must be over: the platform ended it, and its reports did not come."""
    work, identity = context.work, text_field(fired.data, "call")
    before, message = work.get(CALLS, identity), work.get(MESSAGES, identity)
    if before is None or message is None or message.call is None or before.outcome is not None:
        return
    record = calls.given_up(before)
    sentence = sentence_of(record, context.configuration(text_field(fired.data, "workspace")))
    shown = replace(message, text=sentence, call=calls.to_call(record, message.call))
    _store(work, message, shown)
    work.put(CALLS, identity, end(work, identity, before, record))
