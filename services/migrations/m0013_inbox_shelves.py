"""Conversations get the shelf by which the lists of an inbox find them: their status, unless they are snoozed.

It is written out here, although `services/domain/inbox.py` works it out: a step must go on to do what it did when it was
released.
"""

from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document

SNOOZED = {"assigned": "snoozed", "pending": "snoozed", "waiting": "snoozed_waiting", "offered": "snoozed_waiting"}


def add_shelf(conversation: Document) -> Document:
    """The conversation with its shelf."""
    keys, status = conversation.get("inbox"), str(conversation["status"])
    if not isinstance(keys, dict) or keys.get("shelf"):
        return conversation
    shelf = SNOOZED.get(status, status) if conversation.get("snoozed_until") else status
    return {**conversation, "inbox": {**keys, "shelf": shelf}}


STEP = Migration(number=13, name="inbox shelves", rewrites=(Rewrite("conversations", add_shelf),))
