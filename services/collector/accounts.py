"""The accounts of a partition: which there are, and the probes that ask their platforms about them now and then."""

from dataclasses import replace
from datetime import timedelta

from schemas.accounts import AccountChanged
from services.collector import polls, reads, silence, tokens
from services.collector.context import CollectorContext, NamedAccount, named_in
from services.collector.health import decide_health, probe_interval
from services.collector.probe import ProbeResult
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.records.accounts import ACCOUNT_CHECKS, AccountCheck
from services.records.silence import ACCOUNT_HISTORIES

CHECK_TIMER, SWEEP_TIMER = "check", "sweep"
CHECK_INTERVAL, SWEEP_INTERVAL = timedelta(seconds=10), timedelta(minutes=5)


def on_account_changed(context: CollectorContext, received: ReceivedEvent) -> None:
    """Look after an account that was connected or replaced; forget one that was removed."""
    named = reads.named_by(received)
    if not context.is_here(named):
        # Before 0.2 the partition was that of the workspace, and such an event stays on the log for a week.
        context.work.emit(
            received.event.type,
            named.workspace,
            received.event.payload_as(AccountChanged),
            topic="accounts",
            partition=context.home(named),
        )
        return
    _look_after(context, named)
    check = context.check(named.id)
    if check is not None:
        _schedule_probe(context, named, check)
        context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def on_sending_changed(context: CollectorContext, received: ReceivedEvent) -> None:
    """The sender began or ended a hold of an account."""
    named = reads.named_by(received)
    check = context.check(named.id)
    if check is not None and context.is_here(named):
        decide_health(context, named.id, check)


def on_start(context: CollectorContext, received: ReceivedEvent) -> None:
    """A process started."""
    _sweep(context)
    context.work.set_timer(CHECK_TIMER, context.now)


def on_sweep_timer(context: CollectorContext, timer: TimerFired) -> None:
    """Now and then: the event of an account that changed is lost when the bus is away in that moment."""
    _sweep(context)


def _sweep(context: CollectorContext) -> None:
    for named in reads.every_account(context):
        _look_after(context, named)
    context.work.set_timer(SWEEP_TIMER, context.now + SWEEP_INTERVAL)


def on_check_timer(context: CollectorContext, timer: TimerFired) -> None:
    """Probe the accounts that are due, and decide the health of those with a sign of trouble."""
    troubled = reads.in_trouble(context)
    for identity in dict.fromkeys((*context.work.found(ACCOUNT_CHECKS, reads.due(context.work)), *troubled)):
        check = context.check(identity)
        # The partition in a check is that of its workspace until the first start of version 0.2.
        if check is None or not context.is_here(named_in(check)):
            continue
        if check.next_at <= context.now:
            check = _schedule_probe(context, named_in(check), check)
        if identity in troubled:
            decide_health(context, identity, check)
    context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def on_probe_result(context: CollectorContext, completed: EffectCompleted) -> None:
    """The result of a probe came."""
    named: NamedAccount = completed.request
    result: ProbeResult = completed.result
    check = context.check(named.id)
    if check is None:
        return
    if result.state == "gone":
        _look_after(context, named)
        return
    # Without a clear answer the last one stands: a platform that is down says nothing of the account.
    if result.state != "unknown":
        check = replace(
            check,
            probe_state=result.state,
            probe_detail=result.found.detail,
            probe_reason=result.found.reason,
            checked_at=context.now,
        )
        context.work.put(ACCOUNT_CHECKS, named.id, check)
    decide_health(context, named.id, check)


# -- steps -------------------------------------------------------------------------------------------------------------


def _look_after(context: CollectorContext, named: NamedAccount) -> None:
    """Give an account its check and its timers; take them from one that is not connected (any more)."""
    check, partition = context.check(named.id), context.work.place.partition
    if context.connected(named) is None:
        context.work.delete(ACCOUNT_CHECKS, named.id)
        context.work.delete(ACCOUNT_HISTORIES, named.id)
        context.work.cancel_timer(silence.timer_name(named))
    elif check is None:
        context.work.put(ACCOUNT_CHECKS, named.id, _new_check(context, named))
    elif check.partition != partition:
        context.work.put(ACCOUNT_CHECKS, named.id, replace(check, partition=partition))
    polls.keep_polling(context, named)
    tokens.keep_refreshing(context, named)
    silence.keep_judging(context, named)


def _new_check(context: CollectorContext, named: NamedAccount) -> AccountCheck:
    return AccountCheck(
        workspace=named.workspace,
        channel=named.channel,
        account=named.account,
        partition=context.work.place.partition,
        next_at=context.now,
    )


def _schedule_probe(context: CollectorContext, named: NamedAccount, check: AccountCheck) -> AccountCheck:
    """Probe the account after this commit; returns the check with the time of the next probe."""
    # The next probe is due whether this one has a result or is lost with its process: no timer of its own is needed.
    interval = probe_interval(context, named.channel, is_well=check.is_well)
    check = replace(check, next_at=context.now + interval)
    context.work.put(ACCOUNT_CHECKS, named.id, check)
    context.work.schedule_effect(f"probe/{named.id}", named)
    return check
