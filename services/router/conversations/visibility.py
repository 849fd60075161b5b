"""Public messages that our side hid from others, or showed again, where they were written."""

from dataclasses import replace

from schemas.activity import Activity
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import CONVERSATIONS, MESSAGES
from services.router.conversations import early
from services.router.conversations.context import ActivityContext
from services.router.conversations.domain.activities import happened_at
from services.router.conversations.facts import record_message_fact
from services.router.conversations.message_ids import stored_message


def change_visibility(work: UnitOfWork, activity: Activity, activity_context: ActivityContext) -> None:
    """Show whether others can read the message that an activity names. One that has not arrived yet shows it once it does."""
    message = stored_message(work, activity)
    if message is None:
        early.remember(work, activity)
        return
    at, since = happened_at(activity), message.hidden_at
    is_older = since is not None and at < since
    if activity.hidden is None or is_older or message.state == "deleted" or message.workspace != activity.workspace:
        return
    work.put(MESSAGES, message.id, replace(message, hidden=activity.hidden, hidden_at=at))
    case = work.get(CONVERSATIONS, message.conversation)
    # What an agent hid here comes back from the platform, and is no news.
    if case is not None and activity.hidden != message.hidden:
        record_message_fact(work, "message_hidden" if activity.hidden else "message_unhidden", case, message)
