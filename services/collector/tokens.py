"""Tokens that expire: the timer of each account's refresh, and what its result changes."""

from dataclasses import replace
from datetime import datetime

from services.channels.port import Account
from services.collector.context import CollectorContext, NamedAccount, named_by_timer
from services.collector.domain.schedule import (
    FIRST_REFRESH_RETRY,
    MAX_REFRESH_RETRY,
    pause_after,
    refresh_due,
)
from services.collector.health import decide_health
from services.collector.refreshing import RefreshOutcome, RefreshRequest
from services.domain.account_phrases import AccountFinding, finding
from services.platform.processing.inputs import EffectCompleted, TimerFired
from services.records.accounts import ACCOUNT_CHECKS, AccountCheck
from services.records.tokens import ACCOUNT_TOKENS, AccountTokens, credentials_digest


def timer_name(named: NamedAccount) -> str:
    """The timer by which an account's tokens are refreshed."""
    return f"refresh/{named.id}"


def keep_refreshing(context: CollectorContext, named: NamedAccount) -> None:
    """Give an account of a channel that refreshes tokens its timer. Other credentials begin anew: their tokens are other ones."""
    channel, connected = context.dependencies.refreshing(named.channel), context.connected(named)
    stored = context.work.get(ACCOUNT_TOKENS, named.id)
    if channel is None or connected is None:
        if stored is not None:
            context.work.cancel_timer(timer_name(named))
            context.work.delete(ACCOUNT_TOKENS, named.id)
        return
    digest = credentials_digest(connected.body)
    if stored is None or stored.credentials != digest:
        account = Account(named.workspace, named.channel, named.account, connected.body)
        attempt = stored.attempt if stored else 0
        stored = _first(context, named, channel.expires_at(account, context.now), digest, attempt)
        context.work.put(ACCOUNT_TOKENS, named.id, stored)
        # What was wrong with the tokens of before is over; the next check decides how healthy the account is then.
        _note(context, named, None, stored.expires_at)
    if stored.refresh_at is None:
        context.work.cancel_timer(timer_name(named))
    else:
        context.work.set_timer(timer_name(named), max(stored.refresh_at, context.now), named.data())


def _first(
    context: CollectorContext, named: NamedAccount, expires_at: datetime | None, digest: str, attempt: int
) -> AccountTokens:
    return AccountTokens(
        workspace=named.workspace,
        channel=named.channel,
        account=named.account,
        credentials=digest,
        expires_at=expires_at,
        refresh_at=refresh_due(named.id, context.now, expires_at),
        attempt=attempt,
    )


def on_refresh_timer(context: CollectorContext, timer: TimerFired) -> None:
    """A refresh is due. Its timer begins another one, should this one be lost with its process."""
    named = named_by_timer(timer)
    stored = context.work.get(ACCOUNT_TOKENS, named.id)
    if stored is None:
        return
    attempt, again = stored.attempt + 1, context.now + 2 * FIRST_REFRESH_RETRY
    context.work.put(ACCOUNT_TOKENS, named.id, replace(stored, attempt=attempt, refresh_at=again))
    context.work.set_timer(timer_name(named), again, named.data())
    request = RefreshRequest(named=named, attempt=attempt, credentials=stored.credentials)
    context.work.schedule_effect(timer_name(named), request)


def on_refresh_result(context: CollectorContext, completed: EffectCompleted) -> None:
    """A refresh ended: new tokens are stored, a refusal becomes the account's state."""
    request: RefreshRequest = completed.request
    outcome: RefreshOutcome = completed.result
    named = request.named
    stored = context.work.get(ACCOUNT_TOKENS, named.id)
    if stored is None or stored.credentials != request.credentials:
        return
    if outcome.kind == "refreshed":
        # Also the result of an earlier attempt: the platform may have made the tokens before it void.
        _store(context, named, stored, outcome)
    elif outcome.kind != "stopped" and stored.attempt == request.attempt:
        _retry(context, named, stored, outcome)


def _store(context: CollectorContext, named: NamedAccount, stored: AccountTokens, outcome: RefreshOutcome) -> None:
    due = refresh_due(named.id, context.now, outcome.expires_at)
    # Tokens that this refresh did not renew stay: a platform may renew its refresh token only now and then.
    tokens = {**stored.tokens, **outcome.tokens}
    after = replace(stored, tokens=tokens, expires_at=outcome.expires_at, refresh_at=due, failures=0)
    context.work.put(ACCOUNT_TOKENS, named.id, after)
    if due is None:
        context.work.cancel_timer(timer_name(named))
    else:
        context.work.set_timer(timer_name(named), due, named.data())
    _decide(context, named, _note(context, named, None, outcome.expires_at))


def _retry(context: CollectorContext, named: NamedAccount, stored: AccountTokens, outcome: RefreshOutcome) -> None:
    failures = stored.failures + 1
    # What only a person can mend is tried again, too, but seldom: platforms refuse for a moment what they accept later.
    steps = MAX_REFRESH_RETRY if outcome.kind == "refused" else FIRST_REFRESH_RETRY
    due = context.now + pause_after(failures, steps, MAX_REFRESH_RETRY, outcome.after)
    context.work.put(ACCOUNT_TOKENS, named.id, replace(stored, failures=failures, refresh_at=due))
    context.work.set_timer(timer_name(named), due, named.data())
    _decide(context, named, _note(context, named, _found(context, stored, outcome), stored.expires_at))


def _found(context: CollectorContext, stored: AccountTokens, outcome: RefreshOutcome) -> AccountFinding | None:
    """What is wrong; None while the present token is valid and the platform has not refused a new one."""
    if outcome.kind == "refused":
        return finding("token_not_renewed", said=outcome.detail)
    if stored.expires_at is None or stored.expires_at > context.now:
        return None
    return finding("token_expired", at=stored.expires_at, said=outcome.detail)


def _note(
    context: CollectorContext, named: NamedAccount, found: AccountFinding | None, expires_at: datetime | None
) -> AccountCheck | None:
    """The check with what is known of the tokens now; None for an account without a check."""
    check = context.check(named.id)
    error, reason = (found.detail, found.reason) if found else (None, None)
    if check is None or (check.token_error, check.token_expires_at) == (error, expires_at):
        return check
    check = replace(check, token_error=error, token_reason=reason, token_expires_at=expires_at)
    context.work.put(ACCOUNT_CHECKS, named.id, check)
    return check


def _decide(context: CollectorContext, named: NamedAccount, check: AccountCheck | None) -> None:
    if check is not None:
        decide_health(context, named.id, check)
