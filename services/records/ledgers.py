"""The ledger of an account: what became of everything that came in for it, in two sums that must balance.

Ingest counts `ReceivedCounts` before the log and writes them with the account's calls (`accounts.AccountCalls`). The group
conversations counts `ConsumedCounts` after the log, in the commit that moves past the counted events.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from schemas.values import OMITTED_IF_EMPTY, Instant
from services.domain.account_phrases import AccountFinding, incomplete
from services.platform.store.port import Collection, Index

WRITER = "conversations"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingContent:
    """Activities whose content the platform did not give, by how it is set up: how many, the last, and what to change."""

    count: int
    last_at: Instant
    advice: str

    def finding(self, now: datetime | None = None) -> AccountFinding:
        """What to change, how many there were, and when the last came."""
        return incomplete(self.advice, self.count, self.last_at, now)

    def plus(self, other: "MissingContent | None") -> "MissingContent":
        """Both together; `other` is the later."""
        if other is None:
            return self
        return MissingContent(
            count=self.count + other.count, last_at=max(self.last_at, other.last_at), advice=other.advice
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCounts:
    """Activities that came in; a refused call without activities counts as one. received = published + rejected + failed.

    `published`: the log has them. `rejected`: turned away for good. `failed`: their sender has to send them again.
    `missing` are among the published ones.
    """

    received: int = 0
    published: int = 0
    rejected: int = 0
    failed: int = 0
    missing: Annotated[MissingContent | None, OMITTED_IF_EMPTY] = None

    def __add__(self, other: "ReceivedCounts") -> "ReceivedCounts":
        return ReceivedCounts(
            received=self.received + other.received,
            published=self.published + other.published,
            rejected=self.rejected + other.rejected,
            failed=self.failed + other.failed,
            missing=self.missing.plus(other.missing) if self.missing else other.missing,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedCounts:
    """The activities of an account that one partition took from the log. consumed = new + duplicates + refetched + dead_lettered.

    Its id is `partition/workspace/channel:account`. `duplicates` are repeats that the platform posted, `refetched` those that we
    fetched ourselves. `dead_lettered` are those that could not be handled and were not retried
    since; one that an operator dropped stays among them.
    """

    workspace: str
    channel: str
    account: str
    since: Instant
    consumed: int = 0
    new: int = 0
    duplicates: int = 0
    refetched: int = 0
    dead_lettered: int = 0

    def plus(
        self, *, consumed: int = 0, new: int = 0, duplicates: int = 0, refetched: int = 0, dead_lettered: int = 0
    ) -> "ConsumedCounts":
        """These counts and more."""
        # Written out, because it is done for every activity and `replace` takes three times as long.
        return ConsumedCounts(
            workspace=self.workspace,
            channel=self.channel,
            account=self.account,
            since=self.since,
            consumed=self.consumed + consumed,
            new=self.new + new,
            duplicates=self.duplicates + duplicates,
            refetched=self.refetched + refetched,
            dead_lettered=self.dead_lettered + dead_lettered,
        )


CONSUMED_COUNTS = Collection(
    "consumed_counts",
    ConsumedCounts,
    writer=WRITER,
    indexes=(Index("account", ("workspace", "channel", "account")),),
)


def consumed_id(partition: int, account: str) -> str:
    """The id of the counts of an account, `workspace/channel:account`, from one partition."""
    return f"{partition}/{account}"
