"""The documents that handlers of the collector read, step by step."""

from collections.abc import Iterable, Iterator

from schemas.accounts import AccountChanged
from schemas.values import Json, instant_text
from services.collector.context import (
    PAGE_SIZE,
    CollectorContext,
    NamedAccount,
    connected_accounts,
    named_by_timer,
    sends_query,
)
from services.collector.polling import PollOutcome
from services.platform.processing.inputs import EffectCompleted, Input, ReceivedEvent, TimerFired
from services.platform.processing.reads import ByIndex, Documents, Read
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Query
from services.records.accounts import ACCOUNT_CALLS, ACCOUNT_CHECKS, FORGED_WITHIN
from services.records.configuration import CONFIGURATION_HEADS, configuration_in_force, numbered_configuration
from services.records.polls import POLLS
from services.records.sends import ACCOUNT_SENDS
from services.records.silence import ACCOUNT_HISTORIES
from services.records.tokens import ACCOUNT_TOKENS

PROBE_BATCH_SIZE = 20
EVERY_HEAD = Query(CONFIGURATION_HEADS.name, "workspace", limit=PAGE_SIZE)
RECORDS = (ACCOUNT_CHECKS, POLLS, ACCOUNT_TOKENS, ACCOUNT_HISTORIES)
"""What the collector stores of an account, each under the account's id."""


def named_by(received: ReceivedEvent) -> NamedAccount:
    """The account that an event is about."""
    changed = received.event.payload_as(AccountChanged)
    return NamedAccount(changed.workspace, changed.channel, changed.account)


def _records(*accounts: NamedAccount) -> Iterator[Read]:
    for collection in RECORDS:
        yield Documents(collection, [named.id for named in accounts])


def _health(named: NamedAccount) -> Iterator[Read]:
    yield Documents(ACCOUNT_CHECKS, [named.id])
    yield Documents(ACCOUNT_CALLS, [named.id])
    yield ByIndex(ACCOUNT_SENDS, sends_query(named))


# -- one account -------------------------------------------------------------------------------------------------------


def _account(named: NamedAccount) -> Iterator[Read]:
    """All of an account: what is stored of it, what decides its health, and the head of its configuration."""
    yield Documents(CONFIGURATION_HEADS, [named.workspace])
    yield from _records(named)
    yield from _health(named)


def written(context: CollectorContext, received: ReceivedEvent) -> Iterator[Read]:
    """The first step of an account that changed."""
    yield from _account(named_by(received))


def configuration(context: CollectorContext, received: ReceivedEvent) -> Iterator[Read]:
    """The second step of an account that changed: the configuration, which says whether the account still exists."""
    yield from numbered_configuration(context.work, named_by(received).workspace)


def health(context: CollectorContext, received: ReceivedEvent) -> Iterator[Read]:
    """What decides the health of the account that an event is about."""
    yield from _health(named_by(received))


def probed(context: CollectorContext, completed: EffectCompleted) -> Iterator[Read]:
    """The first step of an account that was probed."""
    yield from _account(completed.request)


def configuration_of_probed(context: CollectorContext, completed: EffectCompleted) -> Iterator[Read]:
    """The second step of an account that was probed: it may be gone."""
    yield from numbered_configuration(context.work, completed.request.workspace)


def poll(context: CollectorContext, received: ReceivedEvent) -> Iterator[Read]:
    """The polling of the account that has something new."""
    yield Documents(POLLS, [named_by(received).id])


def poll_due(context: CollectorContext, timer: TimerFired) -> Iterator[Read]:
    """The polling of an account whose pause is over."""
    yield Documents(POLLS, [named_by_timer(timer).id])


def polled(context: CollectorContext, completed: EffectCompleted) -> Iterator[Read]:
    """The first step of an account that was polled."""
    named: NamedAccount = completed.request.named
    yield Documents(POLLS, [named.id])
    yield Documents(ACCOUNT_CHECKS, [named.id])


def health_of_polled(context: CollectorContext, completed: EffectCompleted) -> Iterator[Read]:
    """The second step of an account that was polled: what decides its health, if polling fails now or works again."""
    named: NamedAccount = completed.request.named
    outcome: PollOutcome = completed.result
    check = context.check(named.id)
    if check is not None and (outcome.error.detail if outcome.error else None) != check.poll_error:
        yield from _health(named)


def tokens_due(context: CollectorContext, timer: TimerFired) -> Iterator[Read]:
    """The tokens that are due for a refresh."""
    yield Documents(ACCOUNT_TOKENS, [named_by_timer(timer).id])


def refreshed(context: CollectorContext, completed: EffectCompleted) -> Iterator[Read]:
    """The tokens that were refreshed, and what decides the health of their account."""
    named: NamedAccount = completed.request.named
    yield Documents(ACCOUNT_TOKENS, [named.id])
    yield from _health(named)


def hour_over(context: CollectorContext, timer: TimerFired) -> Iterator[Read]:
    """The first step of an account whose last hour is judged."""
    yield from _account(named_by_timer(timer))


def configuration_of_hour(context: CollectorContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of an account whose last hour is judged: the workspace's time zone, calendar and wish."""
    yield from numbered_configuration(context.work, named_by_timer(timer).workspace)


# -- every account -----------------------------------------------------------------------------------------------------


def every_head(context: CollectorContext, received: Input) -> Iterator[Read]:
    """The first step of a sweep: the heads of all workspaces."""
    yield ByIndex(CONFIGURATION_HEADS, EVERY_HEAD, every_page=True)


def every_configuration(context: CollectorContext, received: Input) -> Iterator[Read]:
    """The second step of a sweep: the configurations of all workspaces, because each may have an account here."""
    for workspace in context.work.found(CONFIGURATION_HEADS, EVERY_HEAD):
        yield from numbered_configuration(context.work, workspace)


def every_record(context: CollectorContext, received: Input) -> Iterator[Read]:
    """The third step of a sweep: what is stored of this partition's accounts."""
    yield from _records(*every_account(context))


def every_account(context: CollectorContext) -> Iterator[NamedAccount]:
    """The accounts of this partition."""
    for workspace in context.work.found(CONFIGURATION_HEADS, EVERY_HEAD):
        configuration = configuration_in_force(context.work, workspace)
        if configuration is not None:
            yield from (named for named in connected_accounts(configuration) if context.is_here(named))


# -- now and then --------------------------------------------------------------------------------------------------------


def signs_of_trouble(context: CollectorContext, timer: TimerFired) -> Iterator[Read]:
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
        ByIndex(ACCOUNT_CHECKS, Query(ACCOUNT_CHECKS.name, "well", unwell, limit=PAGE_SIZE)),
    )


def in_trouble(context: CollectorContext) -> dict[str, NamedAccount]:
    """The accounts of this partition that have a sign of trouble, or were not well at the last check, by id."""
    work = context.work
    records = [record for read in _trouble(work) for record in work.found(read.collection, read.query).values()]
    accounts = [NamedAccount(record.workspace, record.channel, record.account) for record in records]
    return {named.id: named for named in accounts if context.is_here(named)}


def health_of_troubled(context: CollectorContext, timer: TimerFired) -> Iterator[Read]:
    """The second step of a check: what decides the health of the accounts with a sign of trouble."""
    for named in in_trouble(context).values():
        yield from _health(named)


def due(work: UnitOfWork) -> Query:
    """The query for the accounts of this partition that are due for a probe, a page of them."""
    equals: dict[str, Json] = {"partition": work.place.partition}
    return Query(ACCOUNT_CHECKS.name, "due", equals, below=instant_text(work.now), limit=PROBE_BATCH_SIZE)
