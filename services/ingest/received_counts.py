"""What became of the activities of each account before the log, since its counts were last written: the first sum of a ledger."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.activity import Activity
from services.channels.port import Account
from services.records.ledgers import MissingContent, ReceivedCounts


class AccountName(NamedTuple):
    """The account that something is counted for."""

    workspace: str
    channel: str
    account: str


class ReceivedCounter:
    """Counts in memory, by account. `AccountActivityRecorder` takes the counts and writes them every few seconds."""

    def __init__(self) -> None:
        self._unwritten: dict[AccountName, ReceivedCounts] = {}

    def add(self, account: AccountName, counts: ReceivedCounts) -> None:
        """Count for an account."""
        self._unwritten[account] = self._unwritten.get(account, ReceivedCounts()) + counts

    def take(self) -> dict[AccountName, ReceivedCounts]:
        """All counts since the last call, which the caller now has to write, or to `add` again."""
        taken, self._unwritten = self._unwritten, {}
        return taken


def name_of(account: Account) -> AccountName:
    """The name of a connected account."""
    return AccountName(account.workspace, account.channel, account.id)


def account_name(activities: Sequence[Activity]) -> AccountName:
    """The account of activities of one account; there is at least one."""
    first = activities[0]
    return AccountName(first.workspace, first.channel, first.account)


def missing_content(activities: Sequence[Activity]) -> MissingContent | None:
    """How many of these activities lack their content by how their platform is set up; None: none of them does."""
    found = [one for one in activities if one.missing_content is not None]
    if not found:
        return None
    latest = max(found, key=lambda one: one.received_at)
    return MissingContent(count=len(found), last_at=latest.received_at, advice=latest.missing_content or "")
