"""The health of connected accounts: their webhooks, what the collector finds, and the state that follows from both.

`account_sends` has their sends, per partition of the sender. `account_health` puts all of it together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Literal

from schemas.accounts import AccountHealth, AccountState
from schemas.values import OMITTED_IF_EMPTY, Instant
from services.domain import account_phrases, failure_phrases
from services.domain.account_phrases import WELL, AccountFinding, FindingReason, finding
from services.domain.account_sends import AccountSends
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Collection, Index, Key, Query
from services.records.ledgers import ReceivedCounts
from services.records.sends import ACCOUNT_SENDS
from services.text.sentences import SentenceReader

WRITER = "collector"
INCOMPLETE_WITHIN = timedelta(days=1)
"""How long after something without content the state `incomplete` ends."""
FORGED_WITHIN = timedelta(minutes=10)
"""Forged calls less than this apart are one series; its end is also the end of the state `forged`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCalls:
    """The calls to an account's webhook; its id is `workspace/channel:account`. Ingest alone writes it.

    `forged`: calls without the account's secret since `forged_since`, not further apart than `FORGED_WITHIN`.
    `counts` are of all that came in since `counted_since`: the first sum of the account's ledger.
    `revision` rises with each write and keeps two processes from losing each other's counts.
    """

    workspace: str
    channel: str
    account: str
    last_webhook_at: Instant | None = None
    last_forged_at: Instant | None = None
    forged_since: Instant | None = None
    forged: int = 0
    counts: ReceivedCounts = field(default_factory=ReceivedCounts)
    counted_since: Instant | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCheck:
    """What the collector knows of an account, and the state of the last `health_changed` fact.

    `probe_state` and `probe_detail` are the platform's answer; `state`, `detail` and `since` are the published state.
    `poll_error` says why its events cannot be fetched now, `token_error` why its tokens cannot be renewed; these are English,
    and `probe_reason`, `poll_reason` and `token_reason` word them anew; versions before 0.3 wrote none.
    `silent_since` when it was last heard of, if it should have been since. `partition` is the one that looks after the
    account, `next_at` the time of the next probe.
    """

    workspace: str
    channel: str
    account: str
    state: AccountState = "ok"
    detail: str = ""
    since: Instant | None = None
    probe_state: Literal["ok", "credentials", "webhook"] = "ok"
    probe_detail: str = ""
    probe_reason: Annotated[FindingReason | None, OMITTED_IF_EMPTY] = None
    checked_at: Instant | None = None
    poll_error: str | None = None
    poll_reason: Annotated[FindingReason | None, OMITTED_IF_EMPTY] = None
    token_error: str | None = None
    token_reason: Annotated[FindingReason | None, OMITTED_IF_EMPTY] = None
    token_expires_at: Instant | None = None
    silent_since: Instant | None = None
    partition: int
    next_at: Instant
    is_well: bool = True


ACCOUNT_CALLS = Collection(
    "account_calls",
    AccountCalls,
    writer="ingest",
    indexes=(Index("forged", ("last_forged_at",)),),
)
ACCOUNT_CHECKS = Collection(
    "account_checks",
    AccountCheck,
    writer=WRITER,
    indexes=(Index("due", ("partition", "next_at")), Index("well", ("partition", "is_well"))),
)


def account_id(workspace: str, channel: str, account: str) -> str:
    """The id of an account in `account_calls`, `account_checks` and `polls`."""
    return f"{workspace}/{channel}:{account}"


def named_account_id(workspace: str, name: str) -> str:
    """The same, of an account `channel/account`."""
    channel, account = name.split("/", 1)
    return account_id(workspace, channel, account)


def account_health(
    calls: AccountCalls | None, sends: Sequence[AccountSends], check: AccountCheck | None, now: datetime
) -> AccountHealth:
    """How an account is at `now`, in English; the worst that is known decides. `in_language` words it for somebody else."""
    refused = _latest_refusal(sends, now)
    state, found = _state(calls, sends, check, now)
    missing = calls.counts.missing if calls else None
    return AccountHealth(
        state=state,
        detail=found.detail,
        reason=found.reason.code if found.reason else None,
        params=found.reason.params if found.reason else {},
        last_webhook_at=calls.last_webhook_at if calls else None,
        last_sent_at=_last_sent_at(sends),
        last_refused_at=refused.last_refused_at if refused else None,
        last_refusal=refused.last_refusal if refused else None,
        without_content=missing.count if missing else 0,
        last_without_content_at=missing.last_at if missing else None,
        token_expires_at=check.token_expires_at if check else None,
    )


def _latest_refusal(sends: Sequence[AccountSends], now: datetime) -> AccountSends | None:
    """Those of the partition whose send was refused last; None where none was."""
    return max((one for one in sends if one.last_refused_at), key=lambda one: one.last_refused_at or now, default=None)


def _last_sent_at(sends: Sequence[AccountSends]) -> datetime | None:
    return max((one.last_sent_at for one in sends if one.last_sent_at), default=None)


def in_language(health: AccountHealth, reader: SentenceReader, now: datetime) -> AccountHealth:
    """The health in words for its reader, and the last refusal with its sentence."""
    reason = FindingReason(health.reason, health.params) if health.reason else None
    found = account_phrases.in_language(AccountFinding(health.detail, reason), reader, now)
    refusal = failure_phrases.worded(health.last_refusal, reader.language) if health.last_refusal else None
    return health.model_copy(update={"detail": found.detail, "last_refusal": refusal})


State = tuple[AccountState, AccountFinding]


def _state(
    calls: AccountCalls | None, sends: Sequence[AccountSends], check: AccountCheck | None, now: datetime
) -> State:
    """The state, and what to do about it."""
    # From the worst to the least: who is refused by the platform need not hear of forged calls.
    reasons = (
        _refused(sends),
        _checked(check),
        _not_renewed(check),
        _not_polled(check),
        _incomplete(calls, now),
        _paused(sends, now),
        _forged(calls, now),
        _silent(calls, check, now),
    )
    return next((state for state in reasons if state is not None), ("ok", WELL))


def _refused(sends: Sequence[AccountSends]) -> State | None:
    locked = next((record for record in sends if record.held_for == "credentials"), None)
    if locked is None:
        return None
    said = locked.last_refusal.detail if locked.last_refusal else ""
    return "credentials", finding("replies_held", said=said) if said else finding("locked_out")


def _checked(check: AccountCheck | None) -> State | None:
    if check is None or check.probe_state == "ok":
        return None
    return check.probe_state, AccountFinding(check.probe_detail, check.probe_reason)


def _not_renewed(check: AccountCheck | None) -> State | None:
    if check is None or check.token_error is None:
        return None
    return "credentials", AccountFinding(check.token_error, check.token_reason)


def _not_polled(check: AccountCheck | None) -> State | None:
    if check is None or check.poll_error is None:
        return None
    return "webhook", AccountFinding(check.poll_error, check.poll_reason)


def _paused(sends: Sequence[AccountSends], now: datetime) -> State | None:
    ends = [record.held_until for record in sends if record.held_for == "limit" and record.held_until is not None]
    if not any(end > now for end in ends):
        return None
    return "paused", finding("paused", now, until=max(ends))


def _forged(calls: AccountCalls | None, now: datetime) -> State | None:
    if calls is None or calls.last_forged_at is None or now - calls.last_forged_at >= FORGED_WITHIN:
        return None
    return "forged", finding("forged", now, count=calls.forged, at=calls.last_forged_at)


def _incomplete(calls: AccountCalls | None, now: datetime) -> State | None:
    missing = calls.counts.missing if calls is not None else None
    if missing is None or now - missing.last_at >= INCOMPLETE_WITHIN:
        return None
    return "incomplete", missing.finding(now)


def _silent(calls: AccountCalls | None, check: AccountCheck | None, now: datetime) -> State | None:
    if check is None or check.silent_since is None:
        return None
    # What came in the meantime ends the silence at once, before the next hour is judged.
    if calls is not None and calls.last_webhook_at is not None and calls.last_webhook_at > check.silent_since:
        return None
    return "silent", finding("silent", now, at=check.silent_since)


async def read_health(reader: Reader, workspace: str, names: Iterable[str], now: datetime) -> dict[str, AccountHealth]:
    """How the accounts `channel/account` of a workspace are. Raises Unavailable."""
    wanted = {name: named_account_id(workspace, name) for name in names}
    if not wanted:
        return {}
    keys = [Key(c.name, i) for c in (ACCOUNT_CALLS, ACCOUNT_CHECKS) for i in wanted.values()]
    found = await reader.get_many(keys)
    sends = await read_sends(reader, workspace)
    health = {}
    for name, identity in wanted.items():
        calls, check = found.get(Key(ACCOUNT_CALLS.name, identity)), found.get(Key(ACCOUNT_CHECKS.name, identity))
        health[name] = account_health(
            ACCOUNT_CALLS.decode(calls) if calls else None,
            sends.get(identity, []),
            ACCOUNT_CHECKS.decode(check) if check else None,
            now,
        )
    return health


async def read_sends(reader: Reader, workspace: str) -> dict[str, list[AccountSends]]:
    """What each partition knows of sending as each account of a workspace, by the account's id. Raises Unavailable."""
    found: dict[str, list[AccountSends]] = {}
    async for _, document in all_documents(reader, Query(ACCOUNT_SENDS.name, "workspace", {"workspace": workspace})):
        one = ACCOUNT_SENDS.decode(document)
        found.setdefault(account_id(one.workspace, one.channel, one.account), []).append(one)
    return found
