"""Publishes activities as events on `inbound`, or on `inbound_limited` where their platform limits how long they may be stored. An event's id is the activity's, which comes from the platform's ids.

So a webhook that is repeated gives the same event, and the router drops the repeat.
"""

import re
from collections.abc import Mapping, Sequence

import orjson
import structlog

from schemas.activity import Activity
from schemas.envelope import Event, encode
from schemas.topics import activity_topic
from schemas.values import EncryptedText
from services.ingest.instruments import IngestInstruments
from services.platform.bus.port import MAX_EVENT_BYTES, Bus, ProducerRecord, partition_for

SOURCE = "ingest"
MAX_ACTIVITY_BYTES = MAX_EVENT_BYTES - 100_000
"""The largest event of an activity. What the router makes of it says more about the message, and has to fit as well."""
CUT_MARK, CUT_BYTES = " […]", 200
"""The end of a text that was cut, and the bytes that it and `details.cut_from` take."""
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
    return ProducerRecord(
        activity_topic("inbound", activity.stored_until), partition_for(key, partitions), key, encode(event)
    )


async def publish_activities(
    bus: Bus, instruments: IngestInstruments, activities: Sequence[Activity], headers: Mapping[str, str]
) -> None:
    """Return once the bus has all activities durably; they are of one account. Raises Unavailable, Unknown.

    `headers` are those of the call: a valid `traceparent` goes on with each event.
    """
    if not activities:
        return
    trace = headers.get("traceparent", "")
    traceparent = trace if _TRACEPARENT.fullmatch(trace) else None
    with instruments.count_publishing(activities):
        fitting = [_fit(activity, bus.partitions, traceparent, instruments) for activity in activities]
        await bus.publish([record for _, record in fitting])
    labels = activities[0].workspace, activities[0].channel
    for activity, _ in fitting:
        instruments.published.labels(*labels, activity.kind).inc()
        for kind in activity.masked:
            instruments.masked.labels(*labels, kind).inc()


def _fit(
    activity: Activity, partitions: int, traceparent: str | None, instruments: IngestInstruments
) -> tuple[Activity, ProducerRecord]:
    """The activity with its record: its text cut, or without content and of kind `unknown`, where it is too large.

    Refusing the call would make the platform repeat it for hours.
    """
    record = to_record(activity, partitions, traceparent)
    size = len(record.value)
    if size <= MAX_ACTIVITY_BYTES:
        return activity, record
    where = {"channel": activity.channel, "workspace": activity.workspace, "id": activity.id}
    cut = _cut_text(activity, size - MAX_ACTIVITY_BYTES)
    if cut is not None:
        instruments.cut.labels(activity.workspace, activity.channel).inc()
        _log.warning("activity_text_cut", **where, bytes=size)
        return cut, to_record(cut, partitions, traceparent)
    instruments.unparsed.labels(activity.workspace, activity.channel, "too_large").inc()
    _log.error("activity_too_large", **where, bytes=size)
    emptied = _emptied(activity, size)
    return emptied, to_record(emptied, partitions, traceparent)


def _cut_text(activity: Activity, excess: int) -> Activity | None:
    """The activity with a text that is `excess` bytes shorter in JSON and ends with `CUT_MARK`; None when it has no such text.

    `details.cut_from` is the number of characters that the text had.
    """
    text = activity.text.text if activity.text else ""
    budget = _json_size(text) - excess - CUT_BYTES
    length = len(text)
    # A character takes one to six bytes, so the first guess may be too long; each further one is nearer by the error of the last.
    while budget > 0 and length > 0 and (size := _json_size(text[:length])) > budget:
        length = min(length - 1, length * budget // size)
    if budget <= 0 or length <= 0:
        return None
    shortened = EncryptedText(text=text[:length] + CUT_MARK)
    return activity.model_copy(update={"text": shortened, "details": {**activity.details, "cut_from": len(text)}})


def _json_size(text: str) -> int:
    return len(orjson.dumps(text))


def _emptied(activity: Activity, size: int) -> Activity:
    """What is left of an activity that is too large without its text: who did what kind of thing where."""
    return Activity(
        id=activity.id,
        workspace=activity.workspace,
        channel=activity.channel,
        account=activity.account,
        kind="unknown",
        author=activity.author,
        surface=activity.surface,
        person=activity.person,
        thread=activity.thread,
        message=activity.message,
        masked=activity.masked,
        sensitive=activity.sensitive,
        sent_at=activity.sent_at,
        received_at=activity.received_at,
        stored_until=activity.stored_until,
        profile_until=activity.profile_until,
        details={"raw": activity.kind, "bytes": size},
    )
