"""The documents that handlers of conversations read, step by step (services/platform/processing/reads.py)."""

from collections.abc import Iterable, Iterator

from schemas.commands import MergeConversation
from schemas.values import Json
from services.platform.processing.inputs import ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Query
from services.records.configuration import CONFIGURATION_HEADS, numbered_configuration
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES, MOVED_CHATS, PERSONS
from services.router.conversations.context import ConversationsContext
from services.router.conversations.domain.activities import PRIVATE_THREAD
from services.router.conversations.early import early_ids
from services.router.conversations.handoff_notices import private_reply_of
from services.router.conversations.moved_chats import answered_chats

MAX_REPORTED_MESSAGES = 100
"""How many of a person's latest messages a watermark may cover, and an echo may show."""
MAX_MERGED_MESSAGES = 100
"""How many of a visitor's latest messages move to the conversation that they are the customer of."""


def chats_of(work: UnitOfWork, conversations: Iterable[str]) -> Read:
    # An answer goes to where the chat is today, so its handler needs to know whether the chat moved.
    cases = (work.get(CONVERSATIONS, identity) for identity in conversations)
    return Documents(MOVED_CHATS, answered_chats(case for case in cases if case is not None))


# -- commands and facts about a conversation ----------------------------------------------------------------------------


def command(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a command: its outcome, its person, its conversation."""
    yield Documents(OUTCOMES, [received.event.id])
    yield Documents(PERSONS, [received.event.partitionkey])
    yield conversation(context, received)


def person(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The person of an event."""
    yield Documents(PERSONS, [received.event.partitionkey])


def conversation(context: ConversationsContext, source: ReceivedEvent | TimerFired) -> Read:
    """The conversation that an event or a timer names."""
    return Documents(CONVERSATIONS, _named(source, "conversation"))


def chat_of_conversation(context: ConversationsContext, source: ReceivedEvent | TimerFired) -> Iterator[Read]:
    """The second step: the public chat in which the conversation is answered."""
    yield chats_of(context.work, _named(source, "conversation"))


def action_command(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a command on a message: as of any command, and the message."""
    yield from command(context, received)
    yield Documents(MESSAGES, _named(received, "message"))


def hidden_messages(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a command that shows hidden messages again."""
    yield from rules(context, received)
    cases = (context.work.get(CONVERSATIONS, identity) for identity in _named(received, "conversation"))
    yield Documents(MESSAGES, [identity for case in cases if case is not None for identity in case.hidden])


def reply(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a reply: its chat, and the head of the configuration, which says what a silence leads to."""
    yield from chat_of_conversation(context, received)
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])
    yield from _private_conversation(context, received)


def seen_reply(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """As `reply`, and where it names the message that its agent saw last, that one and the latest; on a channel that shows one
    answer, the last one.
    """
    yield from reply(context, received)
    case = context.work.get(CONVERSATIONS, str(received.event.data["conversation"]))
    seen = received.event.data.get("after")
    if case is not None and isinstance(seen, str) and case.last_message is not None:
        yield Documents(MESSAGES, [seen, case.last_message])
    known = context.capabilities.by_channel.get(case.channel) if case is not None else None
    if case is not None and case.last_answer is not None and known is not None and known.single_answer:
        yield Documents(MESSAGES, [case.last_answer])


def _private_conversation(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The customer's private conversation, which a private reply leaves alone while it is open."""
    case = context.work.get(CONVERSATIONS, str(received.event.data["conversation"]))
    known = context.capabilities.by_channel.get(case.channel) if case else None
    person = context.work.get(PERSONS, received.event.partitionkey)
    own = person.open.get(PRIVATE_THREAD) if person else None
    if own is not None and known is not None and known.private_reply is not None:
        yield Documents(CONVERSATIONS, [own])


def configuration_of_reply(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a reply: the configuration whose head was read."""
    yield from numbered_configuration(context.work, received.event.workspace)


def configured_command(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a command that applies the routing rules in force."""
    yield from command(context, received)
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])


def rules(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a command that applies the routing rules in force."""
    yield from numbered_configuration(context.work, received.event.workspace)
    yield from chat_of_conversation(context, received)


def fact(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The conversation that another processor's fact names."""
    yield conversation(context, received)


def delivery(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The message of a delivery's fact, the conversation that the fact names, and what is known under the message's aliases."""
    aliases = _all_named(received, "aliases")
    yield Documents(MESSAGES, [*_named(received, "message"), *aliases])
    yield Documents(ACTIVITIES, early_ids(aliases))
    yield conversation(context, received)


def conversation_of_message(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a delivery's fact: the conversation of the message."""
    messages = (context.work.get(MESSAGES, identity) for identity in _named(received, "message"))
    yield Documents(CONVERSATIONS, [message.conversation for message in messages if message is not None])


def configuration_of_private_reply(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a delivery's fact: only the result of a private reply needs the texts of the workspace."""
    messages = (context.work.get(MESSAGES, identity) for identity in _named(received, "message"))
    if any(message is not None and private_reply_of(context.work, message) for message in messages):
        yield Documents(CONFIGURATION_HEADS, [received.event.workspace])


def texts_of_private_reply(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The fourth step of a delivery's fact: the same configuration, and where the public notice goes."""
    messages = (context.work.get(MESSAGES, identity) for identity in _named(received, "message"))
    if any(message is not None and private_reply_of(context.work, message) for message in messages):
        yield from numbered_configuration(context.work, received.event.workspace)
        yield from chat_of_conversation(context, received)


def continued_person(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a person who continues a conversation: both."""
    yield Documents(PERSONS, [received.event.partitionkey])
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])
    yield conversation(context, received)


def own_conversation(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the person's own private conversation and its latest messages, and the languages of agents."""
    yield from language_of_workspace(context, received)
    person = context.work.get(PERSONS, received.event.partitionkey)
    own = person.open.get(PRIVATE_THREAD) if person else None
    if own is not None:
        yield Documents(CONVERSATIONS, [own])
        yield ByIndex(MESSAGES, last_messages(received.event.workspace, own))


def merge_conversations(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """A visitor's conversation, the one that they continue, and the visitor's latest messages."""
    merge = received.event.payload_as(MergeConversation)
    yield Documents(OUTCOMES, [received.event.id])
    yield Documents(PERSONS, [received.event.partitionkey])
    yield Documents(CONVERSATIONS, [merge.conversation, merge.into])
    yield ByIndex(MESSAGES, last_messages(received.event.workspace, merge.conversation))
    yield Documents(CONFIGURATION_HEADS, [received.event.workspace])


def language_of_workspace(context: ConversationsContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of what writes a note for agents: the configuration, whose languages they read."""
    yield from numbered_configuration(context.work, received.event.workspace)


def messages_of_person(key: str) -> Query:
    """The latest messages of a person's conversations."""
    return Query(MESSAGES.name, "key", {"key": key}, descending=True, limit=MAX_REPORTED_MESSAGES)


def last_messages(workspace: str, conversation_id: str) -> Query:
    """The latest messages of a conversation."""
    equals: dict[str, Json] = {"workspace": workspace, "conversation": conversation_id}
    return Query(MESSAGES.name, "conversation", equals, descending=True, limit=MAX_MERGED_MESSAGES)


# -- timers -------------------------------------------------------------------------------------------------------------


def timer(context: ConversationsContext, timer: TimerFired) -> Iterator[Read]:
    """The conversation and the person of a timer."""
    yield conversation(context, timer)
    yield Documents(PERSONS, _named(timer, "key"))


def silence_timer(context: ConversationsContext, fired: TimerFired) -> Iterator[Read]:
    """The first step of a timer that goes by the settings of the workspace."""
    yield from timer(context, fired)
    yield Documents(CONFIGURATION_HEADS, _named(fired, "workspace"))


def settings_of_timer(context: ConversationsContext, fired: TimerFired) -> Iterator[Read]:
    """The second step: the configuration whose head was read."""
    for workspace in _named(fired, "workspace"):
        yield from numbered_configuration(context.work, workspace)


def _all_named(received: ReceivedEvent, name: str) -> list[str]:
    """The ids that an event carries as a list under this name."""
    values = received.event.data.get(name)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _named(source: ReceivedEvent | TimerFired, name: str) -> list[str]:
    """The id that an event or a timer carries under this name."""
    data = source.event.data if isinstance(source, ReceivedEvent) else source.data
    value = data.get(name)
    return [value] if isinstance(value, str) else []
