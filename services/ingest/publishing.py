"""Activities as events on `inbound`. Their ids come from the platform's, so that a repeat is the same event."""

import re
from collections.abc import Mapping, Sequence

from schemas.activity import Activity
from schemas.envelope import Event, encode
from services.platform.bus.port import MAX_EVENT_BYTES, Bus, ProducerRecord, partition_for

TOPIC, SOURCE = "inbound", "ingest"
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
        seq=None,
        index=None,
        data=activity.model_dump(mode="json"),
    )
    return ProducerRecord(TOPIC, partition_for(key, partitions), key, encode(event))


def truncate_to_max_size(activity: Activity) -> Activity:
    """The activity, or one of kind `unknown` without content when its event would be larger than the bus accepts.

    No known platform writes so much (Telegram: 4,096 characters). Refusing the call would make the platform repeat it for
    hours, so the activity is published without its content, counted and logged.
    """
    size = len(to_record(activity, 1).value)
    if size <= MAX_EVENT_BYTES:
        return activity
    emptied: dict[str, object] = {"text": None, "attachments": [], "person_name": None}
    return activity.model_copy(update=emptied | {"kind": "unknown", "details": {"raw": activity.kind, "bytes": size}})


async def publish(bus: Bus, activities: Sequence[Activity], headers: Mapping[str, str]) -> None:
    """Return once the bus has all of them durably. Raises Unavailable, Unknown."""
    trace = headers.get("traceparent", "")
    traceparent = trace if _TRACEPARENT.fullmatch(trace) else None
    await bus.publish([to_record(activity, bus.partitions, traceparent) for activity in activities])
