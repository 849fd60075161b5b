"""Events of activities: their size, and what becomes of one that is too large for the bus."""

from schemas.activity import Activity
from schemas.envelope import decode
from schemas.values import EncryptedText
from services.ingest.instruments import IngestInstruments
from services.ingest.parsing import preview_activities
from services.ingest.publishing import publish_activities, to_record
from services.platform.bus.port import MAX_EVENT_BYTES
from tests.fakes import MemoryBus
from tests.ingest.harness import update

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def activity_of_size(size: int) -> Activity:
    """An activity whose event has this many bytes without a trace."""
    (activity,) = preview_activities("telegram", update("x"))
    missing = size - len(to_record(activity, 1).value)
    return activity.model_copy(update={"text": EncryptedText(text="x" * (1 + missing))})


async def published(activity: Activity, headers: dict[str, str]) -> Activity:
    bus = MemoryBus(4)
    await publish_activities(bus, IngestInstruments(), [activity], headers)
    return Activity.model_validate(decode(bus.published[0].value).data)


async def test_event_of_exactly_the_largest_size_is_published_whole() -> None:
    activity = activity_of_size(MAX_EVENT_BYTES)

    assert await published(activity, {}) == activity


async def test_event_one_byte_larger_is_published_without_its_content() -> None:
    emptied = await published(activity_of_size(MAX_EVENT_BYTES + 1), {})

    assert (emptied.kind, emptied.text) == ("unknown", None)
    assert emptied.details == {"raw": "message", "bytes": MAX_EVENT_BYTES + 1}


async def test_trace_of_the_caller_counts_for_the_size() -> None:
    activity = activity_of_size(MAX_EVENT_BYTES)

    assert (await published(activity, {"traceparent": TRACEPARENT})).kind == "unknown"
