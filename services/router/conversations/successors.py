"""People who go on under another id of the same account, such as another phone number: their conversation goes on with them."""

from dataclasses import replace

from schemas.activity import Activity, Address
from schemas.commands import ContinueConversation, Forward
from schemas.identity import PersonKey
from schemas.values import AgentLanguage
from services.domain.conversation_state import Contact, ConversationState
from services.domain.lifecycle import is_closed
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, PERSONS
from services.router.conversations.domain.activities import PRIVATE_THREAD, happened_at
from services.router.conversations.domain.handoff import is_private_side
from services.router.conversations.forwarding import send_forward
from services.router.conversations.identity_evidence import report_link
from services.router.conversations.notices import add_note


def go_on(work: UnitOfWork, person: Contact, activity: Activity, language: AgentLanguage) -> None:
    """Let the successor of a person continue their open private conversation, here or with its owner, and say what they consent to."""
    successor = successor_of(activity)
    if successor is None:
        return
    report_link(work, person.key, successor, "successor", happened_at(activity), activity.id)
    person = replace(person, moved_at=happened_at(activity))
    work.put(PERSONS, person.key, person)
    own, other = _open(work, person.open.get(PRIVATE_THREAD)), _open(work, person.forwarded_to)
    if own is not None:
        # Whoever gets the old number from the operator is somebody else.
        rest = {thread: identity for thread, identity in person.open.items() if thread != PRIVATE_THREAD}
        work.put(PERSONS, person.key, replace(person, open=rest))
        continue_as(work, own, activity, language)
    elif other is not None and is_private_side(other, activity.person_key):
        send_forward(work, other.key, Forward(conversation=other.id, activity=activity))
    if person.consent is not None:
        consent = ContinueConversation(
            since=happened_at(activity), consent=person.consent, consent_at=person.consent_at
        )
        work.emit("pasokh.command.continue_conversation", str(successor), consent)


def continue_as(work: UnitOfWork, case: ConversationState, activity: Activity, language: AgentLanguage) -> None:
    """Answer a conversation of this partition at the successor of its customer from now on. `language` is that of agents."""
    successor, address = successor_of(activity), case.addresses.get("private")
    if successor is None or address is None or is_closed(case.status):
        return
    chat = successor.person.split(":", 2)[2]
    there = Address(chat=chat, channel=address.channel, account=address.account)
    addresses = {**case.addresses, "private": there}
    work.put(CONVERSATIONS, case.id, replace(case, private_person=successor, addresses=addresses, updated_at=work.now))
    add_note(work, case, "customer_has_another_id", language, successor=chat)
    command = ContinueConversation(conversation=case.id, since=happened_at(activity))
    work.emit("pasokh.command.continue_conversation", str(successor), command)


def successor_of(activity: Activity) -> PersonKey | None:
    """As whom a person goes on; None: as themselves. It is somebody of the same account."""
    if activity.successor is None or activity.successor == activity.person:
        return None
    of_account = f"{activity.channel}:{activity.account}:"
    return PersonKey(activity.workspace, activity.successor) if activity.successor.startswith(of_account) else None


def _open(work: UnitOfWork, identity: str | None) -> ConversationState | None:
    case = work.get(CONVERSATIONS, identity) if identity else None
    return case if case is not None and not is_closed(case.status) else None
