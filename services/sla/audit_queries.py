"""Reads the input of an audit: the policies over time, the progress of each partition, and one conversation whole.

The order of the reads matters, because they are no one transaction: first the progress of the partitions, then clocks,
then facts. So the clocks hold every fact that the progress names, and a fact that was applied later shows as one that
the progress does not name.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.configuration import WorkspaceConfiguration
from schemas.envelope import Event
from schemas.events import CONVERSATION
from schemas.values import Json
from services.platform.processing.unit_of_work import Reader
from services.platform.store.all_pages import all_documents
from services.platform.store.collections import FACTS, ROWS
from services.platform.store.port import Document, Key, Query
from services.platform.store.read_one import read_one
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES
from services.records.configuration import CONFIGURATIONS, read_configuration, version_id
from services.sla.audit import AuditFindings, audit
from services.sla.documents import BEGINNING, INSTANT, first_clock
from services.sla.replay import PolicyVersion

GROUP = "sla"
CONSUMED_TOPICS = "conversations"
"""The topic from which a partition of `sla` reads facts; the group that writes it has the same name."""
SETTLING_TIME = timedelta(minutes=1)
"""A fact that is younger than this may still be on its way to its clocks."""


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """The progress of one partition of `sla`.

    `last_applied_seq` is the number of the last fact that was applied to its clocks. What was due until `audited_until`
    has fired; `next_due` is the earliest moment of a warning or breach that has not.
    """

    last_applied_seq: tuple[int, int]
    audited_until: datetime
    next_due: datetime | None


async def read_progress(reader: Reader, partitions: int) -> dict[str, AuditProgress]:
    """The progress of each partition, by the source of the facts that it reads. Raises Unavailable."""
    return {f"{CONSUMED_TOPICS}/{partition}": await _progress(reader, partition) for partition in range(partitions)}


async def _progress(reader: Reader, partition: int) -> AuditProgress:
    row_key, schedule_key = Key(ROWS.name, f"{GROUP}/{partition}"), Key(CLOCK_SCHEDULES.name, str(partition))
    documents = await reader.get_many([row_key, schedule_key])
    row = ROWS.decode(documents[row_key]) if row_key in documents else None
    schedule = CLOCK_SCHEDULES.decode(documents.get(schedule_key, {}))
    # The dedupe vector has, for each source of facts, the number of the last one that was applied.
    last_applied = (
        row.dedupe_vector.get(f"{CONSUMED_TOPICS}/{partition}|{CONSUMED_TOPICS}", (-1, -1)) if row else (-1, -1)
    )
    page = await reader.query(first_clock(partition, None))
    clocks = [CLOCKS.decode(document) for _, document in page.items]
    next_due = clocks[0].next_at if clocks else None
    confirmed = schedule.watermark or BEGINNING
    # More may have been due by the watermark than one batch fires: what is left is not judged yet.
    return AuditProgress(last_applied, min(confirmed, next_due - INSTANT) if next_due else confirmed, next_due)


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
    state = await read_one(reader, SLA_STATES, conversation)
    clocks = [CLOCKS.decode(d) async for _, d in pages(reader, CLOCKS.name, "conversation", about)]
    facts = [Event.model_validate(d) async for _, d in pages(reader, FACTS.name, "conversation", about)]
    until = _settled_until(facts, progress, now - SETTLING_TIME)
    if until is None:
        return None
    stored = {(clock.metric, clock.run): clock for clock in clocks}
    return audit(facts, stored, tuple(history), until, state.selected_versions if state else ())


def _settled_until(facts: Iterable[Event], progress: Mapping[str, AuditProgress], latest: datetime) -> datetime | None:
    """The time until which the clocks show everything that follows from the facts; None: a fact is not applied yet."""
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


async def read_policy_history(reader: Reader, workspace: str) -> list[PolicyVersion] | None:
    """Every version of the SLA policies of a workspace, oldest first; None: there is no such workspace.

    A version of the configuration names those in which its parts were written, so that the versions between are not
    read. Raises Unavailable.
    """
    current = await read_configuration(reader, workspace)
    if current is None:
        return None
    versions = [_policy_version(current)]
    while versions[-1].since > 1:
        earlier = await read_one(reader, CONFIGURATIONS, version_id(workspace, versions[-1].since - 1))
        if earlier is None:
            break
        versions.append(_policy_version(earlier))
    return versions[::-1]


def _policy_version(configuration: WorkspaceConfiguration) -> PolicyVersion:
    # The default policies count office hours in the time zone of the profile, so that either part makes a new version.
    sla, profile = configuration.sla, configuration.profile
    since = max(profile.version, sla.version if sla else 0)
    at = max(profile.at, sla.at) if sla else profile.at
    return PolicyVersion(since, at, sla.version if sla else 0, sla.body if sla else None, profile.body.timezone)


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
