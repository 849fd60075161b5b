"""Reads the ledgers of accounts, in the order that makes a loss certain."""

from collections.abc import Iterable, Mapping

from services.domain.ledger import ConsumedSum, Ledger, ReceivedSum, total
from services.platform.bus.port import Bus
from services.platform.processing.commit import row_key
from services.platform.store.all_pages import all_documents
from services.platform.store.collections import ROWS
from services.platform.store.port import Key, Query, Store
from services.records.accounts import ACCOUNT_CALLS, AccountCalls, account_id, named_account_id
from services.records.ledgers import CONSUMED_COUNTS, WRITER

TOPIC = "inbound"


async def read_ledgers(store: Store, bus: Bus, accounts: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], Ledger]:
    """The ledger of each account: workspace → its accounts `channel/account`. Raises Unavailable.

    Every activity that ingest has counted as published was in the log before it was counted. So the counts of ingest are
    read first, then the ends of the log, then how far conversations has read, then what it has counted: where it has read
    to those ends, all that ingest had counted is in the second sum, and what is missing there was lost.
    """
    wanted = {
        (workspace, name): named_account_id(workspace, name) for workspace, names in accounts.items() for name in names
    }
    keys = {identity: Key(ACCOUNT_CALLS.name, identity) for identity in wanted.values()}
    calls = await store.get_many(list(keys.values())) if keys else {}
    is_read = await _is_read(store, bus)
    after: dict[str, list[ConsumedSum]] = {}
    for workspace in accounts:
        query = Query(CONSUMED_COUNTS.name, "account", {"workspace": workspace})
        async for _, document in all_documents(store, query):
            one = CONSUMED_COUNTS.decode(document)
            found = after.setdefault(account_id(one.workspace, one.channel, one.account), [])
            found.append(
                ConsumedSum(
                    since=one.since,
                    consumed=one.consumed,
                    new=one.new,
                    duplicates=one.duplicates,
                    dead_lettered=one.dead_lettered,
                )
            )
    return {
        account: Ledger(
            before=_received(ACCOUNT_CALLS.decode(calls[keys[identity]])) if keys[identity] in calls else ReceivedSum(),
            after=total(after.get(identity, ())),
            is_read=is_read,
        )
        for account, identity in wanted.items()
    }


async def _is_read(store: Store, bus: Bus) -> bool:
    """Whether conversations has committed past all that is in the log now."""
    ends = [(await bus.end_offsets((TOPIC,), partition))[TOPIC] for partition in range(bus.partitions)]
    keys = [row_key(WRITER, partition) for partition in range(bus.partitions)]
    rows = await store.get_many(keys)
    offsets = [ROWS.decode(rows[key]).offsets.get(TOPIC, 0) if key in rows else 0 for key in keys]
    return all(offset >= end for offset, end in zip(offsets, ends, strict=True))


def _received(calls: AccountCalls) -> ReceivedSum:
    counts = calls.counts
    return ReceivedSum(
        since=calls.counted_since,
        received=counts.received,
        published=counts.published,
        rejected=counts.rejected,
        failed=counts.failed,
    )
