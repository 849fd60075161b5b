"""Private replies of agents: an answer to a public post that opens a private chat with its author."""

from dataclasses import replace

from services.domain.conversation_state import ConversationState, PrivateReplyAttempt
from services.domain.lifecycle import is_closed
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, PERSONS, MessageRecord
from services.router.conversations.domain.activities import PRIVATE_THREAD


def begin_private_reply(
    work: UnitOfWork, case: ConversationState, message: MessageRecord, post: str
) -> ConversationState:
    """The conversation while a private reply of an agent is on its way to the author of this post.

    What the customer answers continues the conversation, unless they have another one in private.
    """
    attempt = PrivateReplyAttempt(message=message.id, post=post, accepted_at=message.received_at, by_agent=True)
    person = work.get(PERSONS, case.key)
    known = person.open.get(PRIVATE_THREAD) if person else None
    own = work.get(CONVERSATIONS, known) if known else None
    if person is not None and (own is None or is_closed(own.status)):
        work.put(PERSONS, person.key, replace(person, open={**person.open, PRIVATE_THREAD: case.id}))
    return replace(case, private_reply=attempt)
