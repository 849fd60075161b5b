"""The group `accounts` becomes the collector, which polls, too: its rows, timers and dead letters have the new name.

The leases of polled accounts go: the partition of an account is its lease. Cursors stay.
"""

from services.migrations.fields import drop_fields
from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document

OLD, NEW = "accounts", "collector"


def change_group(document: Document) -> Document:
    """The document with the new name of its group, if it is of this one."""
    return {**document, "group": NEW} if document["group"] == OLD else document


def new_id(identity: str, _: Document) -> str:
    """The id of a row or a timer, which begins with the name of the group."""
    group, slash, rest = identity.partition("/")
    return f"{NEW}{slash}{rest}" if group == OLD else identity


STEP = Migration(
    number=10,
    name="collector",
    rewrites=(
        Rewrite("rows", new_id=new_id),
        Rewrite("timers", change_group, new_id=new_id),
        Rewrite("dead_letters", change_group),
        Rewrite("polls", drop_fields("owner", "until", "revision")),
        Rewrite("account_calls", drop_fields("poll_error", "is_failing")),
    ),
)
