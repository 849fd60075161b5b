"""Puts the two sums of an account's ledger together, and says whether they balance. Pure.

    received = published + rejected + failed                    counted by ingest, before the log
    consumed = new + duplicates + refetched + dead_lettered     counted by conversations, after it

What is published and not consumed is on its way. Once everything in the log has been read, nothing is: what then is left of
it was lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.domain.account_phrases import AccountFinding, finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedSum:
    """The first sum, as ingest wrote it last; `since`: when it began to count.

    `without_content` are among the published ones: `advice` says what to change at the platform, and when the last came.
    """

    since: datetime | None = None
    received: int = 0
    published: int = 0
    rejected: int = 0
    failed: int = 0
    without_content: int = 0
    advice: AccountFinding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedSum:
    """The second sum, over all partitions."""

    since: datetime | None = None
    consumed: int = 0
    new: int = 0
    duplicates: int = 0
    refetched: int = 0
    dead_lettered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Both sums. `is_read`: all that was in the log when `before` was read is in `after`.

    Counts of ingest lag: it writes them every few seconds, and a process that is killed loses those that it had not
    written. The log itself proves that more was published: `uncounted` says how much, and belongs to `published` and
    to `received`.
    """

    before: ReceivedSum = field(default_factory=ReceivedSum)
    after: ConsumedSum = field(default_factory=ConsumedSum)
    is_read: bool = False

    @property
    def since(self) -> datetime | None:
        """When counting began; None: nothing has come in yet."""
        return min(_known([self.before.since, self.after.since]), default=None)

    @property
    def uncounted(self) -> int:
        """Published activities that are in no count of ingest."""
        return max(0, self.after.consumed - self.before.published)

    @property
    def received(self) -> int:
        """All that came in."""
        return self.before.received + self.uncounted

    @property
    def published(self) -> int:
        """All that the log took."""
        return self.before.published + self.uncounted

    @property
    def unread(self) -> int:
        """Published activities that conversations has not consumed."""
        return self.published - self.after.consumed

    @property
    def on_its_way(self) -> int:
        """What is in the log and still to be read."""
        return 0 if self.is_read else self.unread

    @property
    def lost(self) -> int:
        """What was published, and is not in the log."""
        return self.unread if self.is_read else 0

    @property
    def received_difference(self) -> int:
        """The first sum less its terms; 0 when it balances."""
        return self.before.received - self.before.published - self.before.rejected - self.before.failed

    @property
    def consumed_difference(self) -> int:
        """The second sum less its terms; 0 when it balances."""
        after = self.after
        return after.consumed - after.new - after.duplicates - after.refetched - after.dead_lettered

    @property
    def balances(self) -> bool:
        """Whether both sums balance and nothing was lost."""
        return not (self.received_difference or self.consumed_difference or self.lost)

    @property
    def findings(self) -> list[AccountFinding]:
        """What does not balance, the worst first; empty when all does."""
        counts = {
            "lost": self.lost,
            "received_unbalanced": self.received_difference,
            "consumed_unbalanced": self.consumed_difference,
        }
        return [finding(code, count=count) for code, count in counts.items() if count]


def total(sums: Iterable[ConsumedSum]) -> ConsumedSum:
    """The second sum of an account over its partitions."""
    every = list(sums)
    return ConsumedSum(
        since=min(_known(one.since for one in every), default=None),
        consumed=sum(one.consumed for one in every),
        new=sum(one.new for one in every),
        duplicates=sum(one.duplicates for one in every),
        refetched=sum(one.refetched for one in every),
        dead_lettered=sum(one.dead_lettered for one in every),
    )


def _known(times: Iterable[datetime | None]) -> list[datetime]:
    return [time for time in times if time is not None]
