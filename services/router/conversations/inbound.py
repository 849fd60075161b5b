"""What comes in from customers and platforms: a table from the kind of an activity to what it does, each once."""

from collections.abc import Callable

from schemas.activity import Activity
from schemas.commands import Forward
from schemas.topics import DEDUPE_RETENTION_SECONDS
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import ACTIVITIES, CONVERSATIONS, PERSONS, ActivityRecord
from services.router.conversations import early, echoes, ledger, moved_chats, receipts, successors
from services.router.conversations.automatic import language_of_agents
from services.router.conversations.calls import on_call
from services.router.conversations.claims import claim, prove
from services.router.conversations.contact_states import on_contact_state
from services.router.conversations.context import ActivityContext, ConversationsContext
from services.router.conversations.customer_messages import add_message, append_message, put_aliases
from services.router.conversations.domain.contacts import updated_contact
from services.router.conversations.domain.handoff import is_in_private, is_invited, is_private_side, private_address
from services.router.conversations.earlier_activities import with_typed_fields
from services.router.conversations.forwarding import send_forward
from services.router.conversations.handoff_commands import claim_handoff, complete, forward
from services.router.conversations.identity_evidence import report_evidence
from services.router.conversations.mail_threads import joined_conversation, takes_part
from services.router.conversations.message_changes import MUTATING_HANDLERS, apply_waiting
from services.router.conversations.message_ids import is_erased, is_known, stored_message
from services.router.conversations.storage_limits import limit_profile
from services.router.conversations.surveys import add_answers, on_survey_answer

ActivityHandler = Callable[[UnitOfWork, Activity, ActivityContext], None]


def on_activity(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Act on one activity, once, and count it in the ledger of its account."""
    activity, work = with_typed_fields(received.event.payload_as(Activity)), context.work
    repeat = ledger.is_repeat(work, activity, MESSAGE_HANDLERS)
    before = work.get(PERSONS, str(activity.person_key))
    _act(work, activity, context.for_activity(activity.workspace))
    report_evidence(work, activity, before)
    if not repeat:
        ledger.leave_id(work, activity, MESSAGE_HANDLERS)
    limit_profile(work, activity)
    ledger.count_outcome(work, received.event.partitionkey, activity, repeat=repeat)


def _act(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """A message is its own dedupe record, anything else leaves its id."""
    if activity.kind in MESSAGE_HANDLERS:
        MESSAGE_HANDLERS[activity.kind](work, activity, activity_context)
    elif work.get(ACTIVITIES, activity.id) is None:
        # The record is written first: an ignored edit notes its reason in it.
        _record_activity(work, activity)
        if activity.watermark is not None:
            receipts.receive_watermark(work, activity)
        if not _forward_to_owner(work, activity, str(activity.person_key)):
            DEDUPED_HANDLERS.get(activity.kind, _ignore)(work, activity, activity_context)
    _apply_waiting(work, activity, activity_context)


def _apply_waiting(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Apply what arrived before a message that this activity has brought."""
    identity = activity.message or activity.id
    is_waited_for = activity.kind in CREATING_KINDS and early.has_waiting(work, [identity])
    if is_waited_for and is_known(work, identity):
        apply_waiting(work, [identity], activity_context)


def _record_activity(work: UnitOfWork, activity: Activity) -> None:
    expires = work.now + DEDUPE_RETENTION_SECONDS
    work.put(
        ACTIVITIES, activity.id, ActivityRecord(workspace=activity.workspace, kind=activity.kind, expires_at=expires)
    )


def _forward_to_owner(work: UnitOfWork, activity: Activity, owner: str) -> bool:
    """Forward a change of a message whose conversation has another owner. True: that is all, its partition does the rest.

    A change of a message whose customer was erased goes nowhere.
    """
    message = stored_message(work, activity) if activity.kind in MUTATING_HANDLERS else None
    if message is None or message.workspace != activity.workspace or message.key == owner:
        return False
    if is_erased(message):
        # Whoever changes it wrote it, or reacts to it: nobody's words go to the log again for a message that stays empty.
        return True
    send_forward(work, message.key, Forward(conversation=message.conversation, activity=activity))
    return True


def on_forward(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Act on another person's activity in a conversation of this partition.

    A message that the conversation does not accept goes back to the partition of its author (`returned`), never lost.
    """
    command, work = received.event.payload_as(Forward), context.work
    activity, activity_context = with_typed_fields(command.activity), context.for_activity(received.event.workspace)
    case = _in_workspace(activity.workspace, work.get(CONVERSATIONS, command.conversation))
    if activity.kind in MUTATING_HANDLERS:
        _change_message(work, activity, activity_context, case, received.event.partitionkey)
    elif activity.kind == "survey_answer":
        if case is not None:
            add_answers(work, activity, case)
    elif activity.kind == "contact":
        if case is not None and is_private_side(case, activity.person_key):
            successors.continue_as(work, case, activity, language_of_agents(activity_context.configuration))
    elif activity.kind == "echo":
        echoes.add_echo(work, activity, case)
    elif command.returned:
        add_message(work, activity, activity_context, "received")
    else:
        _append_of_other(work, activity, activity_context, command.conversation, case)
    _apply_waiting(work, activity, activity_context)


def _change_message(
    work: UnitOfWork,
    activity: Activity,
    activity_context: ActivityContext,
    case: ConversationState | None,
    owner: str,
) -> None:
    """Apply a forwarded change of a message of the conversation."""
    if case is not None and activity.watermark is not None:
        receipts.apply_watermark(work, activity, [case])
    # An echo that was taken back meanwhile is another owner's message.
    if not _forward_to_owner(work, activity, owner):
        MUTATING_HANDLERS[activity.kind](work, activity, activity_context)


def _append_of_other(
    work: UnitOfWork,
    activity: Activity,
    activity_context: ActivityContext,
    conversation: str,
    case: ConversationState | None,
) -> None:
    """Append another person's message to a conversation, once; one that does not accept it returns it."""
    is_of_thread = case is not None and takes_part(case, activity)
    if case is None or not (is_of_thread or is_private_side(case, activity.person_key)):
        returned = Forward(conversation=conversation, activity=activity, returned=True)
        send_forward(work, str(activity.person_key), returned)
        return
    if stored_message(work, activity) is not None:
        return
    # Who takes part in a thread changes no address: answers go to the customer as before, and to everybody. A private side
    # writes on another channel than the conversation: answers need that channel in the address.
    addressed = activity.model_copy(update={"address": None if is_of_thread else private_address(activity)})
    before = case if is_of_thread else _in_private(work, addressed, case)
    append_message(work, addressed, activity_context, before, "received")
    put_aliases(work, activity)


def _in_private(work: UnitOfWork, activity: Activity, case: ConversationState) -> ConversationState:
    """The conversation once its private side has written: the first answer to a private reply completes the hand-off."""
    # An agent's private reply is no hand-off: the conversation may go on in public too.
    is_open = case.handoff is None or is_in_private(case)
    if not is_open and activity.surface == "private" and activity.address is not None:
        complete(work, case, activity.person_key, activity.address)
    return work.get(CONVERSATIONS, case.id) or case


def _in_workspace(workspace: str, case: ConversationState | None) -> ConversationState | None:
    """The conversation, None where it is another workspace's: ids and tokens may be written by anybody; or its customer was erased."""
    return None if case is None or case.workspace != workspace or case.erased_at is not None else case


# -- handlers by kind --------------------------------------------------------------------------------------------------


def _on_message(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    if echoes.is_own_side(work, activity):
        echoes.receive_echo(work, activity)
        return
    token_opens = activity_context.handoffs.conversation_of_token(activity)
    case = _in_workspace(activity.workspace, work.get(CONVERSATIONS, token_opens) if token_opens else None)
    if _continue_elsewhere(work, activity, case):
        return
    _answer_invitation(work, activity)
    add_message(work, activity, activity_context, "received")
    prove(work, activity)
    # After the message: a claim names the visitor's own conversation, which the message may have opened.
    if case is not None:
        claim(work, activity, case)


def _continue_elsewhere(work: UnitOfWork, activity: Activity, case: ConversationState | None) -> bool:
    """Complete a hand-off by its token, or forward to the conversation that this person continues. True: that is all."""
    key = str(activity.person_key)
    if case is not None and "start" in activity.details:
        if case.key == key and not is_closed(case.status):
            claim_handoff(work, case, activity)
        return True
    other = joined_conversation(work, activity) or _continued(work, activity)
    if other is None:
        return False
    forward(work, activity, other)
    return True


def _continued(work: UnitOfWork, activity: Activity) -> ConversationState | None:
    """The conversation of another person of which the writer is the private side."""
    person = work.get(PERSONS, str(activity.person_key))
    case = work.get(CONVERSATIONS, person.forwarded_to) if person and person.forwarded_to else None
    is_theirs = case is not None and case.key != str(activity.person_key)
    return case if case is not None and is_theirs and is_private_side(case, activity.person_key) else None


def _answer_invitation(work: UnitOfWork, activity: Activity) -> None:
    """Complete the hand-off of a customer who was asked for a private message, and writes one."""
    person = work.get(PERSONS, str(activity.person_key))
    if person is None or activity.surface != "private":
        return
    cases = (work.get(CONVERSATIONS, identity) for identity in person.open.values())
    invited = [case for case in cases if case is not None and is_invited(case, activity.person_key)]
    if invited:
        # The latest: it is the one that they were asked about last.
        claim_handoff(work, max(invited, key=lambda case: case.updated_at), activity)


def _on_postback(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """A button with a text or with data is a message. One without either is a gesture, and has no effect."""
    data = activity.details.get("data")
    text = (activity.text.text if activity.text else None) or (data if isinstance(data, str) else "")
    if text.strip():
        _on_message(work, activity, activity_context)


def _on_echo(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    echoes.receive_echo(work, activity)


def _on_contact(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Another name of a person became known: an e-mail address, a telephone number, one as whom they go on."""
    person = updated_contact(work.get(PERSONS, str(activity.person_key)), activity, work.now)
    work.put(PERSONS, person.key, person)
    successors.go_on(work, person, activity, language_of_agents(activity_context.configuration))


def _on_unknown(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """An update that the channel does not know changes no conversation, but it may say that a group has another id."""
    moved_chats.record_move(work, activity)


def _ignore(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Kinds that change no conversation: they stay on the log and are counted."""


MESSAGE_HANDLERS: dict[str, ActivityHandler] = {"message": _on_message, "postback": _on_postback}
"""Kinds that become a message, which is their dedupe record."""
CREATING_KINDS = frozenset({*MESSAGE_HANDLERS, "edit", "echo"})
"""Kinds that may bring a message which is not stored yet."""
DEDUPED_HANDLERS: dict[str, ActivityHandler] = {
    **MUTATING_HANDLERS,
    "follow": on_contact_state,
    "contact": _on_contact,
    "echo": _on_echo,
    "call": on_call,
    "survey_answer": on_survey_answer,
    "unknown": _on_unknown,
}
"""Kinds whose dedupe record is their id in `activities`."""
