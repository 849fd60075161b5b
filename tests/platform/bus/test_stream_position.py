"""Where a client of a stream stands."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Event
from services.platform.bus.stream_position import StreamPosition, after, read

NUMBERS = st.tuples(st.integers(-1, 2**50), st.integers(-1, 500))
SOURCES = st.builds("{}/{}".format, st.sampled_from(["conversations", "sla"]), st.integers(0, 99))


def fact(source: str, seq: int | None, index: int | None) -> Event:
    return Event(
        id="one",
        source=source,
        type="pasokh.conversation.opened",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        workspace="w",
        partitionkey="w/p",
        seq=seq,
        index=index,
        data={},
    )


@given(numbers=st.dictionaries(SOURCES, NUMBERS))
def test_an_id_says_in_any_process_where_the_client_stands(numbers: dict[str, tuple[int, int]]) -> None:
    found = read(StreamPosition(numbers).text())
    assert {source: found.of(source) for source in numbers} == numbers


@given(
    text=st.text(max_size=60) | st.sampled_from(["e30x", "W10", "WzFd", "eyJhIjpbMV19", "eyJhIjpbMSwyLCJ4Il19", "MQ"])
)
def test_what_is_no_id_is_refused_with_one_kind_of_error(text: str) -> None:
    try:
        read(text)
    except ValueError:
        return
    assert read(read(text).text()).text() == read(text).text()


@pytest.mark.parametrize("rows", ['{"sla":[0,9223372036854775808,0]}', '{"sla":[0,-2,0]}', '{"sla":[0,1e3,0]}'])
def test_an_id_with_a_number_that_no_fact_has_is_refused(rows: str) -> None:
    text = base64.urlsafe_b64encode(rows.encode()).decode().rstrip("=")
    with pytest.raises(ValueError, match="no id"):
        read(text)


def test_an_event_is_admitted_once_and_none_that_is_older_than_the_last_of_its_source() -> None:
    seen = StreamPosition({})
    assert seen.admit(fact("sla/0", 3, 1))
    assert not seen.admit(fact("sla/0", 3, 1))
    assert not seen.admit(fact("sla/0", 2, 7))
    assert seen.admit(fact("sla/0", 3, 2))
    assert seen.admit(fact("sla/1", 1, 0))


def test_after_the_rows_only_later_commits_are_admitted() -> None:
    seen = after({"sla/0": 7})
    assert not seen.admit(fact("sla/0", 7, 400))
    assert seen.admit(fact("sla/0", 8, 0))
    assert seen.admit(fact("sla/1", 1, 0))


@pytest.mark.parametrize(("seq", "index"), [(None, None), (1, None), (None, 1)])
def test_an_event_without_a_number_cannot_be_placed(seq: int | None, index: int | None) -> None:
    assert not StreamPosition({}).admit(fact("sla/0", seq, index))
