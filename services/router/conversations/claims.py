"""Who followed the link of a hand-off, and how one of them is known to be the customer.

A link that stands in public may be followed by anybody. So whoever does is an ordinary visitor with a conversation of
their own, until the customer writes that visitor's two words where they wrote before, or an agent confirms them. Only
then does the case go on with them, and with what they wrote since they came.
"""

from dataclasses import replace

from schemas.activity import Activity, Address
from schemas.commands import ClaimHandoff, ClearHandoff, ConfirmHandoff, Forward, MergeConversation, RequestVerification
from schemas.conversation import Author, UnconfirmedPerson
from schemas.identity import PersonKey, person_key
from schemas.values import EncryptedText, Problem
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed, is_finished
from services.platform.core.identifiers import hashed_id
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain import handoff, proof, responses, transitions
from services.router.conversations.facts import close_task, next_sequence, record_change, record_fact
from services.router.conversations.handoff_commands import complete
from services.router.conversations.handoff_notices import EXPIRY, notify
from services.router.conversations.lifecycle_commands import handle_command


def claim(work: UnitOfWork, activity: Activity, case: ConversationState) -> None:
    """Tell the owner of the case that this person followed its link; once, unless a crowd pushed them out."""
    person = activity.person_key
    if not handoff.may_claim(case, person) or handoff.unconfirmed(case, person) is not None:
        return
    own = (known.open if (known := work.get(PERSONS, str(person))) else {}).get("")
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
    """Keep who followed, and have them asked for the proof."""
    work = context.work
    asked = received.event.payload_as(ClaimHandoff)
    case = work.get(CONVERSATIONS, asked.conversation)
    if case is None or case.handoff is None or not handoff.may_claim(case, asked.person):
        return
    if handoff.unconfirmed(case, asked.person) is not None:
        return
    language = proof.choose_language(case.language, asked.language)
    taken = {one.words for one in case.handoff.unconfirmed}
    words = proof.words_for(context.handoffs.handoffs.secret, case.id, str(asked.person), language, taken)
    followed = UnconfirmedPerson(
        person=asked.person, name=asked.name, conversation=asked.own_conversation, since=asked.since, words=words
    )
    record_fact(work, "handoff_claimed", handoff.claimed(case, followed, work.now), case.status)
    ask = RequestVerification(
        conversation=asked.own_conversation, target_conversation=case.id, phrase=words, language=language
    )
    work.emit("pasokh.command.request_verification", str(asked.person), ask)


def handle_request_verification(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Tell the visitor which words prove them, and colleagues whose case this may be."""
    work = context.work
    asked = received.event.payload_as(RequestVerification)
    own = work.get(CONVERSATIONS, asked.conversation)
    if own is None or own.key != received.event.partitionkey or is_closed(own.status):
        return
    notify(work, own, proof.QUESTIONS[asked.language].format(words=asked.phrase), "private")
    _note(
        work,
        own,
        f"This visitor followed the link of conversation {asked.target_conversation} and is not confirmed to be its customer. "
        f"POST …/conversations/{asked.target_conversation}/handoff/confirm does that.",
    )


def prove(work: UnitOfWork, activity: Activity) -> None:
    """A customer who writes the two words of a visitor where they wrote before is that visitor."""
    person = work.get(PERSONS, str(activity.person_key))
    cases = [case for one in (person.open.values() if person else ()) if (case := work.get(CONVERSATIONS, one))]
    followed = [(case, one) for case in cases if case.handoff for one in case.handoff.unconfirmed]
    if not followed or activity.text is None:
        return
    pairs = proof.word_pairs(activity.text.text)
    for case, one in followed:
        if proof.shows(pairs, one.words) and handoff.may_claim(case, one.person):
            confirm(work, case, one.person)
            return


def confirm(work: UnitOfWork, case: ConversationState, person: PersonKey) -> str:
    """The case goes on with this person; whoever else followed stays outside. Returns the conversation."""
    followed = handoff.unconfirmed(case, person)
    if followed is not None:
        complete(work, case, person, handoff.visitor_address(person))
        goes_on = MergeConversation(conversation=followed.conversation, into=case.id, since=followed.since)
        work.emit("pasokh.command.merge_conversation", str(person), goes_on)
    return case.id


def handle_merge_conversation(context: ConversationsContext, received: ReceivedEvent) -> None:
    """What the visitor wrote since they came goes to the case; their own conversation ends, if it was for that alone."""
    work = context.work
    asked, key = received.event.payload_as(MergeConversation), received.event.partitionkey
    person, own = work.get(PERSONS, key), work.get(CONVERSATIONS, asked.conversation)
    case = work.get(CONVERSATIONS, asked.into)
    if person is None or own is None or case is None or own.key != key or case.workspace != own.workspace:
        return
    work.put(PERSONS, person.key, replace(person, forwarded_to=case.id))
    said = [
        one for one in work.cached(MESSAGES).values() if one.conversation == own.id and one.received_at >= asked.since
    ]
    for message in sorted(said, key=lambda one: one.order):
        if message.direction == "inbound" and message.state != "deleted":
            forwarded = Forward(conversation=case.id, activity=_as_said(message, own, case))
            work.emit("pasokh.command.forward", case.key, forwarded)
    _note(work, own, f"This visitor is the customer of conversation {case.id}, and goes on there.")
    if own.opened_at >= asked.since and not is_finished(own.status):
        change = responses.resolved(own, work.now)
        record_change(work, "resolved", change, own.status)
        close_task(work, change.conversation)
        work.set_timer(f"close/{own.id}", work.now + transitions.CLOSES_AFTER, {"conversation": own.id, "key": own.key})


def _as_said(message: MessageRecord, own: ConversationState, case: ConversationState) -> Activity:
    """What was said in one conversation, to be said in another: a message of its own there."""
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
    )


def _note(work: UnitOfWork, case: ConversationState, text: str) -> None:
    note = MessageRecord(
        id=work.new_id("note"),
        conversation=case.id,
        workspace=case.workspace,
        key=case.key,
        order=next_sequence(work),
        direction="note",
        surface="private",
        channel=case.channel,
        author=Author(kind="system"),
        text=EncryptedText(text=text),
        received_at=work.now,
        state="received",
    )
    work.put(MESSAGES, note.id, note)
    record_fact(work, "noted", work.get(CONVERSATIONS, case.id) or case, case.status, message=note.id)


def handle_clear_handoff(context: ConversationsContext, command: ReceivedEvent) -> None:
    """Somebody says that the case may be answered in public; the fact says who. A mark that is not there stays away."""
    work = context.work
    asked = command.event.payload_as(ClearHandoff)
    handle_command(work, command, asked, lambda _: None, lambda case: _clear_handoff(work, case, asked))


def _clear_handoff(work: UnitOfWork, case: ConversationState, asked: ClearHandoff) -> str:
    after = handoff.cleared(case, work.now)
    if after is not None:
        work.cancel_timer(f"{EXPIRY}{case.id}")
        record_fact(work, "handoff_cleared", after, case.status, agent=asked.agent)
    return case.id


def handle_confirm_handoff(context: ConversationsContext, command: ReceivedEvent) -> None:
    """An agent knows that somebody who followed the link is the customer."""
    work = context.work
    asked = command.event.payload_as(ConfirmHandoff)
    handle_command(
        work,
        command,
        asked,
        lambda case: _why_not_confirm(case, asked),
        lambda case: confirm(work, case, PersonKey(case.workspace, asked.person)),
    )


def _why_not_confirm(case: ConversationState, asked: ConfirmHandoff) -> Problem | None:
    person = PersonKey(case.workspace, asked.person)
    if handoff.is_private_side(case, person):
        return None
    if handoff.may_claim(case, person) and handoff.unconfirmed(case, person) is not None:
        return None
    followed = [one.person.person for one in case.handoff.unconfirmed] if case.handoff else []
    known = f"These did: {', '.join(followed)}." if followed else "Nobody is waiting for that."
    detail = f"{asked.person} did not follow the link of this hand-off. {known}"
    return Problem(status=409, title="Not an unconfirmed visitor", detail=detail)
