"""Automatic messages that came while no conversation was open: they open none, and the next one takes them in."""

from dataclasses import replace

from services.domain.conversation_state import Contact, ConversationState
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import MESSAGES, MessageRecord

MAX_UNFILED = 20
"""How many of one person the next conversation takes in, the latest."""


def add(work: UnitOfWork, person: Contact, message: MessageRecord) -> Contact:
    """Store a message without a conversation. Returns the contact, which names it."""
    work.put(MESSAGES, message.id, message)
    return replace(person, unfiled=[*person.unfiled, message.id][-MAX_UNFILED:])


def take_in(work: UnitOfWork, person: Contact, conversation: ConversationState) -> Contact:
    """Show the unfiled messages of a person in their private conversation. Returns the contact without them."""
    if not person.unfiled or conversation.thread is not None:
        return person
    for identity in person.unfiled:
        message = work.get(MESSAGES, identity)
        if message is not None:
            work.put(MESSAGES, identity, replace(message, conversation=conversation.id))
    return replace(person, unfiled=[])
