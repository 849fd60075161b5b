"""Events and instants as JSON, and back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Event, decode, encode
from schemas.values import instant, instant_text

START = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)


def event(identity: str, text: str = "") -> Event:
    return Event(
        id=identity, source="a/0", type="pasokh.x.y", time=START, workspace="w", partitionkey="w/p", data={"t": text}
    )


@given(st.builds(event, st.text(min_size=1), st.text()))
def test_what_was_encoded_is_decoded_as_the_same_event(before: Event) -> None:
    assert decode(encode(before)) == before


def test_what_is_no_event_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="source"):
        decode(b'{"id": "1"}')


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
