"""Looks a second time for the message that a change in public names, when nothing was stored under its id at first.

In private all is of one owner, who reads what it wrote. In public somebody else may react to a comment, hide or delete it:
the owner of the change then finds no message while the owner of the comment, which stores it at the same moment, finds no
change. Both are committed `early.SECOND_LOOK_AFTER` later, and the change goes to the owner of its message. To apply it twice changes nothing.
"""

from collections.abc import Iterator

from schemas.activity import Activity
from schemas.commands import Forward
from services.platform.processing.inputs import TimerFired
from services.platform.processing.reads import Documents, Read
from services.records.conversations import ACTIVITIES, CONVERSATIONS, MESSAGES
from services.router.conversations.context import ConversationsContext
from services.router.conversations.forwarding import send_forward
from services.router.conversations.message_ids import aliased_messages, named_ids, possible_aliases, stored_message


def messages(context: ConversationsContext, timer: TimerFired) -> Iterator[Read]:
    """The first step: the message that the change names, also by its other ids."""
    change = _change(timer)
    yield Documents(MESSAGES, named_ids(change))
    yield Documents(ACTIVITIES, possible_aliases(change))


def aliased(context: ConversationsContext, timer: TimerFired) -> Iterator[Read]:
    """The second step: the message of ours to which they lead."""
    yield Documents(MESSAGES, aliased_messages(context.work, _change(timer)))


def conversations(context: ConversationsContext, timer: TimerFired) -> Iterator[Read]:
    """The third step: its conversation, which says to whom it went."""
    ids = [*named_ids(_change(timer)), *aliased_messages(context.work, _change(timer))]
    found = (context.work.get(MESSAGES, identity) for identity in ids)
    yield Documents(CONVERSATIONS, [message.conversation for message in found if message is not None])


def on_second_look(context: ConversationsContext, timer: TimerFired) -> None:
    """Send a change to the owner of its message, if that is stored by now; else it goes on waiting for it."""
    work, change = context.work, _change(timer)
    message = stored_message(work, change)
    if message is not None and message.workspace == change.workspace and message.content_removed is None:
        send_forward(work, message.key, Forward(conversation=message.conversation, activity=change))


def _change(timer: TimerFired) -> Activity:
    return Activity.model_validate(timer.data["activity"])
