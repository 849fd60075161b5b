"""Mails of other people in a thread: who got a copy and answers it writes in the conversation of the customer."""

from schemas.activity import Activity
from services.domain.conversation_state import ConversationState
from services.domain.lifecycle import is_closed
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS
from services.router.conversations.message_ids import answered_message


def joined_conversation(work: UnitOfWork, activity: Activity) -> ConversationState | None:
    """The conversation of somebody else that a mail goes on with: it answers a message there, and its writer takes part."""
    if activity.subject is None or not activity.replies_to:
        return None
    answered = answered_message(work, activity)
    case = work.get(CONVERSATIONS, answered.conversation) if answered is not None else None
    return case if case is not None and takes_part(case, activity) else None


def takes_part(case: ConversationState, activity: Activity) -> bool:
    """Whether the writer of a mail is among the people whom the answers of an open conversation of somebody else go to.

    To know the id of a message is not enough: mails are sent on.
    """
    is_theirs = case.key == str(activity.person_key)
    if activity.subject is None or is_theirs or is_closed(case.status) or activity.workspace != case.workspace:
        return False
    if (activity.channel, activity.account) != (case.channel, case.account):
        return False
    writers = {identity.value.casefold() for identity in activity.identities if identity.kind == "email"}
    return any(participant.address.casefold() in writers for participant in case.participants)
