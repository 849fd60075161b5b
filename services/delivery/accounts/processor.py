"""The processor `accounts`: probes each account at its platform now and then, and emits a fact when its health changes.

The owner of a workspace's partition alone checks its accounts. A check reads only the accounts that are due for a probe
or have a sign of trouble, however many are connected.
"""

from dataclasses import replace
from datetime import timedelta

from schemas.accounts import ACCOUNT_CHANGED, ACCOUNT_SENDING_CHANGED, CHECK_ACCOUNTS, AccountFact
from services.delivery.accounts import reads
from services.delivery.accounts.context import AccountsDependencies, CheckContext, NamedAccount
from services.delivery.accounts.probe import ProbeResult, probe_account
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.processor import EffectHandler, Handler, Processor, no_memory
from services.platform.processing.unit_of_work import Effect
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, WRITER, AccountCheck, account_health
from services.records.configuration import configuration_in_force

CHECK_TIMER = "check"
CHECK_INTERVAL = timedelta(seconds=10)
PROBE_INTERVAL, FAILING_PROBE_INTERVAL = timedelta(seconds=60), timedelta(seconds=20)
"""The pause between two probes of an account that is well, and of one that is not."""


async def _probe(dependencies: AccountsDependencies, effect: Effect) -> ProbeResult:
    """Probe an account at its platform. Never raises."""
    named: NamedAccount = effect.request
    return await probe_account(
        named.workspace, named.channel, named.account, dependencies.sending, dependencies.public_url
    )


def _on_account_changed(context: CheckContext, received: ReceivedEvent) -> None:
    """Probe an account that was connected or replaced; delete the check of one that was removed."""
    named = reads.named_by(received)
    configuration = configuration_in_force(context.work, named.workspace)
    if configuration is None or f"{named.channel}/{named.account}" not in configuration.accounts:
        context.work.delete(ACCOUNT_CHECKS, named.id)
        return
    _schedule_probe(context, named, context.check(named.id) or _new_check(context, named))
    context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def _on_sending_changed(context: CheckContext, received: ReceivedEvent) -> None:
    """The sender began or ended a hold of an account."""
    named = reads.named_by(received)
    check = context.check(named.id)
    if check is not None:
        _decide_health(context, named.id, check)


def _on_start(context: CheckContext, received: ReceivedEvent) -> None:
    """A process started: make the missing checks, and start the timer."""
    for named in reads.every_account(context):
        if context.check(named.id) is None:
            context.work.put(ACCOUNT_CHECKS, named.id, _new_check(context, named))
    context.work.set_timer(CHECK_TIMER, context.now)


def _on_check_timer(context: CheckContext, timer: TimerFired) -> None:
    """Probe the accounts that are due, and decide the health of those with a sign of trouble."""
    troubled = reads.in_trouble(context)
    for identity in dict.fromkeys((*context.work.found(ACCOUNT_CHECKS, reads.due(context.work)), *troubled)):
        check = context.check(identity)
        if check is None:
            continue
        if check.next_at <= context.now:
            check = _schedule_probe(context, NamedAccount(check.workspace, check.channel, check.account), check)
        if identity in troubled:
            _decide_health(context, identity, check)
    context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def _on_probe_result(context: CheckContext, completed: EffectCompleted) -> None:
    """The result of a probe came."""
    named: NamedAccount = completed.request
    result: ProbeResult = completed.result
    check = context.check(named.id)
    if check is None:
        return
    if result.state == "gone":
        context.work.delete(ACCOUNT_CHECKS, named.id)
        return
    # Without a clear answer the last one stands: a platform that is down says nothing of the account.
    if result.state != "unknown":
        check = replace(check, probe_state=result.state, probe_detail=result.detail, checked_at=context.now)
        context.work.put(ACCOUNT_CHECKS, named.id, check)
    _decide_health(context, named.id, check)


# -- steps -------------------------------------------------------------------------------------------------------------


def _new_check(context: CheckContext, named: NamedAccount) -> AccountCheck:
    return AccountCheck(
        workspace=named.workspace,
        channel=named.channel,
        account=named.account,
        partition=context.work.place.partition,
        next_at=context.now,
    )


def _schedule_probe(context: CheckContext, named: NamedAccount, check: AccountCheck) -> AccountCheck:
    """Probe the account after this commit; returns the check with the time of the next probe."""
    # The next probe is due whether this one has a result or is lost with its process: no timer of its own is needed.
    interval = PROBE_INTERVAL if check.is_well else FAILING_PROBE_INTERVAL
    check = replace(check, next_at=context.now + interval)
    context.work.put(ACCOUNT_CHECKS, named.id, check)
    context.work.schedule_effect(f"probe/{named.id}", named)
    return check


def _decide_health(context: CheckContext, identity: str, check: AccountCheck) -> None:
    """Decide an account's health from its calls, its sends and its last probe; emit a fact when its state changes."""
    calls = context.work.get(ACCOUNT_CALLS, identity)
    health = account_health(calls, context.sends(check), check, context.now)
    if (health.state, health.detail) == (check.state, check.detail):
        return
    is_well = health.state == "ok"
    changed = replace(check, state=health.state, detail=health.detail, is_well=is_well)
    if health.state != check.state:
        # An account that just failed is not left until the long interval of a healthy one ends.
        soon = context.now + (PROBE_INTERVAL if is_well else FAILING_PROBE_INTERVAL)
        changed = replace(changed, since=context.now, next_at=min(check.next_at, soon))
        _emit_health_changed(context, check, changed)
    context.work.put(ACCOUNT_CHECKS, identity, changed)


def _emit_health_changed(context: CheckContext, before: AccountCheck, after: AccountCheck) -> None:
    fact = AccountFact(
        channel=after.channel,
        account=after.account,
        state=after.state,
        previous_state=before.state,
        detail=after.detail,
        at=context.now,
    )
    context.work.emit("pasokh.account.health_changed", after.workspace, fact)


PROCESSOR: Processor[AccountsDependencies, None, CheckContext] = Processor(
    group=WRITER,
    topics=("accounts",),
    context=CheckContext,
    memory=no_memory,
    handlers={
        ACCOUNT_CHANGED: Handler(_on_account_changed, (reads.written, reads.configuration)),
        ACCOUNT_SENDING_CHANGED: Handler(_on_sending_changed, (reads.health,)),
        CHECK_ACCOUNTS: Handler(_on_start, (reads.every_head, reads.every_configuration, reads.every_check)),
    },
    timers={CHECK_TIMER: Handler(_on_check_timer, (reads.signs_of_trouble, reads.health_of_troubled))},
    effects={"probe/": EffectHandler(_probe, Handler(_on_probe_result, (reads.health_of_probed,)))},
    collections=(ACCOUNT_CHECKS,),
)
