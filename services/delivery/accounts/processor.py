"""The processor `accounts`: asks each platform from time to time how our account is, and tells when its health changes.

A workspace's accounts are looked at by the owner of its partition alone. A look costs by the accounts that are not
well or are due, not by all that there are.
"""

from dataclasses import replace
from datetime import timedelta

from schemas.accounts import AccountFact
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
"""How often a platform is asked about an account that is well, and about one that is not."""
CHECK_ACCOUNTS = "pasokh.control.check_accounts"
ACCOUNT_CHANGED, ACCOUNT_SENDING_CHANGED = "pasokh.control.account_changed", "pasokh.control.account_sending_changed"


async def _probe(dependencies: AccountsDependencies, effect: Effect) -> ProbeResult:
    """Ask a platform about an account."""
    named: NamedAccount = effect.request
    return await probe_account(
        named.workspace, named.channel, named.account, dependencies.outside, dependencies.public_url
    )


def _on_account_changed(context: CheckContext, received: ReceivedEvent) -> None:
    """A new account is asked about at once; of one that is removed nothing is kept."""
    named = reads.named_by(received)
    configuration = configuration_in_force(context.work, named.workspace)
    if configuration is None or f"{named.channel}/{named.account}" not in configuration.accounts:
        context.work.delete(ACCOUNT_CHECKS, named.id)
        return
    known = context.check(named.id) or _new(context, named)
    _schedule_probe(context, named, known)
    context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def _on_sending_changed(context: CheckContext, received: ReceivedEvent) -> None:
    named = reads.named_by(received)
    known = context.check(named.id)
    if known is not None:
        _decide_health(context, named.id, known)


def _on_start(context: CheckContext, received: ReceivedEvent) -> None:
    """A process started: every account of this partition is known from now on."""
    for named in reads.every_account(context):
        if context.check(named.id) is None:
            context.work.put(ACCOUNT_CHECKS, named.id, _new(context, named))
    context.work.set_timer(CHECK_TIMER, context.now)


def _on_check_timer(context: CheckContext, timer: TimerFired) -> None:
    troubled = reads.in_trouble(context)
    for identity in dict.fromkeys((*context.work.found(ACCOUNT_CHECKS, reads.due(context.work)), *troubled)):
        known = context.check(identity)
        if known is None:
            continue
        if known.next_at <= context.now:
            _schedule_probe(context, NamedAccount(known.workspace, known.channel, known.account), known)
        if identity in troubled:
            _decide_health(context, identity, context.check(identity) or known)
    context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def _on_answer(context: CheckContext, completed: EffectCompleted) -> None:
    named: NamedAccount = completed.request
    answer: ProbeResult = completed.result
    known = context.check(named.id)
    if known is None:
        return
    if answer.found == "gone":
        context.work.delete(ACCOUNT_CHECKS, named.id)
        return
    if answer.found != "unknown":
        known = replace(known, probe_state=answer.found, probe_detail=answer.detail, checked_at=context.now)
        context.work.put(ACCOUNT_CHECKS, named.id, known)
    _decide_health(context, named.id, known)


# -- steps -------------------------------------------------------------------------------------------------------------


def _new(context: CheckContext, named: NamedAccount) -> AccountCheck:
    return AccountCheck(
        workspace=named.workspace,
        channel=named.channel,
        account=named.account,
        partition=context.work.place.partition,
        next_at=context.now,
    )


def _schedule_probe(context: CheckContext, named: NamedAccount, check: AccountCheck) -> None:
    """Ask the platform after this commit; when nothing comes of it, the next look asks again."""
    every = PROBE_INTERVAL if check.is_well else FAILING_PROBE_INTERVAL
    context.work.put(ACCOUNT_CHECKS, named.id, replace(check, next_at=context.now + every))
    context.work.schedule_effect(f"ask/{named.id}", named)


def _decide_health(context: CheckContext, identity: str, check: AccountCheck) -> None:
    """Put together what is known of an account, and tell when it is in another state."""
    calls = context.work.get(ACCOUNT_CALLS, identity)
    health = account_health(calls, context.sends(check), check, context.now)
    if (health.state, health.detail) == (check.state, check.detail):
        return
    is_well = health.state == "ok"
    changed = replace(check, state=health.state, detail=health.detail, is_well=is_well)
    if health.state != check.state:
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
    effects={"ask/": EffectHandler(_probe, Handler(_on_answer, (reads.health_of_probed,)))},
    collections=(ACCOUNT_CHECKS,),
)
