"""Who followed the link of a hand-off, and how one of them is known to be the customer.

A link that stands in public may be followed by anybody. Everybody who does is an ordinary visitor with a conversation of
their own, until the customer writes that visitor's two words on the public thread, or an agent confirms the visitor.
Only then does the conversation go on with the visitor, and with the messages that they wrote since they came.
"""

from dataclasses import replace
from datetime import datetime

from schemas.activity import Activity, Address
from schemas.commands import (
    ClaimHandoff,
    ClearHandoff,
    ConfirmHandoff,
    ContinueConversation,
    Forward,
    MergeConversation,
    RequestVerification,
)
from schemas.conversation import UnconfirmedPerson
from schemas.identity import PersonKey, person_key
from schemas.values import AgentLanguage
from services.domain.conversation_state import Contact, ConversationState
from services.domain.lifecycle import is_closed, is_finished
from services.platform.core.identifiers import hashed_id
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations.automatic import language_of_agents
from services.router.conversations.channel_actions import show_hidden_posts
from services.router.conversations.command_outcomes import handle_command
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain import handoff, proof
from services.router.conversations.domain.activities import PRIVATE_THREAD
from services.router.conversations.domain.contacts import new_contact, with_state
from services.router.conversations.domain.handoff_texts import text_for
from services.router.conversations.domain.refusals import refuse_confirmation, refuse_none
from services.router.conversations.facts import record_fact, record_resolved
from services.router.conversations.forwarding import send_forward
from services.router.conversations.handoff_commands import complete
from services.router.conversations.handoff_notices import EXPIRY
from services.router.conversations.notices import add_note, notify


def claim(work: UnitOfWork, activity: Activity, case: ConversationState) -> None:
    """Send the partition of a conversation the claim of a person who followed its link.

    Once for each person, and again for one who was dropped because more than `MAX_UNCONFIRMED` others followed it.
    """
    person = activity.person_key
    if not handoff.may_claim(case, person) or handoff.unconfirmed(case, person) is not None:
        return
    contact = work.get(PERSONS, str(person))
    own = contact.open.get(PRIVATE_THREAD) if contact else None
    if own is None:
        return
    claimed = ClaimHandoff(
        conversation=case.id,
        person=person,
        name=activity.person_name,
        language=activity.language,
        own_conversation=own,
        since=activity.received_at,
    )
    work.emit("pasokh.command.claim_handoff", case.key, claimed)


def handle_claim(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Store a person who followed the link, choose their words, and have the visitor asked for them."""
    work, command = context.work, received.event.payload_as(ClaimHandoff)
    case = work.get(CONVERSATIONS, command.conversation)
    if case is None or case.handoff is None or not handoff.may_claim(case, command.person):
        return
    if handoff.unconfirmed(case, command.person) is not None:
        return
    language = proof.choose_language(case.language, command.language)
    taken = {follower.words for follower in case.handoff.unconfirmed}
    words = proof.words_for(context.handoffs.handoffs.secret, case.id, str(command.person), language, taken)
    follower = UnconfirmedPerson(
        person=command.person,
        name=command.name,
        conversation=command.own_conversation,
        since=command.since,
        words=words,
    )
    record_fact(work, "handoff_claimed", handoff.claimed(case, follower, work.now), case.status)
    request = RequestVerification(
        conversation=command.own_conversation, target_conversation=case.id, phrase=words, language=language
    )
    work.emit("pasokh.command.request_verification", str(command.person), request)


def handle_request_verification(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Send the visitor the words that prove who they are, and note for agents whose conversation this may be."""
    work, command = context.work, received.event.payload_as(RequestVerification)
    own = work.get(CONVERSATIONS, command.conversation)
    if own is None or own.key != received.event.partitionkey or is_closed(own.status):
        return
    configuration = context.configuration(own.workspace)
    question = text_for("verification", [command.language], configuration)
    rules = context.rules(own, own.addresses.get("private"), language_of_agents(configuration))
    notify(work, own, question.replace("{words}", command.phrase), "private", rules)
    target = command.target_conversation
    add_note(work, own, "unconfirmed_visitor", language_of_agents(configuration), conversation=target)


def prove(work: UnitOfWork, activity: Activity) -> None:
    """Confirm the visitor whose two words a customer writes on their own thread."""
    contact = work.get(PERSONS, str(activity.person_key))
    followers = _followers(work, contact) if contact else []
    if not followers or activity.text is None:
        return
    pairs = proof.word_pairs(activity.text.text)
    for case, follower in followers:
        if proof.shows(pairs, follower.words) and handoff.may_claim(case, follower.person):
            confirm(work, case, follower.person)
            return


def _followers(work: UnitOfWork, contact: Contact) -> list[tuple[ConversationState, UnconfirmedPerson]]:
    """Everybody who followed a link of an open conversation of this customer, with that conversation."""
    cases = [case for identity in contact.open.values() if (case := work.get(CONVERSATIONS, identity))]
    return [(case, follower) for case in cases if case.handoff for follower in case.handoff.unconfirmed]


def confirm(work: UnitOfWork, case: ConversationState, person: PersonKey) -> str:
    """Continue a conversation with this person; all others who followed its link stay outside. Returns its id."""
    follower = handoff.unconfirmed(case, person)
    if follower is not None:
        complete(work, case, person, handoff.visitor_address(person))
        merge = MergeConversation(conversation=follower.conversation, into=case.id, since=follower.since)
        work.emit("pasokh.command.merge_conversation", str(person), merge)
    return case.id


def handle_merge_conversation(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Forward what a confirmed visitor wrote since they came, and resolve their own conversation if that was all of it."""
    work, key = context.work, received.event.partitionkey
    command = received.event.payload_as(MergeConversation)
    person, own = work.get(PERSONS, key), work.get(CONVERSATIONS, command.conversation)
    case = work.get(CONVERSATIONS, command.into)
    if person is None or own is None or case is None:
        return
    # The command travels on a topic: it moves messages of this person within one workspace, and no others.
    if own.key != key or case.workspace != own.workspace:
        return
    work.put(PERSONS, person.key, replace(person, forwarded_to=case.id))
    _move_messages(work, own, case, command.since, language_of_agents(context.configuration(own.workspace)))


def handle_continue_conversation(context: ConversationsContext, received: ReceivedEvent) -> None:
    """A private reply reached this person, or they have another number: their private messages continue its conversation.

    What they wrote before this command arrived is in a conversation of their own, and moves.
    """
    work, key = context.work, received.event.partitionkey
    command = received.event.payload_as(ContinueConversation)
    person = _with_consent(work, key, command)
    case = work.get(CONVERSATIONS, command.conversation) if command.conversation is not None else None
    if case is None or not handoff.is_private_side(case, person_key(key)):
        return
    own_id = person.open.get(PRIVATE_THREAD)
    own = work.get(CONVERSATIONS, own_id) if own_id not in (None, case.id) else None
    # Who comes back to their first number has the conversation themselves.
    back = {PRIVATE_THREAD: case.id} if case.key == key else {}
    work.put(PERSONS, key, replace(person, forwarded_to=case.id, open={**person.open, **back}))
    if own is not None and not is_closed(own.status):
        _move_messages(work, own, case, command.since, language_of_agents(context.configuration(own.workspace)))


def _with_consent(work: UnitOfWork, key: str, command: ContinueConversation) -> Contact:
    """The person, with the consent that the command brings of their earlier number."""
    person = work.get(PERSONS, key) or new_contact(person_key(key), work.now)
    if command.consent is not None:
        person = with_state(person, command.consent, command.consent_at or command.since)
        work.put(PERSONS, key, person)
    return person


def _move_messages(
    work: UnitOfWork, own: ConversationState, case: ConversationState, since: datetime, language: AgentLanguage
) -> None:
    """Forward what a person wrote since then to the conversation that they continue, and resolve their own if it was new."""
    messages = _messages_since(work, own, since)
    is_new = own.opened_at >= since
    if not messages and not is_new:
        return
    for message in messages:
        forwarded = Forward(conversation=case.id, activity=_to_activity(message, own, case))
        send_forward(work, case.key, forwarded)
    add_note(work, own, "continues_elsewhere", language, conversation=case.id)
    # A conversation from before has a matter of its own.
    if is_new and not is_finished(own.status):
        record_resolved(work, own)


def _messages_since(work: UnitOfWork, own: ConversationState, since: datetime) -> list[MessageRecord]:
    """The messages of a conversation since then, in the order in which they arrived."""
    found = [
        message
        for message in work.cached(MESSAGES).values()
        if message.conversation == own.id and message.received_at >= since
    ]
    customers = [message for message in found if message.direction == "inbound" and message.state != "deleted"]
    return sorted(customers, key=lambda message: message.order)


def _to_activity(message: MessageRecord, own: ConversationState, case: ConversationState) -> Activity:
    """The activity by which a message of one conversation becomes a message of another, under an id of its own."""
    # A hashed id: a message that is forwarded a second time is a repeat for its new conversation.
    person, identity = person_key(own.key), hashed_id("continued", case.id, message.id)
    return Activity(
        id=identity,
        workspace=own.workspace,
        channel=own.channel,
        account=own.account,
        kind="message",
        surface="private",
        person=person.person,
        person_name=message.author.name,
        message=identity,
        platform_id=message.platform_id,
        text=message.text,
        masked=message.masked,
        attachments=message.attachments,
        language=own.language,
        sensitive=bool(message.masked),
        address=Address(chat=handoff.visitor_address(person).chat),
        sent_at=message.sent_at,
        received_at=message.received_at,
        stored_until=message.stored_until,
        profile_until=message.profile_until,
    )


def handle_clear_handoff(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Allow answers in public again; the fact names the agent. Without a mark of sensitivity it has no effect."""
    work, command = context.work, received.event.payload_as(ClearHandoff)
    handle_command(work, received, command, refuse_none, lambda case: _clear_handoff(context, case, command))


def _clear_handoff(context: ConversationsContext, case: ConversationState, command: ClearHandoff) -> str:
    work, language = context.work, language_of_agents(context.configuration(case.workspace))
    after = handoff.cleared(case, work.now)
    if after is not None:
        work.cancel_timer(f"{EXPIRY}{case.id}")
        record_fact(work, "handoff_cleared", show_hidden_posts(work, after, language), case.status, agent=command.agent)
    return case.id


def handle_confirm_handoff(context: ConversationsContext, received: ReceivedEvent) -> None:
    """An agent confirms that a person who followed the link is the customer."""
    work, command = context.work, received.event.payload_as(ConfirmHandoff)
    handle_command(
        work,
        received,
        command,
        lambda case: refuse_confirmation(case, command),
        lambda case: confirm(work, case, PersonKey(case.workspace, command.person)),
    )
