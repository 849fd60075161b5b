"""Publishes activities as events on `inbound`. An event's id is the activity's, which comes from the platform's ids.

So a webhook that is repeated gives the same event, and the router drops the repeat.
"""

import re
from collections.abc import Mapping, Sequence

import structlog

from schemas.activity import Activity
from schemas.envelope import Event, encode
from schemas.values import Json
from services.ingest.instruments import IngestInstruments
from services.platform.bus.port import MAX_EVENT_BYTES, Bus, ProducerRecord, partition_for

TOPIC, SOURCE = "inbound", "ingest"
_log = structlog.get_logger(__name__)
# W3C Trace Context, 3.2.2: an id of zeros alone is invalid.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def to_record(activity: Activity, partitions: int, traceparent: str | None = None) -> ProducerRecord:
    """The event of an activity as a record for its person's partition."""
    key = str(activity.person_key)
    event = Event(
        specversion="1.0",
        id=activity.id,
        source=SOURCE,
        type=f"pasokh.inbound.{activity.kind}",
        time=activity.received_at,
        datacontenttype="application/json",
        workspace=activity.workspace,
        partitionkey=key,
        traceparent=traceparent,
        # Ingest has no partition row that could number its events: they are deduplicated by id.
        seq=None,
        index=None,
        # Most fields of most activities have their default; a reader sets the same one.
        data=activity.model_dump(mode="json", exclude_defaults=True),
    )
    return ProducerRecord(TOPIC, partition_for(key, partitions), key, encode(event))


async def publish_activities(
    bus: Bus, instruments: IngestInstruments, activities: Sequence[Activity], headers: Mapping[str, str]
) -> None:
    """Return once the bus has all activities durably; they are of one account. Raises Unavailable, Unknown.

    `headers` are those of the call: a valid `traceparent` goes on with each event.
    """
    if not activities:
        return
    labels = activities[0].workspace, activities[0].channel
    instruments.received.labels(*labels).inc(len(activities))
    trace = headers.get("traceparent", "")
    traceparent = trace if _TRACEPARENT.fullmatch(trace) else None
    try:
        fitting = [_fit(activity, bus.partitions, traceparent, instruments) for activity in activities]
        await bus.publish([record for _, record in fitting])
    except BaseException:
        # A cancelled call counts too: its sender got no 200 and will send the activities again.
        instruments.failed.labels(*labels).inc(len(activities))
        raise
    for activity, _ in fitting:
        instruments.published.labels(*labels, activity.kind).inc()
        for kind in activity.masked:
            instruments.masked.labels(*labels, kind).inc()


def _fit(
    activity: Activity, partitions: int, traceparent: str | None, instruments: IngestInstruments
) -> tuple[Activity, ProducerRecord]:
    """The activity with its record; without content and of kind `unknown` when the bus would refuse its size.

    No known platform writes so much (Telegram: 4,096 characters), and refusing the call would make the platform repeat
    it for hours.
    """
    record = to_record(activity, partitions, traceparent)
    size = len(record.value)
    if size <= MAX_EVENT_BYTES:
        return activity, record
    instruments.unparsed.labels(activity.workspace, activity.channel, "too_large").inc()
    _log.error("activity_too_large", channel=activity.channel, workspace=activity.workspace, id=activity.id)
    details: dict[str, Json] = {"raw": activity.kind, "bytes": size}
    changes: dict[str, object] = {
        "kind": "unknown",
        "text": None,
        "attachments": [],
        "person_name": None,
        "details": details,
    }
    emptied = activity.model_copy(update=changes)
    return emptied, to_record(emptied, partitions, traceparent)
