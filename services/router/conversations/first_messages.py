"""We write first: a message to a customer who need not have written continues their private conversation, or opens one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from schemas.activity import Address
from schemas.commands import WriteFirst
from schemas.conversation import Author
from schemas.identity import PersonKey
from schemas.values import Json, Problem
from services.domain.conversation_state import Contact, ConversationState
from services.domain.lifecycle import is_closed, is_queued, is_resolved
from services.domain.sending_rules import recipient_for
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Query
from services.records.configuration import CONFIGURATION_HEADS, numbered_configuration
from services.records.conversations import CONVERSATIONS, PERSONS
from services.router.conversations.command_outcomes import record_outcome
from services.router.conversations.commands import record_human_answer
from services.router.conversations.context import Configuration, ConversationsContext
from services.router.conversations.domain import transitions
from services.router.conversations.domain.accounts import account_language
from services.router.conversations.domain.activities import PRIVATE_THREAD
from services.router.conversations.domain.command_phrases import refused
from services.router.conversations.domain.contacts import new_contact
from services.router.conversations.domain.plans import (
    Judge,
    Plan,
    plan_first,
    recipient_of,
    rules_for,
)
from services.router.conversations.domain.refusals import refuse_to_write_first
from services.router.conversations.domain.routing_rules import conversation_attributes, evaluate_rules
from services.router.conversations.facts import force_assign, record_fact
from services.router.conversations.lifecycle_commands import reopened
from services.router.conversations.outgoing import put_message

MAX_EARLIER = 5
"""In how many of a customer's latest conversations their private address is looked for."""
AUTOMATIC = Author(kind="bot")
"""Who wrote a message that names no agent: a program of the integrator."""


def person(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step: the outcome, the customer, their latest conversations, and the head of the configuration."""
    yield Documents(OUTCOMES, [received.event.id])
    yield Documents(PERSONS, [received.event.partitionkey])
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])
    yield ByIndex(CONVERSATIONS, _latest(received))


def conversations(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the configuration, the customer's open private conversation, and the one they went on with."""
    yield from numbered_configuration(context.work, received.event.workspace)
    contact = context.work.get(PERSONS, received.event.partitionkey)
    if contact is not None:
        named = (contact.open.get(PRIVATE_THREAD), contact.forwarded_to)
        yield Documents(CONVERSATIONS, [identity for identity in named if identity])


def handle_write_first(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Send a message that we write first. The result is the id of the message."""
    command, work = received.event.payload_as(WriteFirst), context.work
    contact = work.get(PERSONS, received.event.partitionkey)
    configuration = context.configuration(received.event.workspace)
    channel, account, _ = command.person.split(":", 2)
    rules = rules_for(context.capabilities, channel, account, configuration, command.language, work.now)
    earlier = list(work.found(CONVERSATIONS, _latest(received)).values())

    def decide() -> Problem | str:
        case = _open_conversation(work, contact)
        refused = _refuse_elsewhere(work, contact) or (refuse_to_write_first(case, command.agent) if case else None)
        if refused is not None:
            return refused
        key = PersonKey(received.event.workspace, command.person)
        planned = _plan(work, command, key, contact, case or _answerable(earlier), rules)
        if isinstance(planned, Problem):
            return planned
        begun = case or _begin(work, key, contact, planned, _answerable(earlier), configuration)
        if command.agent is None and rules.limits_automatic:
            _record_automatic(work, begun)
        return _send(context, begun, command, planned, configuration, is_new=case is None)

    record_outcome(work, received, command.request_hash, decide, created=True)


def _latest(received: ReceivedEvent) -> Query:
    return _latest_of(PersonKey(received.event.workspace, str(received.event.data["person"])))


def _latest_of(key: PersonKey) -> Query:
    equals: dict[str, Json] = {"workspace": key.workspace, "person": key.person}
    return Query(CONVERSATIONS.name, "person", equals, descending=True, limit=MAX_EARLIER)


def _open_conversation(work: UnitOfWork, contact: Contact | None) -> ConversationState | None:
    identity = contact.open.get(PRIVATE_THREAD) if contact else None
    case = work.get(CONVERSATIONS, identity) if identity else None
    return None if case is None or is_closed(case.status) else case


def _refuse_elsewhere(work: UnitOfWork, contact: Contact | None) -> Problem | None:
    """Refuse to write to a visitor who goes on as the customer of another conversation: its agent answers them there."""
    case = work.get(CONVERSATIONS, contact.forwarded_to) if contact and contact.forwarded_to else None
    if contact is None or case is None or case.key == contact.key or is_closed(case.status):
        return None
    return refused(409, "Goes on elsewhere", "goes_on_elsewhere", conversation=case.id)


def _answerable(earlier: Sequence[ConversationState]) -> ConversationState | None:
    """The latest conversation in which the customer has a private side."""
    return next((one for one in earlier if "private" in one.addresses), None)


def _plan(
    work: UnitOfWork,
    command: WriteFirst,
    key: PersonKey,
    contact: Contact | None,
    latest: ConversationState | None,
    rules: Judge,
) -> Plan | Problem:
    """How the message goes out: to where the customer last wrote in private, else to the id by which they are known."""
    address = latest.addresses.get("private") if latest else None
    if latest is not None and address is not None:
        recipient = recipient_of(latest, contact)
        last_automatic = contact.automatic_at if contact and contact.wrote_since else None
        recipient = replace(recipient, automatic_at=last_automatic)
    else:
        # Who wrote in public alone, or never, has no private chat with the account. Who did something else has one.
        has_written = bool(work.found(CONVERSATIONS, _latest_of(key)))
        recipient = replace(recipient_for(contact, None), is_known=contact is not None and not has_written)
    chat = address or Address(chat=key.person.split(":", 2)[2])
    return plan_first(command, recipient, chat.model_copy(update={"reply_to": None}), rules)


def _begin(
    work: UnitOfWork,
    key: PersonKey,
    contact: Contact | None,
    plan: Plan,
    latest: ConversationState | None,
    configuration: Configuration,
) -> ConversationState:
    """A new conversation of ours, by the routing rules in force; it is not stored yet."""
    known = contact or new_contact(key, work.now)
    channel, account, _ = key.person.split(":", 2)
    language = known.language or account_language(configuration, channel, account)
    case = transitions.begun(work.new_id("conversation"), key, plan.address, language, work.now)
    # The windows of the platform go on from what the customer wrote before.
    case = replace(case, wrote_at=latest.wrote_at if latest else {})
    work.put(PERSONS, known.key, replace(known, open={**known.open, PRIVATE_THREAD: case.id}))
    return transitions.rerouted(case, evaluate_rules(conversation_attributes(case), configuration), work.now)


def _record_automatic(work: UnitOfWork, case: ConversationState) -> None:
    person = work.get(PERSONS, case.key)
    if person is not None:
        work.put(PERSONS, person.key, replace(person, automatic_at=work.now, wrote_since=False))


def _send(
    context: ConversationsContext,
    case: ConversationState,
    command: WriteFirst,
    plan: Plan,
    configuration: Configuration,
    *,
    is_new: bool,
) -> str:
    """Send the message. Its agent has the conversation from then on; what no person wrote changes no status."""
    work = context.work
    if command.agent is None:
        if is_new:
            record_fact(work, "opened", case, None)
        message = put_message(work, case, AUTOMATIC, command.text, plan, command.accepted_at)
        record_fact(
            work, "replied", case, case.status, message=message.id, message_surface="private", author=AUTOMATIC.kind
        )
        return message.id
    is_theirs = case.agent == command.agent and not is_resolved(case.status)
    assigned = case if is_theirs else _assign_to_writer(work, case, command.agent, configuration, is_new=is_new)
    author = Author(kind="agent", id=command.agent, name=command.agent_name)
    message = put_message(work, assigned, author, command.text, plan, command.accepted_at)
    record_human_answer(context, assigned, message, command.confirmed_by)
    return message.id


def _assign_to_writer(
    work: UnitOfWork, case: ConversationState, agent: str, configuration: Configuration, *, is_new: bool
) -> ConversationState:
    """Give a conversation to the agent who writes, without the queue; dispatch confirms the agent and counts their load."""
    has_task = is_queued(case.status)
    if is_resolved(case.status):
        after = transitions.taken(reopened(work, case, configuration), agent, work.now)
        record_fact(work, "reopened", after, case.status)
    else:
        after = transitions.taken(case, agent, work.now)
        if is_new:
            record_fact(work, "opened", after, None)
    if not has_task:
        work.emit("pasokh.routing.task_queued", after.workspace, transitions.task(after))
    force_assign(work, after, agent, by=agent)
    return after
