"""The ledger of an account: what became of everything that came in for it, in two sums that must balance.

Ingest counts `ReceivedCounts` before the log and writes them with the account's calls (`accounts.AccountCalls`). The group
conversations counts `ConsumedCounts` after the log, in the commit that moves past the counted events.
"""

from dataclasses import dataclass

from schemas.values import Instant
from services.platform.store.port import Collection, Index

WRITER = "conversations"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCounts:
    """Activities that came in; a refused call without activities counts as one. received = published + rejected + failed.

    `published`: the log has them. `rejected`: turned away for good. `failed`: their sender has to send them again.
    """

    received: int = 0
    published: int = 0
    rejected: int = 0
    failed: int = 0

    def __add__(self, other: "ReceivedCounts") -> "ReceivedCounts":
        return ReceivedCounts(
            received=self.received + other.received,
            published=self.published + other.published,
            rejected=self.rejected + other.rejected,
            failed=self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedCounts:
    """The activities of an account that one partition took from the log. consumed = new + duplicates + dead_lettered.

    Its id is `partition/workspace/channel:account`. `dead_lettered` are those that could not be handled and were not retried
    since; one that an operator dropped stays among them.
    """

    workspace: str
    channel: str
    account: str
    since: Instant
    consumed: int = 0
    new: int = 0
    duplicates: int = 0
    dead_lettered: int = 0

    def plus(self, *, consumed: int = 0, new: int = 0, duplicates: int = 0, dead_lettered: int = 0) -> "ConsumedCounts":
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
