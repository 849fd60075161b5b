"""The documents that handlers of the processor `accounts` read, step by step."""

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
    """The first step of an account that changed: the head of the configuration, and the account's check."""
    named = named_by(received)
    yield Documents(CONFIGURATION_HEADS, [named.workspace])
    yield Documents(ACCOUNT_CHECKS, [named.id])


def configuration(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of an account that changed: the configuration, which says whether the account still exists."""
    yield from numbered_configuration(context.work, named_by(received).workspace)


def health(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """What decides the health of the account that an event is about."""
    yield from _health(named_by(received))


def health_of_probed(context: CheckContext, completed: EffectCompleted) -> Iterator[Read]:
    """What decides the health of an account that was probed."""
    yield from _health(completed.request)


def _health(named: NamedAccount) -> Iterator[Read]:
    yield Documents(ACCOUNT_CHECKS, [named.id])
    yield Documents(ACCOUNT_CALLS, [named.id])
    yield ByIndex(ACCOUNT_SENDS, sends_query(named))


# -- when a process starts -----------------------------------------------------------------------------------------------


def every_head(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of a start: the heads of all workspaces."""
    yield ByIndex(CONFIGURATION_HEADS, EVERY_HEAD, every_page=True)


def workspaces_here(context: CheckContext) -> list[str]:
    """The workspaces whose accounts this partition checks."""
    heads = context.work.found(CONFIGURATION_HEADS, EVERY_HEAD)
    return [workspace for workspace in heads if context.is_here(workspace)]


def every_configuration(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of a start: the configurations of this partition's workspaces."""
    for workspace in workspaces_here(context):
        yield from numbered_configuration(context.work, workspace)


def every_check(context: CheckContext, received: ReceivedEvent) -> Iterator[Read]:
    """The third step of a start: the checks of their accounts."""
    yield Documents(ACCOUNT_CHECKS, [named.id for named in every_account(context)])


def every_account(context: CheckContext) -> Iterator[NamedAccount]:
    """The accounts of this partition's workspaces."""
    for workspace in workspaces_here(context):
        configuration = configuration_in_force(context.work, workspace)
        if configuration is not None:
            yield from connected_accounts(configuration)


# -- now and then --------------------------------------------------------------------------------------------------------


def signs_of_trouble(context: CheckContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of a check: the accounts that are due for a probe, and those with a sign of trouble."""
    yield ByIndex(ACCOUNT_CHECKS, due(context.work))
    yield from _trouble(context.work)


def _trouble(work: UnitOfWork) -> Iterable[ByIndex]:
    # The indexes of the sender and of ingest are not by partition, so these find accounts of other partitions too;
    # `in_trouble` leaves those out. Accounts that were not well at the last check are read to see when they are well
    # again.
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
    """The accounts of this partition that have a sign of trouble, or were not well at the last check, by id."""
    work = context.work
    records = [record for read in _trouble(work) for record in work.found(read.collection, read.query).values()]
    accounts = [NamedAccount(record.workspace, record.channel, record.account) for record in records]
    return {named.id: named for named in accounts if context.is_here(named.workspace)}


def health_of_troubled(context: CheckContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of a check: what decides the health of the accounts with a sign of trouble."""
    for named in in_trouble(context).values():
        yield from _health(named)


def due(work: UnitOfWork) -> Query:
    """The query for the accounts of this partition that are due for a probe, a page of them."""
    equals: dict[str, Json] = {"partition": work.place.partition}
    return Query(ACCOUNT_CHECKS.name, "due", equals, below=instant_text(work.now), limit=PROBE_BATCH_SIZE)
