"""Reactions to messages: they are shown on the message, and open, reopen and answer nothing."""

from dataclasses import replace

from schemas.activity import Activity
from schemas.conversation import MessageReaction
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES
from services.router.conversations import early
from services.router.conversations.context import ActivityContext
from services.router.conversations.domain.reactions import of_author, reacted, reaction_of
from services.router.conversations.facts import record_message_fact
from services.router.conversations.message_ids import stored_message


def receive_reaction(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Store a person's reaction on the message that it names. It waits for a message that has not arrived yet."""
    reaction, message = reaction_of(activity), stored_message(work, activity)
    if reaction is None:
        return
    if message is None:
        early.remember(work, activity)
        return
    if message.workspace != activity.workspace or message.state == "deleted" or message.content_removed:
        return
    reactions = reacted(message.reactions, reaction)
    if reactions is None:
        return
    work.put(MESSAGES, message.id, replace(message, reactions=reactions))
    case = work.get(CONVERSATIONS, message.conversation)
    if case is not None and _is_news(message.reactions, reaction):
        author = reaction.author.kind
        record_message_fact(
            work, "reaction_changed", case, message, author=author, reaction=_stored(reaction, activity)
        )


def _stored(reaction: MessageReaction, activity: Activity) -> MessageReaction:
    """The reaction as a fact has it, which is stored for ever: without a name that may be stored for a limited time only."""
    if activity.profile_until is None:
        return reaction
    return reaction.model_copy(update={"author": reaction.author.model_copy(update={"name": None})})


def _is_news(before: list[MessageReaction], reaction: MessageReaction) -> bool:
    """Whether a reaction shows something else than before: one that nobody saw was taken back shows nothing."""
    known = of_author(before, reaction.author)
    shown = None if known is None or known.removed else (known.emoji,)
    return shown != (None if reaction.removed else (reaction.emoji,))
