"""Decides how healthy an account is, and emits a fact when that changes."""

from dataclasses import replace
from datetime import timedelta

from schemas.accounts import AccountFact, AccountHealth, AccountState
from services.collector.context import CollectorContext
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, AccountCheck, account_health

PROBE_INTERVAL, FAILING_PROBE_INTERVAL = timedelta(seconds=60), timedelta(seconds=20)
"""The pause between two probes of an account that is well, and of one that is not; a channel may state a longer one."""
NAMED_FACTS: dict[AccountState, str] = {
    "credentials": "pasokh.account.refused",
    "silent": "pasokh.account.silent",
}
"""State → the fact that an account has come into it; `pasokh.account.recovered` follows when it is well again."""


def probe_interval(context: CollectorContext, channel: str, *, is_well: bool) -> timedelta:
    """The pause until the next probe of an account of this channel."""
    adapter = context.dependencies.channels.get(channel)
    stated = adapter.capabilities.probe_seconds if adapter is not None else None
    if stated is None:
        return PROBE_INTERVAL if is_well else FAILING_PROBE_INTERVAL
    return timedelta(seconds=stated)


def decide_health(context: CollectorContext, identity: str, check: AccountCheck) -> None:
    """Decide an account's health from its calls, its sends and its check; emit facts when its state changes."""
    calls = context.work.get(ACCOUNT_CALLS, identity)
    health = account_health(calls, context.sends(check), check, context.now)
    if (health.state, health.detail) == (check.state, check.detail):
        return
    is_well = health.state == "ok"
    changed = replace(check, state=health.state, detail=health.detail, is_well=is_well)
    if health.state != check.state:
        # An account that just failed is not left until the long interval of a healthy one ends.
        soon = context.now + probe_interval(context, check.channel, is_well=is_well)
        changed = replace(changed, since=context.now, next_at=min(check.next_at, soon))
        _emit_change(context, check, changed, health)
    context.work.put(ACCOUNT_CHECKS, identity, changed)


def _emit_change(context: CollectorContext, before: AccountCheck, after: AccountCheck, health: AccountHealth) -> None:
    fact = AccountFact(
        channel=after.channel,
        account=after.account,
        state=after.state,
        previous_state=before.state,
        detail=health.detail,
        reason=health.reason,
        params=health.params,
        at=context.now,
    )
    context.work.emit("pasokh.account.health_changed", after.workspace, fact)
    if after.state in NAMED_FACTS:
        context.work.emit(NAMED_FACTS[after.state], after.workspace, fact)
    elif after.state == "ok" and before.state in NAMED_FACTS:
        context.work.emit("pasokh.account.recovered", after.workspace, fact)
