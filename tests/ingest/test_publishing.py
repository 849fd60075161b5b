"""Events of activities: their size, and what becomes of one that is too large for the bus."""

import pytest

from schemas.activity import Activity
from schemas.envelope import decode
from schemas.values import EncryptedText
from services.ingest.instruments import IngestInstruments
from services.ingest.parsing import preview_activities
from services.ingest.publishing import CUT_MARK, MAX_ACTIVITY_BYTES, publish_activities, to_record
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
    activity = activity_of_size(MAX_ACTIVITY_BYTES)

    assert await published(activity, {}) == activity


@pytest.mark.parametrize("character", ["x", "س", "\n", "\u0001", "😀", 'a"س'])
async def test_text_that_is_too_long_is_cut_and_says_so(character: str) -> None:
    (small,) = preview_activities("telegram", update("x"))
    text = character * MAX_EVENT_BYTES
    bus, instruments = MemoryBus(4), IngestInstruments()
    await publish_activities(bus, instruments, [small.model_copy(update={"text": EncryptedText(text=text)})], {})

    [record] = bus.published
    cut = Activity.model_validate(decode(record.value).data)
    assert MAX_ACTIVITY_BYTES - 1_000 < len(record.value) <= MAX_ACTIVITY_BYTES
    assert cut.text is not None
    assert cut.text.text.endswith(CUT_MARK)
    assert text.startswith(cut.text.text.removesuffix(CUT_MARK))
    assert (cut.kind, cut.id, cut.details["cut_from"]) == ("message", small.id, len(text))
    assert instruments.cut.labels("local", "telegram")._value.get() == 1


async def test_a_repeat_is_cut_to_the_same_event() -> None:
    activity = activity_of_size(MAX_ACTIVITY_BYTES + 1)

    assert await published(activity, {}) == await published(activity, {})


async def test_what_is_too_large_without_its_text_is_published_without_its_content() -> None:
    (small,) = preview_activities("telegram", update("x"))
    large = small.model_copy(update={"links": ["https://shop.example/" + "x" * MAX_EVENT_BYTES]})
    emptied = await published(large, {})

    assert (emptied.kind, emptied.text, emptied.links) == ("unknown", None, [])
    assert emptied.details == {"raw": "message", "bytes": len(to_record(large, 4).value)}


async def test_trace_of_the_caller_counts_for_the_size() -> None:
    activity = activity_of_size(MAX_ACTIVITY_BYTES)
    assert activity.text is not None

    assert (await published(activity, {"traceparent": TRACEPARENT})).details["cut_from"] == len(activity.text.text)
