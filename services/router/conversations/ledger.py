"""Counts what became of each activity that came off the log, by account: the second sum of a ledger.

The counts are documents of the commit that moves past the activities, so that they are exact over crashes and repeats.
"""

from collections import Counter
from collections.abc import Iterable

from schemas.activity import Activity
from schemas.topics import DEDUPE_RETENTION_SECONDS, INBOUND_TOPICS
from services.platform.processing.unit_of_work import UnitOfWork
from services.records.conversations import ACTIVITIES, ActivityRecord
from services.records.ledgers import CONSUMED_COUNTS, ConsumedCounts, consumed_id
from services.router.conversations.message_ids import stored_message

COMMAND = "pasokh.command."
SEPARATORS = 2
"""Colons in a person's key `workspace/channel:account:external_id`; the external id may have more."""


class LedgerAccounting:
    """Counts the activities on `inbound` and `inbound_limited` by the account in their key."""

    def is_counted(self, topic: str, event_type: str) -> bool:
        """All records of these topics but commands: one that forwards a limited activity is stored as briefly as the activity."""
        return topic in INBOUND_TOPICS and not event_type.startswith(COMMAND)

    async def consume(self, work: UnitOfWork, keys: Iterable[str]) -> None:
        """Count activities that a batch takes from the log. Raises Unavailable."""
        accounts = Counter(account for key in keys if (account := _account(key)) is not None)
        await work.preload([(CONSUMED_COUNTS, [consumed_id(work.place.partition, account) for account in accounts])])
        for account, count in accounts.items():
            _put(work, account, _counts(work, account).plus(consumed=count))

    async def set_aside(self, work: UnitOfWork, key: str) -> None:
        """Count an activity that became a dead letter. Raises Unavailable."""
        await self._change_dead_letters(work, key, 1)

    async def revive(self, work: UnitOfWork, key: str) -> None:
        """Take back the count of a dead letter, whose activity is handled again and counted anew. Raises Unavailable."""
        await self._change_dead_letters(work, key, -1)

    async def _change_dead_letters(self, work: UnitOfWork, key: str, change: int) -> None:
        account = _account(key)
        if account is not None:
            await work.preload([(CONSUMED_COUNTS, [consumed_id(work.place.partition, account)])])
            _put(work, account, _counts(work, account).plus(consumed=change, dead_lettered=change))


ACCOUNTING = LedgerAccounting()


def is_repeat(work: UnitOfWork, activity: Activity, message_kinds: Iterable[str]) -> bool:
    """Whether an activity was handled before: its message is stored, or it left its id."""
    if activity.kind in message_kinds:
        record = work.get(ACTIVITIES, _message_id(activity))
        return stored_message(work, activity) is not None or (record is not None and record.kind == activity.kind)
    return work.get(ACTIVITIES, activity.id) is not None


def count_outcome(work: UnitOfWork, key: str, activity: Activity, *, repeat: bool) -> None:
    """Count a handled activity, of a record with this key, as new or as a repeat: the platform's, or one that we fetched."""
    account = _account(key)
    if account is not None:
        _put(work, account, _counts(work, account).plus(**{_outcome(activity, repeat=repeat): 1}))


def _outcome(activity: Activity, *, repeat: bool) -> str:
    if not repeat:
        return "new"
    return "refetched" if activity.polled else "duplicates"


def leave_id(work: UnitOfWork, activity: Activity, message_kinds: Iterable[str]) -> None:
    """Record the id of a new activity of a message kind that became no message here."""
    # Hand-off tokens, and messages of a conversation that another partition has: a repeat could not be told otherwise.
    if activity.kind in message_kinds and stored_message(work, activity) is None:
        expires = work.now + DEDUPE_RETENTION_SECONDS
        record = ActivityRecord(workspace=activity.workspace, kind=activity.kind, expires_at=expires)
        work.put(ACTIVITIES, _message_id(activity), record)


def _message_id(activity: Activity) -> str:
    return activity.message or activity.id


def _account(key: str) -> str | None:
    """`workspace/channel:account` of a person's key; None for the key of anything else."""
    parts = key.split(":", SEPARATORS)
    return f"{parts[0]}:{parts[1]}" if len(parts) > SEPARATORS and "/" in parts[0] else None


def _counts(work: UnitOfWork, account: str) -> ConsumedCounts:
    found = work.get(CONSUMED_COUNTS, consumed_id(work.place.partition, account))
    if found is not None:
        return found
    workspace, _, name = account.partition("/")
    channel, _, identity = name.partition(":")
    return ConsumedCounts(workspace=workspace, channel=channel, account=identity, since=work.now)


def _put(work: UnitOfWork, account: str, counts: ConsumedCounts) -> None:
    work.put(CONSUMED_COUNTS, consumed_id(work.place.partition, account), counts)
