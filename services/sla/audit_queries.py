"""Reads what auditing takes: what was promised when, how far each partition has come, one conversation whole.

Order matters, because nothing here is read in one transaction. How far a partition has come is read first, then clocks,
then facts: facts that had been heard by then are in the clocks, and whatever came later shows as a fact that had not.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.configuration import WorkspaceConfiguration
from schemas.envelope import Event
from schemas.values import Json, instant_text
from services.domain.sla_state import ConversationSlaState
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_documents
from services.platform.store.collections import FACTS, ROWS
from services.platform.store.port import Document, Key, Query
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES
from services.records.configuration import CONFIGURATIONS, read_configuration, version_id
from services.sla.audit import CONVERSATION, AuditFindings, audit
from services.sla.replay import PolicyVersion

GROUP = "sla"
CONSUMED_TOPICS = "conversations"
"""The topic from which a partition hears its facts; its writer's group has the same name."""
SETTLING_TIME = timedelta(minutes=1)
"""What was said later than this may still be on its way to its clocks."""
PAGE_SIZE = 200
INSTANT = timedelta(microseconds=1)
BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """How far one partition has come.

    `heard` is the number of the last fact that acted on its clocks. What was due by `looked` has been told; `waiting`
    is the earliest moment at which something is to be told yet.
    """

    last_applied_seq: tuple[int, int]
    audited_until: datetime
    next_due: datetime | None


async def read_progress(reader: Reader, partitions: int) -> dict[str, AuditProgress]:
    """How far each partition has come, by the source of the facts that it hears. Raises Unavailable."""
    return {f"{CONSUMED_TOPICS}/{partition}": await _progress(reader, partition) for partition in range(partitions)}


async def _progress(reader: Reader, partition: int) -> AuditProgress:
    row_key, agenda_key = Key(ROWS.name, f"{GROUP}/{partition}"), Key(CLOCK_SCHEDULES.name, str(partition))
    found = await reader.get_many([row_key, agenda_key])
    row = ROWS.decode(found[row_key]) if row_key in found else None
    agenda = CLOCK_SCHEDULES.decode(found.get(agenda_key, {}))
    heard = row.dedupe_vector.get(f"{CONSUMED_TOPICS}/{partition}|{CONSUMED_TOPICS}", (-1, -1)) if row else (-1, -1)
    first = Query(CLOCKS.name, "due", {"partition": partition}, at_least=instant_text(BEGINNING), limit=1)
    clocks = [CLOCKS.decode(document) for _, document in (await reader.query(first)).items]
    waiting = clocks[0].next_at if clocks else None
    looked = agenda.watermark or BEGINNING
    # More may have been due than is told at once.
    return AuditProgress(heard, min(looked, waiting - INSTANT) if waiting else looked, waiting)


async def load_for_audit(
    reader: Reader,
    workspace: str,
    conversation: str,
    history: Iterable[PolicyVersion],
    progress: Mapping[str, AuditProgress],
    now: datetime,
) -> AuditFindings | None:
    """Where the clocks of a conversation differ from its facts; None while something of it is on its way.

    `progress` was read before. Raises Unavailable.
    """
    about = {"workspace": workspace, "conversation": conversation}
    watch = await _state(reader, conversation)
    clocks = [CLOCKS.decode(d) async for _, d in pages(reader, CLOCKS.name, "conversation", about)]
    facts = [Event.model_validate(d) async for _, d in pages(reader, FACTS.name, "conversation", about)]
    until = _settled_until(facts, progress, now - SETTLING_TIME)
    if until is None:
        return None
    resting = {(clock.metric, clock.run): clock for clock in clocks}
    return audit(facts, resting, tuple(history), until, watch.selected_versions if watch else ())


def _settled_until(facts: Iterable[Event], progress: Mapping[str, AuditProgress], latest: datetime) -> datetime | None:
    """The time until which all that is to be known of the facts rests in the clocks; None: not all of it does."""
    until = latest
    for fact in facts:
        if fact.time > latest:
            return None
        if fact.type.startswith(CONVERSATION):
            come = progress.get(fact.source)
            if come is None or (fact.seq or 0, fact.index or 0) > come.last_applied_seq:
                return None
            until = min(until, come.audited_until)
    return until


async def _state(reader: Reader, conversation: str) -> ConversationSlaState | None:
    key = Key(SLA_STATES.name, conversation)
    document = (await reader.get_many([key])).get(key)
    return SLA_STATES.decode(document) if document is not None else None


async def read_policy_history(reader: Reader, workspace: str) -> list[PolicyVersion] | None:
    """Everything that was ever written about promises, oldest first; None: there is no such workspace.

    Each version says in which one its parts were written, so those between are not read. Raises Unavailable.
    """
    current = await read_configuration(reader, workspace)
    if current is None:
        return None
    found = [_policy_version(current)]
    while found[-1].since > 1:
        key = Key(CONFIGURATIONS.name, version_id(workspace, found[-1].since - 1))
        document = (await reader.get_many([key])).get(key)
        if document is None:
            break
        found.append(_policy_version(CONFIGURATIONS.decode(document)))
    return found[::-1]


def _policy_version(configuration: WorkspaceConfiguration) -> PolicyVersion:
    sla, itself = configuration.sla, configuration.profile
    since = max(itself.version, sla.version if sla else 0)
    at = max(itself.at, sla.at) if sla else itself.at
    return PolicyVersion(since, at, sla.version if sla else 0, sla.body if sla else None, itself.body.timezone)


async def pages(
    reader: Reader,
    collection: str,
    index: str,
    equals: Mapping[str, Json],
    at_least: str | None = None,
    below: str | None = None,
) -> AsyncIterator[tuple[str, Document]]:
    """Documents with their ids, in the order of the index. Raises Unavailable."""
    async for item in all_documents(reader, Query(collection, index, dict(equals), at_least, below)):
        yield item
