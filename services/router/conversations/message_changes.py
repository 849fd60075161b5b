"""What changes a message after it was sent: a table from the kind of an activity to what it does."""

from collections.abc import Callable, Mapping, Sequence

from schemas.activity import Activity
from services.platform.processing.unit_of_work import UnitOfWork
from services.router.conversations import early
from services.router.conversations.context import ActivityContext
from services.router.conversations.deletions import delete_message
from services.router.conversations.edits import edit_message
from services.router.conversations.reactions import receive_reaction
from services.router.conversations.receipts import receive_receipt
from services.router.conversations.visibility import change_visibility

ChangeHandler = Callable[[UnitOfWork, Activity, ActivityContext], None]

MUTATING_HANDLERS: Mapping[str, ChangeHandler] = {
    "edit": edit_message,
    "deletion": delete_message,
    "reaction": receive_reaction,
    "receipt": receive_receipt,
    "visibility": change_visibility,
}
"""Kinds that change a message. Its conversation may be another person's, whose partition alone may write it."""


def apply_waiting(work: UnitOfWork, ids: Sequence[str], activity_context: ActivityContext) -> None:
    """Apply the changes that arrived before the message of these ids, which is stored now."""
    changes = early.waiting_changes(work, ids)
    # Dropped first: a change that still finds no message waits again.
    early.forget(work, ids)
    for change in changes:
        MUTATING_HANDLERS[change.kind](work, change, activity_context)
