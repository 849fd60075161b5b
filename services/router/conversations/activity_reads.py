"""The documents that handlers of activities read, step by step (services/platform/processing/reads.py)."""

from collections.abc import Iterator

from schemas.activity import Activity
from schemas.commands import Forward
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.calls import CALLS
from services.records.configuration import CONFIGURATION_HEADS, numbered_configuration
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MOVED_CHATS, PERSONS
from services.router.conversations import reads
from services.router.conversations.context import ConversationsContext
from services.router.conversations.early import early_ids
from services.router.conversations.inbound import MESSAGE_HANDLERS
from services.router.conversations.message_ids import (
    aliased_messages,
    answered_ids,
    is_known,
    named_ids,
    possible_aliases,
    scoped_ids,
)
from services.router.conversations.moved_chats import public_chats

# -- activities: the person and the message, then their conversations, then where these are answered --------------------
# Three steps, because each needs ids that only the documents of the step before hold. A message that is named by an alias
# is known one step later than others.


def activity(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of an activity: its person, its message, and the conversation of a hand-off token."""
    found = received.event.payload_as(Activity)
    yield Documents(CONFIGURATION_HEADS, [found.workspace])
    yield Documents(PERSONS, [str(found.person_key)])
    yield from _message_reads(found)
    if found.kind not in MESSAGE_HANDLERS:
        yield Documents(ACTIVITIES, [found.id])
    if found.watermark is not None:
        yield ByIndex(MESSAGES, reads.messages_of_person(str(found.person_key)))
    token_opens = context.handoffs.conversation_of_token(found)
    if token_opens is not None:
        yield Documents(CONVERSATIONS, [token_opens])
    if found.conversation is not None:
        yield Documents(CONVERSATIONS, [found.conversation])
    if found.kind == "call" and found.message is not None:
        yield Documents(CALLS, [found.message])


def _message_reads(activity: Activity) -> Iterator[Read]:
    yield Documents(MESSAGES, _ids(activity))
    yield Documents(MOVED_CHATS, public_chats([activity]))
    # Another id of a message of ours, and what arrived before the message, are recorded under its id.
    yield Documents(ACTIVITIES, possible_aliases(activity))
    yield Documents(ACTIVITIES, early_ids(scoped_ids(activity)))


def _ids(activity: Activity) -> Iterator[str]:
    yield from named_ids(activity)
    yield from answered_ids(activity)
    if activity.former is not None:
        yield activity.former


def conversations_of_activity(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of an activity: the conversations of its person and of the messages that it names."""
    found = received.event.payload_as(Activity)
    yield from numbered_configuration(context.work, found.workspace)
    yield Documents(CONVERSATIONS, _linked(context.work, found, str(found.person_key)))
    yield from _unfiled(context.work, str(found.person_key))
    yield Documents(CONVERSATIONS, _covered(context.work, found))
    yield Documents(MESSAGES, aliased_messages(context.work, found))
    if found.kind == "echo" and not _is_known(context.work, found):
        # The echo may be that of a reply whose send is not settled.
        yield ByIndex(MESSAGES, reads.messages_of_person(str(found.person_key)))


def _unfiled(work: UnitOfWork, key: str) -> Iterator[Read]:
    person = work.get(PERSONS, key)
    if person is not None and person.unfiled:
        yield Documents(MESSAGES, person.unfiled)


def _covered(work: UnitOfWork, activity: Activity) -> Iterator[str]:
    """The conversations of the messages that a watermark may cover."""
    if activity.watermark is not None:
        found = work.found(MESSAGES, reads.messages_of_person(str(activity.person_key)))
        yield from (message.conversation for message in found.values())


def _is_known(work: UnitOfWork, activity: Activity) -> bool:
    """Whether the message of an activity is stored, under an id of its own or as an alias; what it answers does not count."""
    return any(work.get(MESSAGES, identity) for identity in named_ids(activity)) or any(
        is_known(work, identity) for identity in scoped_ids(activity)
    )


def _linked(work: UnitOfWork, activity: Activity, key: str) -> Iterator[str]:
    person = work.get(PERSONS, key)
    if person is not None:
        yield from person.open.values()
        if person.forwarded_to is not None:
            yield person.forwarded_to
    # A reply or an edit may lead to a conversation that is not the open one of its thread.
    messages = (work.get(MESSAGES, identity) for identity in _ids(activity))
    yield from (message.conversation for message in messages if message is not None)


def chats_of_activity(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of an activity: the public chats in which its conversations are answered."""
    found, work = received.event.payload_as(Activity), context.work
    token_opens = context.handoffs.conversation_of_token(found)
    linked = {*_linked(work, found, str(found.person_key)), *([token_opens] if token_opens is not None else [])}
    yield reads.chats_of(work, linked)
    yield _conversations_of_aliases(work, found)


def _conversations_of_aliases(work: UnitOfWork, activity: Activity) -> Read:
    messages = (work.get(MESSAGES, identity) for identity in aliased_messages(work, activity))
    return Documents(CONVERSATIONS, [message.conversation for message in messages if message is not None])


# -- an activity that was forwarded to another person's conversation ----------------------------------------------------


def forwarded(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a forwarded activity."""
    command = received.event.payload_as(Forward)
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])
    yield Documents(PERSONS, [received.event.partitionkey])
    yield Documents(CONVERSATIONS, [command.conversation])
    yield from _message_reads(command.activity)
    if command.activity.watermark is not None or command.activity.kind == "echo":
        yield ByIndex(MESSAGES, reads.last_messages(received.event.workspace, command.conversation))


def conversations_of_forwarded(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a forwarded activity."""
    command = received.event.payload_as(Forward)
    yield from numbered_configuration(context.work, received.event.workspace)
    yield Documents(CONVERSATIONS, _linked(context.work, command.activity, received.event.partitionkey))
    yield from _unfiled(context.work, received.event.partitionkey)
    yield Documents(MESSAGES, aliased_messages(context.work, command.activity))


def chats_of_forwarded(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a forwarded activity."""
    command = received.event.payload_as(Forward)
    linked = {command.conversation, *_linked(context.work, command.activity, received.event.partitionkey)}
    yield reads.chats_of(context.work, linked)
    yield _conversations_of_aliases(context.work, command.activity)
