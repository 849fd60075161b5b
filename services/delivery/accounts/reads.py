"""The documents that handlers of the group `accounts` read, step by step."""

from collections.abc import Iterable, Iterator

from schemas.accounts import AccountChanged
from schemas.values import Json, instant_text
from services.delivery.accounts.context import PAGE_SIZE, CheckContext, NamedAccount, connected_accounts, sends_query
from services.platform.processing.inputs import EffectCompleted, ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, FORGED_WITHIN
from services.records.configuration import CONFIGURATION_HEADS, configuration_in_force, numbered_configuration
from services.records.sends import ACCOUNT_SENDS

PROBE_BATCH_SIZE = 20
EVERY_HEAD = Query(CONFIGURATION_HEADS.name, "workspace", limit=PAGE_SIZE)


def named_by(received: ReceivedEvent) -> NamedAccount:
    """The account that an event is about."""
    changed = received.event.payload_as(AccountChanged)
    return NamedAccount(changed.workspace, changed.channel, changed.account)


def written(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of an account that was written."""
    named = named_by(received)
    yield Documents(CONFIGURATION_HEADS, [named.workspace])
    yield Documents(ACCOUNT_CHECKS, [named.id])


def configuration(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of an account that was written: whether it is still there."""
    yield from numbered_configuration(context.work, named_by(received).workspace)


def health(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """All that says how an account is, of one that an event is about."""
    yield from _health(named_by(received))


def health_of_probed(context: CheckContext, completed: EffectCompleted) -> Iterator[Read]:
    """The same of an account whose platform was asked."""
    yield from _health(completed.request)


def _health(named: NamedAccount) -> Iterator[Read]:
    yield Documents(ACCOUNT_CHECKS, [named.id])
    yield Documents(ACCOUNT_CALLS, [named.id])
    yield ByIndex(ACCOUNT_SENDS, sends_query(named))


# -- when a process starts -----------------------------------------------------------------------------------------------


def every_head(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step: every workspace."""
    yield ByIndex(CONFIGURATION_HEADS, EVERY_HEAD, every_page=True)


def workspaces_here(context: CheckContext) -> list[str]:
    """The workspaces whose accounts this partition looks after."""
    return [w for w in context.work.found(CONFIGURATION_HEADS, EVERY_HEAD) if context.is_here(w)]


def every_configuration(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step: the configurations of the workspaces here."""
    for workspace in workspaces_here(context):
        yield from numbered_configuration(context.work, workspace)


def every_check(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step: what is known of their accounts."""
    yield Documents(ACCOUNT_CHECKS, [named.id for named in every_account(context)])


def every_account(context: CheckContext) -> Iterator[NamedAccount]:
    """The accounts of the workspaces here."""
    for workspace in workspaces_here(context):
        found = configuration_in_force(context.work, workspace)
        if found is not None:
            yield from connected_accounts(found)


# -- from time to time -----------------------------------------------------------------------------------------------------


def signs_of_trouble(context: CheckContext, timer: TimerFired) -> Iterator[Read]:
    """The first step: accounts that are due, and those of which something is known that is not well."""
    yield ByIndex(ACCOUNT_CHECKS, due(context.work))
    yield from _trouble(context.work)


def _trouble(work: UnitOfWork) -> Iterable[ByIndex]:
    recently = instant_text(work.now - FORGED_WITHIN)
    unwell: dict[str, Json] = {"partition": work.place.partition, "is_well": False}
    return (
        ByIndex(ACCOUNT_SENDS, Query(ACCOUNT_SENDS.name, "held", {"held_for": "credentials"}, limit=PAGE_SIZE)),
        ByIndex(ACCOUNT_SENDS, Query(ACCOUNT_SENDS.name, "held", {"held_for": "limit"}, limit=PAGE_SIZE)),
        ByIndex(ACCOUNT_CALLS, Query(ACCOUNT_CALLS.name, "forged", at_least=recently, limit=PAGE_SIZE)),
        ByIndex(ACCOUNT_CALLS, Query(ACCOUNT_CALLS.name, "failing", {"is_failing": True}, limit=PAGE_SIZE)),
        ByIndex(ACCOUNT_CHECKS, Query(ACCOUNT_CHECKS.name, "well", unwell, limit=PAGE_SIZE)),
    )


def in_trouble(context: CheckContext) -> dict[str, NamedAccount]:
    """The accounts of this partition of which something is known that is not well, or was told last, by id."""
    work = context.work
    records = [record for read in _trouble(work) for record in work.found(read.collection, read.query).values()]
    named = [NamedAccount(record.workspace, record.channel, record.account) for record in records]
    return {one.id: one for one in named if context.is_here(one.workspace)}


def health_of_troubled(context: CheckContext, timer: TimerFired) -> Iterator[Read]:
    """The second step: all that says how those accounts are."""
    for named in in_trouble(context).values():
        yield from _health(named)


def due(work: UnitOfWork) -> Query:
    """The accounts of this partition whose platform is to be asked."""
    equals: dict[str, Json] = {"partition": work.place.partition}
    return Query(ACCOUNT_CHECKS.name, "due", equals, below=instant_text(work.now), limit=PROBE_BATCH_SIZE)
