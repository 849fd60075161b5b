"""A message that waited is judged once more by its windows when it is sent."""

from datetime import timedelta

import pytest

from schemas.channel import Window
from schemas.outbound import OutboundMessage, SendWindow
from schemas.values import Failure, instant_text
from services.delivery.domain.outcomes import AttemptResult
from services.delivery.windows import in_window
from services.platform.store.port import Key
from services.records.conversations import CONVERSATIONS
from tests.delivery.harness import outbound
from tests.fakes import START, MemoryStore

DAY, WEEK = Window(seconds=86_400), Window(seconds=7 * 86_400, tag="HUMAN_AGENT", people_only=True)
CLOSED = Failure(code="window_closed", detail="The 7-day window closed at 09:00.")


def message(*windows: Window) -> OutboundMessage:
    window = SendWindow(since=START, windows=list(windows), failure=CLOSED)
    return outbound("m").model_copy(update={"window": window})


@pytest.mark.parametrize(
    ("hours", "wrote_after", "tag"),
    [
        (23, None, None),
        (25, None, "HUMAN_AGENT"),
        # The customer wrote again while the message waited.
        (25, 2, None),
        (24 * 7 + 1, 24, "HUMAN_AGENT"),
    ],
)
async def test_the_narrowest_open_window_gives_the_tag(
    hours: float, wrote_after: float | None, tag: str | None
) -> None:
    store = MemoryStore(CONVERSATIONS)
    if wrote_after is not None:
        wrote_at = instant_text(START + timedelta(hours=wrote_after))
        store.documents[Key(CONVERSATIONS.name, "c-42")] = {"wrote_at": {"private": wrote_at}}
    judged = await in_window(message(DAY, WEEK), store, START + timedelta(hours=hours))
    assert isinstance(judged, OutboundMessage)
    assert judged.tag == tag


async def test_a_message_whose_windows_closed_fails_with_the_reason_that_was_worded_for_it() -> None:
    judged = await in_window(message(DAY), MemoryStore(CONVERSATIONS), START + timedelta(days=1))
    assert judged == AttemptResult(kind="refused", code="window_closed", detail="The 7-day window closed at 09:00.")


async def test_a_message_without_windows_reads_nothing() -> None:
    assert await in_window(outbound("m"), MemoryStore(), START + timedelta(days=99)) == outbound("m")
