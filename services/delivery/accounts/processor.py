"""The stage `accounts`: asks each platform from time to time how our account is, and tells when its health changes.

A workspace's accounts are looked at by the owner of its partition alone. A look costs by the accounts that are not
well or are due, not by all that there are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.accounts import AccountChanged, AccountFact
from schemas.configuration import WorkspaceConfiguration
from schemas.values import Contract, Json, instant_text
from services.delivery.accounts.probe import ProbeResult, probe_account
from services.delivery.attempt import SendDependencies
from services.platform.bus.port import partition_of
from services.platform.processing.processor import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import Effect, Reader, UnitOfWork
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Query
from services.records.accounts import (
    ACCOUNT_CALLS,
    ACCOUNT_CHECKS,
    FORGED_WITHIN,
    WRITER,
    AccountCheck,
    account_id,
    health_of,
)
from services.records.configuration import CONFIGURATION_HEADS, Configurations
from services.records.sends import ACCOUNT_SENDS, AccountSends

CHECK_TIMER = "look"
CHECK_INTERVAL = timedelta(seconds=10)
ASK_EVERY, ASK_AGAIN_EVERY = timedelta(seconds=60), timedelta(seconds=20)
"""How often a platform is asked about an account that is well, and about one that is not."""
ASKED_AT_ONCE, PAGE = 20, 200
LOOK_AT_ACCOUNTS = "pasokh.control.check_accounts"


class Named(Contract):
    """What effects carry: the account, and with the result what its platform says."""

    workspace: str
    channel: str
    account: str
    asked: ProbeResult | None = None

    @property
    def id(self) -> str:
        return account_id(self.workspace, self.channel, self.account)


@dataclass(slots=True)
class AccountsMemory:
    """What a batch read besides documents: configurations, and sends by account."""

    configurations: dict[str, WorkspaceConfiguration] = field(default_factory=dict)
    sends: dict[str, list[AccountSends]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountsStage:
    """Reads `accounts`, tells `pasokh.account.health_changed` there. `public_url`: where platforms reach us."""

    outside: SendDependencies
    public_url: str | None = None
    read: Configurations = field(default_factory=Configurations)
    group: str = WRITER
    topics: tuple[str, ...] = ("accounts",)

    def new_memory(self) -> AccountsMemory:
        return AccountsMemory()

    async def load(self, work: UnitOfWork, memory: AccountsMemory, inputs: Sequence[Input]) -> None:
        named = {one.id: one for one in map(_named, inputs) if one is not None}
        workspaces = {one.workspace for one in named.values()}
        if any(isinstance(one, ReceivedEvent) and one.event.type == LOOK_AT_ACCOUNTS for one in inputs):
            workspaces |= await _all_workspaces(work)
        memory.configurations = await self.read.current(work.reader, workspaces) if workspaces else {}
        accounts = [one for c in memory.configurations.values() for one in _accounts_of(c)]
        if any(isinstance(one, TimerFired) for one in inputs):
            named |= await _not_well(work)
            await _load_due(work)
        known = {*named, *(one.id for one in accounts)}
        await work.preload([(ACCOUNT_CHECKS, known)])
        watched = {*named, *work.cached(ACCOUNT_CHECKS)}
        await work.preload([(ACCOUNT_CALLS, watched)])
        memory.sends = {identity: await _sends(work.reader, one) for identity, one in named.items()}

    def decide(self, work: UnitOfWork, memory: AccountsMemory, received: Input) -> None:
        desk = _CheckContext(work, memory)
        match received:
            case ReceivedEvent() if received.event.type in _ON_EVENT:
                _ON_EVENT[received.event.type](desk, received)
            case TimerFired():
                _on_check_timer(desk, received)
            case EffectCompleted():
                _on_answer(desk, received)

    async def perform(self, effect: Effect) -> dict[str, Json]:
        """Ask a platform about an account."""
        named = Named.model_validate(effect.data)
        asked = await probe_account(named.workspace, named.channel, named.account, self.outside, self.public_url)
        return named.model_copy(update={"asked": asked}).model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class _CheckContext:
    """What deciding about one input needs."""

    work: UnitOfWork
    memory: AccountsMemory

    @property
    def now(self) -> datetime:
        return self.work.now

    def check(self, identity: str) -> AccountCheck | None:
        return self.work.get(ACCOUNT_CHECKS, identity)


# -- loading -----------------------------------------------------------------------------------------------------------


def _named(received: Input) -> Named | None:
    """The account that an input is about."""
    if isinstance(received, EffectCompleted):
        return Named.model_validate(received.data)
    if isinstance(received, ReceivedEvent) and received.event.type in (ACCOUNT_WRITTEN, ACCOUNT_HELD):
        return Named(**received.event.payload_as(AccountChanged).model_dump())
    return None


def _accounts_of(configuration: WorkspaceConfiguration) -> list[Named]:
    pairs = [name.split("/", 1) for name in configuration.accounts]
    return [Named(workspace=configuration.workspace, channel=channel, account=account) for channel, account in pairs]


async def _all_workspaces(work: UnitOfWork) -> set[str]:
    """The workspaces whose accounts are looked at here."""
    heads = all_documents(work.reader, Query(CONFIGURATION_HEADS.name, "workspace"))
    return {str(head["workspace"]) async for _, head in heads if _is_here(work, str(head["workspace"]))}


def _is_here(work: UnitOfWork, workspace: str) -> bool:
    return partition_of(workspace, work.place.partitions) == work.place.partition


async def _not_well(work: UnitOfWork) -> dict[str, Named]:
    """The accounts of this place of which something is known that is not well, or was told last."""
    recently = instant_text(work.now - FORGED_WITHIN)
    partition = work.place.partition
    queries = (
        Query(ACCOUNT_SENDS.name, "held", {"held_for": "credentials"}, limit=PAGE),
        Query(ACCOUNT_SENDS.name, "held", {"held_for": "limit"}, limit=PAGE),
        Query(ACCOUNT_CALLS.name, "forged", at_least=recently, limit=PAGE),
        Query(ACCOUNT_CALLS.name, "failing", {"is_failing": True}, limit=PAGE),
        Query(ACCOUNT_CHECKS.name, "well", {"partition": partition, "is_well": False}, limit=PAGE),
    )
    found = [document for query in queries for _, document in (await work.reader.query(query)).items]
    named = [Named.model_validate(document) for document in found]
    return {one.id: one for one in named if _is_here(work, one.workspace)}


async def _load_due(work: UnitOfWork) -> None:
    equals: dict[str, Json] = {"partition": work.place.partition}
    query = Query(ACCOUNT_CHECKS.name, "due", equals, below=instant_text(work.now), limit=ASKED_AT_ONCE)
    await work.query(ACCOUNT_CHECKS, query)


async def _sends(reader: Reader, one: Named) -> list[AccountSends]:
    equals: dict[str, Json] = {"workspace": one.workspace, "channel": one.channel, "account": one.account}
    page = await reader.query(Query(ACCOUNT_SENDS.name, "workspace", equals, limit=PAGE))
    return [AccountSends.model_validate(document) for _, document in page.items]


# -- inputs ------------------------------------------------------------------------------------------------------------


def _on_written(context: _CheckContext, event: ReceivedEvent) -> None:
    """A new account is asked about at once, one that is removed is forgotten."""
    named = Named(**event.event.payload_as(AccountChanged).model_dump())
    configuration = context.memory.configurations.get(named.workspace)
    if configuration is None or f"{named.channel}/{named.account}" not in configuration.accounts:
        context.work.delete(ACCOUNT_CHECKS, named.id)
        return
    known = context.check(named.id) or _new(context, named)
    _schedule_probe(context, named, known)
    context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def _on_held(context: _CheckContext, event: ReceivedEvent) -> None:
    named = Named(**event.event.payload_as(AccountChanged).model_dump())
    known = context.check(named.id)
    if known is not None:
        _decide_health(context, named.id, known)


def _on_start(context: _CheckContext, event: ReceivedEvent) -> None:
    """A process started: every account of this place is known from now on."""
    for configuration in context.memory.configurations.values():
        for named in _accounts_of(configuration):
            if _is_here(context.work, named.workspace) and context.check(named.id) is None:
                context.work.put(ACCOUNT_CHECKS, named.id, _new(context, named))
    context.work.set_timer(CHECK_TIMER, context.now)


def _on_check_timer(context: _CheckContext, timer: TimerFired) -> None:
    for identity, known in context.work.cached(ACCOUNT_CHECKS).items():
        if known.next_at <= context.now:
            _schedule_probe(
                context, Named(workspace=known.workspace, channel=known.channel, account=known.account), known
            )
        if identity in context.memory.sends:
            _decide_health(context, identity, context.check(identity) or known)
    context.work.set_timer(CHECK_TIMER, context.now + CHECK_INTERVAL)


def _on_answer(context: _CheckContext, effect: EffectCompleted) -> None:
    named = Named.model_validate(effect.data)
    known, asked = context.check(named.id), named.asked
    if known is None or asked is None:
        return
    if asked.found == "gone":
        context.work.delete(ACCOUNT_CHECKS, named.id)
        return
    if asked.found != "unknown":
        changed = {"found": asked.found, "found_detail": asked.detail, "checked_at": context.now}
        known = known.model_copy(update=changed)
        context.work.put(ACCOUNT_CHECKS, named.id, known)
    _decide_health(context, named.id, known)


ACCOUNT_WRITTEN, ACCOUNT_HELD = "pasokh.control.account_changed", "pasokh.control.account_sending_changed"
_ON_EVENT: Mapping[str, Callable[[_CheckContext, ReceivedEvent], None]] = {
    ACCOUNT_WRITTEN: _on_written,
    ACCOUNT_HELD: _on_held,
    LOOK_AT_ACCOUNTS: _on_start,
}


# -- steps -------------------------------------------------------------------------------------------------------------


def _new(context: _CheckContext, named: Named) -> AccountCheck:
    return AccountCheck(
        workspace=named.workspace,
        channel=named.channel,
        account=named.account,
        partition=context.work.place.partition,
        next_at=context.now,
    )


def _schedule_probe(context: _CheckContext, named: Named, check: AccountCheck) -> None:
    """Ask the platform after this commit; when nothing comes of it, the next look asks again."""
    every = ASK_EVERY if check.is_well else ASK_AGAIN_EVERY
    context.work.put(ACCOUNT_CHECKS, named.id, check.model_copy(update={"next_at": context.now + every}))
    context.work.schedule_effect(f"ask/{named.id}", named.model_dump(mode="json", exclude={"asked"}))


def _decide_health(context: _CheckContext, identity: str, check: AccountCheck) -> None:
    """Put together what is known of an account, and tell when it is in another state."""
    calls = context.work.get(ACCOUNT_CALLS, identity)
    health = health_of(calls, context.memory.sends.get(identity, []), check, context.now)
    if (health.state, health.detail) == (check.state, check.detail):
        return
    is_well = health.state == "ok"
    changed: dict[str, object] = {"state": health.state, "detail": health.detail, "is_well": is_well}
    if health.state != check.state:
        changed["since"] = context.now
        soon = context.now + (ASK_EVERY if is_well else ASK_AGAIN_EVERY)
        changed["next_at"] = min(check.next_at, soon)
        _emit_health_changed(context, check, check.model_copy(update=changed))
    context.work.put(ACCOUNT_CHECKS, identity, check.model_copy(update=changed))


def _emit_health_changed(context: _CheckContext, before: AccountCheck, after: AccountCheck) -> None:
    fact = AccountFact(
        channel=after.channel,
        account=after.account,
        state=after.state,
        previous_state=before.state,
        detail=after.detail,
        at=context.now,
    )
    context.work.emit("pasokh.account.health_changed", after.workspace, fact)
