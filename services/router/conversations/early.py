"""Changes that arrived before their message: a deletion, an edit, a reaction or a receipt is stored until it arrives."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from schemas.activity import Activity
from schemas.topics import ALIAS_RETENTION_SECONDS, DEDUPE_RETENTION_SECONDS
from schemas.values import Json
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import ACTIVITIES, ActivityRecord
from services.router.conversations.domain import early_changes
from services.router.conversations.message_ids import scoped_ids

PREFIX = "early/"
SECOND_LOOK = "second_look/"
"""Prefix of the timer by which the message of a change is looked for again; the id of the change follows."""
SECOND_LOOK_AFTER = timedelta(seconds=30)
"""Longer than a batch may take from its reads to its commit."""
OWN_POST = "own_post"
"""The kind of the record of a post of our own side, under the id that a message of it would have."""


def early_ids(ids: Iterable[str]) -> Iterator[str]:
    """The ids of the records of changes that wait for messages of these ids."""
    return (f"{PREFIX}{identity}" for identity in ids)


def remember(work: UnitOfWork, change: Activity) -> None:
    """Store a change until its message arrives, for as long as the log can still bring that; of our own posts none is stored."""
    identity = next(scoped_ids(change), None)
    if identity is None or (change.message is None and not change.aliases) or _is_own_post(work, identity):
        return
    changes = early_changes.merged(waiting_changes(work, [identity]), change)
    record = ActivityRecord(
        workspace=change.workspace,
        kind="early",
        expires_at=min([work.now + DEDUPE_RETENTION_SECONDS, *_storage_ends(changes)]),
        early=[waiting.model_dump(mode="json", exclude_defaults=True) for waiting in changes],
    )
    work.put(ACTIVITIES, f"{PREFIX}{identity}", record)
    if change.surface == "public":
        _look_again(work, change)


def _storage_ends(changes: Iterable[Activity]) -> Iterator[datetime]:
    """When the platform's terms end the storage of changes, names included."""
    return (at for change in changes for at in (change.stored_until, change.profile_until) if at is not None)


def _look_again(work: UnitOfWork, change: Activity) -> None:
    """Look for the message once more: in public its owner is another one, who may be storing it now (`second_look`)."""
    data: dict[str, Json] = {
        "workspace": change.workspace,
        "activity": change.model_dump(mode="json", exclude_defaults=True),
    }
    work.set_timer(f"{SECOND_LOOK}{change.id}", work.now + SECOND_LOOK_AFTER, data)


def expect_nothing(work: UnitOfWork, post: Activity) -> None:
    """Record that a post of our own side stands in no conversation: whatever happens to it concerns nobody."""
    identity = post.message or post.id
    expires = work.now + ALIAS_RETENTION_SECONDS
    work.put(ACTIVITIES, identity, ActivityRecord(workspace=post.workspace, kind=OWN_POST, expires_at=expires))
    forget(work, [identity])


def _is_own_post(work: UnitOfWork, identity: str) -> bool:
    known = work.get(ACTIVITIES, identity)
    return known is not None and known.kind == OWN_POST


def has_waiting(work: UnitOfWork, ids: Iterable[str]) -> bool:
    """Whether changes wait for a message of these ids."""
    return any(work.get(ACTIVITIES, identity) is not None for identity in early_ids(ids))


def waiting_changes(work: UnitOfWork, ids: Iterable[str]) -> list[Activity]:
    """The changes that wait for a message of these ids, in the order in which they apply."""
    records = (work.get(ACTIVITIES, identity) for identity in early_ids(ids))
    waiting = [change for record in records if record is not None for change in record.early]
    return early_changes.in_order(Activity.model_validate(change) for change in waiting)


def forget(work: UnitOfWork, ids: Iterable[str]) -> None:
    """Drop the changes that waited for a message: they were applied."""
    for identity in early_ids(ids):
        if work.get(ACTIVITIES, identity) is not None:
            work.delete(ACTIVITIES, identity)


def was_deleted(work: UnitOfWork, activity: Activity) -> bool:
    """Whether the deletion of this message arrived before the message."""
    identity = activity.message or activity.id
    known = work.get(ACTIVITIES, identity)
    # Earlier versions recorded an early deletion under the id of the message.
    if known is not None and known.kind == "deletion":
        return True
    return any(change.kind == "deletion" for change in waiting_changes(work, [identity]))
