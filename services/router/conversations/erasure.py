"""Erases a person from the conversations of this partition: their own by pages, and what they left in those of others.

What stays are counts, clocks and decisions without content, under a pseudonym that lies in the same partition: a document keeps its
owner. The message stays as the record that drops repeats, so that no repeat brings a text back. `services.router.erasure` says what
happens when, and what the owners of other documents do.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from schemas.activity import Participant
from schemas.commands import CommandResult
from schemas.conversation import Author, ContentRemoval
from schemas.erasure import ErasePerson, EraseTraces, ErasureStep, PersonErased, TaskErased, WithdrawMessages
from schemas.events import PERSON_ERASED
from schemas.identity import PersonKey, person_key
from schemas.values import Failure, Json
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed, is_open
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Query
from services.records.calls import CALLS
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS, MessageRecord
from services.router.conversations.context import ConversationsContext
from services.router.conversations.deletions import delete_files, without_content
from services.router.conversations.domain import responses
from services.router.conversations.domain.contacts import new_contact
from services.router.conversations.facts import CLOSE_TIMER, close_task, put_conversation, record_change, record_fact
from services.router.conversations.handoff_notices import EXPIRY
from services.router.conversations.snooze import SNOOZE_TIMER
from services.router.conversations.storage_limits import PROFILE_TIMER, STORAGE_TIMER
from services.router.conversations.talks import CALL_TIMER
from services.router.conversations.task_counting import SILENCE_TIMER

PAGE_SIZE = 100
"""Messages or conversations that one batch empties."""
MAX_NAMED = 1000
"""How many of the conversations the fact names."""
REASON: Final = "erased"
"""The reason of the fact `resolved`, and the code of what was removed."""


# -- the person's own ---------------------------------------------------------------------------------------------------


def handle_erase_person(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Carry out one page of one step; the next page follows by a command of its own."""
    command, work, key = received.event.payload_as(ErasePerson), context.work, received.event.partitionkey
    page = _page(key, command)
    emptied = STEPS[command.step](work, key, command)
    command = command.model_copy(update={"conversations": [*command.conversations, *emptied][-MAX_NAMED:]})
    after = work.next_page(page)
    if after is not None:
        work.emit("pasokh.command.erase_person", key, command.model_copy(update={"after": after}))
    elif command.step == "close":
        work.emit("pasokh.outbound.withdraw", key, WithdrawMessages(key=key))
        _record_step(work, received, command)
    elif command.step == "messages":
        following = command.model_copy(update={"step": "conversations", "after": None})
        work.emit("pasokh.command.erase_person", key, following)
    else:
        _forget(work, key, command)
        _record_step(work, received, command)


def _close(work: UnitOfWork, key: str, command: ErasePerson) -> list[str]:
    for case in work.found(CONVERSATIONS, _page(key, command)).values():
        resolved = case
        if is_open(case.status):
            change = responses.resolved(replace(case, snoozed_until=None, wake_on_reply=False), work.now)
            record_change(work, "resolved", change, case.status, reason=REASON)
            close_task(work, change.conversation, erased=True)
            resolved = change.conversation
        if not is_closed(resolved.status):
            record_change(work, "closed", responses.closed(resolved, work.now), resolved.status)
        for timer in (CLOSE_TIMER, EXPIRY, SILENCE_TIMER, SNOOZE_TIMER):
            work.cancel_timer(f"{timer}{case.id}")
    return []


def _empty_messages(work: UnitOfWork, key: str, command: ErasePerson) -> list[str]:
    pseudonym = PersonKey(person_key(key).workspace, command.pseudonym)
    for message in work.found(MESSAGES, _page(key, command)).values():
        if not message.conversation or _is_over(work, message.conversation):
            delete_files(work, message)
            work.cancel_timer(f"{STORAGE_TIMER}{message.id}")
            work.put(MESSAGES, message.id, replace(_without_anything(message, pseudonym, work.now), key=str(pseudonym)))
    return []


def _empty_conversations(work: UnitOfWork, key: str, command: ErasePerson) -> list[str]:
    pseudonym, emptied = PersonKey(person_key(key).workspace, command.pseudonym), []
    for case in work.found(CONVERSATIONS, _page(key, command)).values():
        if is_closed(case.status):
            record_fact(work, "erased", _without_person(case, pseudonym, work.now), case.status)
            erased = TaskErased(conversation=case.id, key=str(pseudonym))
            work.emit("pasokh.routing.task_erased", case.workspace, erased)
            emptied.append(case.id)
    return emptied


STEPS: Mapping[ErasureStep, Callable[[UnitOfWork, str, ErasePerson], list[str]]] = {
    "close": _close,
    "messages": _empty_messages,
    "conversations": _empty_conversations,
}
"""What each step does with its page; returns the ids of the conversations that it emptied."""


def _forget(work: UnitOfWork, key: str, command: ErasePerson) -> None:
    """Delete what is known of the person, and record the fact."""
    pseudonym = PersonKey(person_key(key).workspace, command.pseudonym)
    for identity, call in work.found(CALLS, _calls(key)).items():
        work.put(CALLS, identity, replace(call, key=str(pseudonym), recording=None))
        work.cancel_timer(f"{CALL_TIMER}{identity}")
    person = work.get(PERSONS, key)
    # Who wrote again meanwhile is a new person, of whom nothing is known but what they wrote since.
    going_on = {t: case for t, case in (person.open if person is not None else {}).items() if not _is_over(work, case)}
    if going_on:
        work.put(PERSONS, key, replace(new_contact(person_key(key), work.now), open=going_on))
    else:
        work.delete(PERSONS, key)
    work.cancel_timer(f"{PROFILE_TIMER}{key}")
    if not command.conversations and (person is None or going_on):
        # A repeat, after a crash: the fact is there.
        return
    fact = PersonErased(
        key=str(pseudonym),
        workspace=pseudonym.workspace,
        person=pseudonym.person,
        conversations=command.conversations,
        by=command.by,
        at=work.now,
    )
    work.emit(PERSON_ERASED, fact.key, fact)


def _record_step(work: UnitOfWork, received: ReceivedEvent, command: ErasePerson) -> None:
    """Tell whoever runs the erasure that this step is done."""
    identity = step_id(command.erasure, command.step)
    workspace = received.event.workspace
    work.put(OUTCOMES, identity, CommandResult(id=identity, workspace=workspace, status="applied", at=work.now))


def step_id(erasure: str, step: ErasureStep) -> str:
    """The id of the outcome of a step; that of `messages` is with the step that follows it."""
    return f"{erasure}/{step}"


def _is_over(work: UnitOfWork, conversation: str) -> bool:
    case = work.get(CONVERSATIONS, conversation)
    return case is None or is_closed(case.status)


def _without_anything(message: MessageRecord, author: PersonKey, now: datetime) -> MessageRecord:
    """A message without what anybody wrote in it, and without what names the person at the platform."""
    is_customers = message.author.kind == "customer"
    return replace(
        without_content(message),
        author=Author(kind="customer", id=author.person) if is_customers else message.author,
        error=Failure(code=message.error.code, detail="") if message.error is not None else None,
        participants=[],
        context=None,
        call=None,
        template=None,
        system_note=None,
        album=None,
        platform_id=None,
        further_ids=[],
        parts={},
        stored_until=None,
        profile_until=None,
        content_removed=ContentRemoval(code=REASON, at=now),
    )


def _without_person(case: ConversationState, pseudonym: PersonKey, now: datetime) -> ConversationState:
    """A closed conversation without what its customer or its platform told."""
    return replace(
        case,
        key=str(pseudonym),
        person=pseudonym.person,
        thread=None,
        addresses={},
        subject=None,
        participants=[],
        mail=None,
        handoff=case.handoff.model_copy(update={"unconfirmed": []}) if case.handoff is not None else None,
        private_person=None,
        private_reply=None,
        private_replies=[],
        hidden=[],
        active_call=None,
        updated_at=now,
        erased_at=now,
    )


# -- what a person left in conversations of others ---------------------------------------------------------------------


def handle_erase_traces(context: ConversationsContext, received: ReceivedEvent) -> None:
    """Empty what an erased person wrote in the conversations of another customer, and take them out of these."""
    command, work = received.event.payload_as(EraseTraces), context.work
    pseudonym = PersonKey(received.event.workspace, command.pseudonym)
    for identity in command.messages:
        message = work.get(MESSAGES, identity)
        if message is not None and message.workspace == pseudonym.workspace:
            work.put(MESSAGES, message.id, _message_of_others(work, message, command, pseudonym))
    for identity in command.conversations:
        case = work.get(CONVERSATIONS, identity)
        if case is not None and case.workspace == pseudonym.workspace:
            put_conversation(work, _conversation_of_others(case, command, pseudonym))


def _message_of_others(
    work: UnitOfWork, message: MessageRecord, command: EraseTraces, pseudonym: PersonKey
) -> MessageRecord:
    if message.author.id == command.person:
        delete_files(work, message)
        return _without_anything(message, pseudonym, work.now)
    return replace(
        message,
        participants=_others(message.participants, command),
        reactions=[one for one in message.reactions if one.author.id != command.person],
    )


def _conversation_of_others(case: ConversationState, command: EraseTraces, pseudonym: PersonKey) -> ConversationState:
    person = PersonKey(pseudonym.workspace, command.person)
    followers = [one for one in case.handoff.unconfirmed if one.person != person] if case.handoff else []
    chat = command.person.split(":", 2)[2]
    return replace(
        case,
        participants=_others(case.participants, command),
        addresses={surface: address for surface, address in case.addresses.items() if address.chat != chat},
        handoff=case.handoff.model_copy(update={"unconfirmed": followers}) if case.handoff else None,
        private_person=None if case.private_person == person else case.private_person,
    )


def _others(participants: list[Participant], command: EraseTraces) -> list[Participant]:
    return [one for one in participants if one.address.casefold() not in command.addresses]


# -- reads -------------------------------------------------------------------------------------------------------------


def erased_page(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of an erasure: the page, and what is known of the person."""
    command, key = received.event.payload_as(ErasePerson), received.event.partitionkey
    yield Documents(PERSONS, [key])
    yield ByIndex(MESSAGES if command.step == "messages" else CONVERSATIONS, _page(key, command))
    if command.step == "conversations":
        yield ByIndex(CALLS, _calls(key), every_page=True)


def conversations_of_page(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the conversations of the page's messages, and those that the person has open."""
    command, key, work = received.event.payload_as(ErasePerson), received.event.partitionkey, context.work
    if command.step == "messages":
        messages = work.found(MESSAGES, _page(key, command)).values()
        yield Documents(CONVERSATIONS, [message.conversation for message in messages if message.conversation])
    person = work.get(PERSONS, key)
    yield Documents(CONVERSATIONS, list(person.open.values()) if person is not None else [])


def traces(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """What a person left in conversations of another customer."""
    command = received.event.payload_as(EraseTraces)
    yield Documents(MESSAGES, command.messages)
    yield Documents(CONVERSATIONS, command.conversations)


def _page(key: str, command: ErasePerson) -> Query:
    if command.step == "messages":
        return Query(MESSAGES.name, "key", {"key": key}, limit=PAGE_SIZE, after=command.after)
    person = person_key(key)
    equals: dict[str, Json] = {"workspace": person.workspace, "person": person.person}
    return Query(CONVERSATIONS.name, "person", equals, limit=PAGE_SIZE, after=command.after)


def _calls(key: str) -> Query:
    return Query(CALLS.name, "key", {"key": key})
