"""Records become documents of JSON values alone, and documents become the records that they were."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.values import Contract, Failure, Instant
from services.platform.store.codec import codec_for, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    since: Instant
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    state: Literal["open", "closed"] = "open"
    at: Instant | None = None
    inner: Inner | None = None
    by_name: dict[str, Inner] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    share: float = 0.0


class Shown(Contract):
    name: str
    at: Instant


INSTANTS = st.datetimes(timezones=st.just(UTC))
INNERS = st.builds(Inner, since=INSTANTS, words=st.lists(st.text()).map(tuple))
OUTERS = st.builds(
    Outer,
    name=st.text(),
    state=st.sampled_from(["open", "closed"]),
    at=st.none() | INSTANTS,
    inner=st.none() | INNERS,
    by_name=st.dictionaries(st.text(), INNERS, max_size=3),
    failures=st.lists(st.builds(Failure, code=st.text(), detail=st.text()), max_size=2),
    share=st.floats(allow_nan=False, allow_infinity=False),
)


@given(OUTERS)
def test_a_record_comes_back_as_it_was_also_by_way_of_json(record: Outer) -> None:
    codec = codec_for(Outer)
    document = codec.encode(record)
    assert codec.decode(document) == record
    assert codec.decode(orjson.loads(orjson.dumps(document))) == record


@given(st.builds(Shown, name=st.text(), at=INSTANTS))
def test_a_contract_is_encoded_as_pydantic_writes_it(record: Shown) -> None:
    assert encode(record) == record.model_dump(mode="json")
    assert codec_for(Shown).decode(encode(record)) == record


@given(INSTANTS)
def test_instants_are_texts_of_27_characters(at: datetime) -> None:
    document = encode(Outer(name="n", at=at, inner=Inner(since=at)))
    for text in (document["at"], document["inner"]["since"]):  # type: ignore[index, call-overload] # an object
        assert isinstance(text, str)
        assert len(text) == 27
        assert text.endswith("Z")


def test_a_document_of_an_older_version_takes_defaults_and_one_of_a_newer_is_read_without_its_news() -> None:
    assert codec_for(Outer).decode({"name": "n", "invented_later": {"x": 1}}) == Outer(name="n")


def test_records_of_default_fields_share_nothing() -> None:
    one, other = Outer(name="a"), Outer(name="b")
    assert one.by_name is not other.by_name
    assert codec_for(Outer).decode({"name": "a"}).failures is not one.failures


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, ("name",)),
        ({"name": 1}, ("name",)),
        ({"name": "n", "state": "ajar"}, ("state",)),
        ({"name": "n", "inner": {"since": "yesterday"}}, ("inner", "since")),
        ({"name": "n", "by_name": {"a": {}}}, ("by_name", "a", "since")),
    ],
)
def test_an_error_names_class_and_field(document: dict[str, object], place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as raised:
        codec_for(Outer).decode(document)  # type: ignore[arg-type] # no JSON for the type checker
    assert raised.value.title == "Outer"
    assert [error["loc"] for error in raised.value.errors()] == [place]


def test_a_class_is_compiled_once() -> None:
    assert codec_for(Outer) is codec_for(Outer)


def test_a_changed_copy_leaves_the_record_as_it_was() -> None:
    record = Outer(name="n")
    assert replace(record, state="closed") == Outer(name="n", state="closed")
    assert record.state == "open"
