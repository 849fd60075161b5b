"""The ledgers of accounts: read in the order that makes a loss certain, and as REST shows them."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from schemas.topics import INBOUND_TOPICS
from schemas.values import OMITTED_IF_EMPTY, Instant, Json
from services.domain.account_phrases import in_language
from services.domain.ledger import ConsumedSum, Ledger, ReceivedSum, total
from services.platform.bus.port import Bus
from services.platform.processing.commit import row_key
from services.platform.store.all_pages import all_documents
from services.platform.store.collections import ROWS
from services.platform.store.port import Key, Query, Store
from services.records.accounts import ACCOUNT_CALLS, AccountCalls, account_id, named_account_id
from services.records.ledgers import CONSUMED_COUNTS, WRITER
from services.text.sentences import SentenceReader


class LedgerView(BaseModel):
    """Both sums of an account with their terms, in activities. A refused call without activities counts as one."""

    channel: str
    account: str
    since: Instant | None = Field(description="When counting began; null before anything came in.")
    received: int = Field(description="All that came in: `published` + `rejected` + `failed`.")
    published: int = Field(description="What the log has.")
    rejected: int = Field(description="What was turned away for good: forged, malformed, too large.")
    failed: int = Field(description="What its sender was asked to send again.")
    consumed: int = Field(
        description="What was taken from the log: `new` + `duplicates` + `refetched` + `dead_lettered`."
    )
    new: int = Field(description="What was handled for the first time.")
    duplicates: int = Field(description="Repeats that the platform posted; they had no effect.")
    refetched: int = Field(
        default=0, description="Repeats that we fetched ourselves, when we asked for what may be missing."
    )
    dead_lettered: int = Field(description="What could not be handled, and was not handled at a retry since.")
    on_its_way: int = Field(description="What is published and will be consumed.")
    uncounted: int = Field(
        description="The part of `published` and `received` that the log proves alone: ingest has not written its count yet, "
        "or was killed before it could."
    )
    lost: int = Field(description="What was published, and is not in the log, which has been read to its end.")
    balances: bool = Field(description="Whether both sums equal their terms, and nothing is lost.")
    detail: str = Field(description="What does not balance, in the language of `Accept-Language`; empty when all does.")
    reason: Annotated[str | None, OMITTED_IF_EMPTY] = Field(
        default=None, description="The stable name of the first sentence of `detail`."
    )
    params: Annotated[dict[str, Json], OMITTED_IF_EMPTY] = Field(default={}, description="What is in that sentence.")
    without_content: int = Field(
        default=0, description="What came in without its content, by how its platform is set up."
    )
    advice: str = Field(
        default="",
        description="What to change there, and when the last came; empty when everything has had its content.",
    )


def ledger_view(channel: str, account: str, ledger: Ledger, reader: SentenceReader) -> LedgerView:
    """The view of a ledger, in words for its reader."""
    before, after = ledger.before, ledger.after
    findings = [in_language(one, reader) for one in ledger.findings]
    reason = findings[0].reason if findings else None
    return LedgerView(
        channel=channel,
        account=account,
        since=ledger.since,
        received=ledger.received,
        published=ledger.published,
        rejected=before.rejected,
        failed=before.failed,
        consumed=after.consumed,
        new=after.new,
        duplicates=after.duplicates,
        refetched=after.refetched,
        dead_lettered=after.dead_lettered,
        on_its_way=ledger.on_its_way,
        uncounted=ledger.uncounted,
        lost=ledger.lost,
        balances=ledger.balances,
        detail=" ".join(one.detail for one in findings),
        reason=reason.code if reason else None,
        params=reason.params if reason else {},
        without_content=before.without_content,
        advice=in_language(before.advice, reader).detail if before.advice else "",
    )


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
    after = await _consumed(store, accounts)
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
    ends = [await bus.end_offsets(INBOUND_TOPICS, partition) for partition in range(bus.partitions)]
    keys = [row_key(WRITER, partition) for partition in range(bus.partitions)]
    rows = await store.get_many(keys)
    offsets = [ROWS.decode(rows[key]).offsets if key in rows else {} for key in keys]
    return all(read.get(topic, 0) >= end for read, log in zip(offsets, ends, strict=True) for topic, end in log.items())


async def _consumed(store: Store, workspaces: Iterable[str]) -> dict[str, list[ConsumedSum]]:
    """The sums that the partitions have consumed, by the id of their account."""
    sums: dict[str, list[ConsumedSum]] = {}
    for workspace in workspaces:
        query = Query(CONSUMED_COUNTS.name, "account", {"workspace": workspace})
        async for _, document in all_documents(store, query):
            counts = CONSUMED_COUNTS.decode(document)
            consumed = ConsumedSum(
                since=counts.since,
                consumed=counts.consumed,
                new=counts.new,
                duplicates=counts.duplicates,
                refetched=counts.refetched,
                dead_lettered=counts.dead_lettered,
            )
            sums.setdefault(account_id(counts.workspace, counts.channel, counts.account), []).append(consumed)
    return sums


def _received(calls: AccountCalls) -> ReceivedSum:
    counts = calls.counts
    return ReceivedSum(
        since=calls.counted_since,
        received=counts.received,
        published=counts.published,
        rejected=counts.rejected,
        failed=counts.failed,
        without_content=counts.missing.count if counts.missing else 0,
        advice=counts.missing.finding() if counts.missing else None,
    )
