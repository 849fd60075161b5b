"""Encoding and decoding: what a process has written or read a moment ago is known, and that changes nothing."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import envelope
from schemas.envelope import Event, decode, encode
from schemas.values import instant, instant_text

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def event(identity: str, text: str = "") -> Event:
    return Event(
        id=identity, source="a/0", type="pasokh.x.y", time=START, workspace="w", partitionkey="w/p", data={"t": text}
    )


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few are remembered, and Python changes threads all the time."""
    monkeypatch.setattr(envelope, "DECODED", 20)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_what_was_encoded_is_decoded_as_the_same_event_known_or_not() -> None:
    before = event("known", "سلام")
    value = encode(before)
    assert decode(value) is before
    envelope._decode_cache.clear()
    assert decode(value) == before
    assert decode(value) is decode(bytes(bytearray(value)))


def test_a_large_event_is_not_kept_in_memory() -> None:
    value = encode(event("large", "x" * envelope.REMEMBERED_BYTES))
    assert value not in envelope._decode_cache
    assert decode(value).id == "large"


def test_what_is_no_event_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="source"):
        decode(b'{"id": "1"}')


@pytest.mark.usefixtures("forgetful")
def test_threads_that_encode_and_forget_at_the_same_time_are_not_in_each_others_way() -> None:
    def work(number: int) -> bool:
        return all(decode(encode(event(f"{number}-{i}"))).id == f"{number}-{i}" for i in range(2_000))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(4)))


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=3, minutes=30))])))
def test_an_instant_is_27_characters_that_say_it_and_sort_as_it_does(at: datetime) -> None:
    try:
        text = instant_text(at)
    except OverflowError:
        return
    assert len(text) == 27
    assert text.endswith("Z")
    assert instant(text) == at
    assert text[:26] == at.astimezone(UTC).isoformat(timespec="microseconds")[:26]
