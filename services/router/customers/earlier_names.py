"""Reports the names that persons proved before this version, once in the life of an installation.

Conversations report a name when it becomes proven. What was proven before there were customers of several persons is read from the
persons themselves, at the first start that finds it unreported. A start that is cut off begins anew, and a second replica may do the
same: evidence that is known already changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence

import structlog

from schemas.customer import IdentityProven
from schemas.envelope import Event, encode
from schemas.topics import topic_for
from services.platform.bus.port import Bus, ProducerRecord, partition_for
from services.platform.core.backoff import Backoff
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.identifiers import hashed_id
from services.platform.core.time_source import TimeSource
from services.platform.store.port import Changes, Document, Key, Put, Store
from services.platform.store.read_one import read_one
from services.records.conversations import PERSONS
from services.records.customers import NAME_REPORTS, NameReport

BATCH_SIZE = 200
EVENT = "pasokh.identity.proven"
REPORT = "persons"
"""The id of the document that says that all were reported."""

log = structlog.get_logger(__name__)


async def report_earlier_names(
    store: Store,
    bus: Bus,
    time_source: TimeSource,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Return once the names that all persons had proven are reported. Store and bus may be away meanwhile."""
    backoff = Backoff(1.0, 60.0)
    while True:
        try:
            if await read_one(store, NAME_REPORTS, REPORT) is None:
                reported = await _report_all(store, bus, time_source)
                done = NameReport(at=time_source.now(), persons=reported)
                await store.commit(Changes(puts=[Put(Key(NAME_REPORTS.name, REPORT), done)]))
                log.info("earlier_names_reported", persons=reported)
            return
        except (Unavailable, Unknown) as error:
            log.warning("earlier_names_not_reported", reason=str(error))
            await pause(backoff.next())


async def _report_all(store: Store, bus: Bus, time_source: TimeSource) -> int:
    reported, after = 0, ""
    while page := await store.scan(PERSONS.name, after, BATCH_SIZE):
        records = list(_records(page, time_source, bus.partitions))
        if records:
            await bus.publish(records)
        reported, after = reported + len(records), page[-1][0]
    return reported


def _records(
    page: Sequence[tuple[str, Document]], time_source: TimeSource, partitions: int
) -> Iterator[ProducerRecord]:
    for identity, document in page:
        person = PERSONS.decode(document)
        names = [one for one in person.identities if one.proven and one.kind != "username"]
        if not names:
            continue
        # When it was proven is not known: not later than they were last seen.
        proven = IdentityProven(person=person.person, identities=names, at=person.seen_at, source=REPORT)
        event = Event(
            id=hashed_id("earlier_names", identity),
            source="rest",
            type=EVENT,
            time=time_source.now(),
            workspace=person.workspace,
            partitionkey=person.workspace,
            data=proven.model_dump(mode="json"),
        )
        key = person.workspace
        yield ProducerRecord(topic_for(EVENT).name, partition_for(key, partitions), key, encode(event))
