"""What contracts do faster than pydantic's models, they do as those."""

from unittest.mock import ANY

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from schemas.values import Contract, EncryptedText, Failure, Requirement

TEXTS = st.sampled_from(["", "a", "b"])
CONTRACTS: st.SearchStrategy[Contract] = st.one_of(
    st.builds(Failure, code=TEXTS, detail=TEXTS),
    st.builds(EncryptedText, key=st.none() | TEXTS, text=TEXTS),
    st.builds(Requirement, skills=st.dictionaries(TEXTS, st.integers(1, 2), max_size=2)),
)


@given(CONTRACTS, CONTRACTS)
def test_contracts_are_equal_when_models_are(one: Contract, other: Contract) -> None:
    assert (one == other) is BaseModel.__eq__(one, other)
    assert (one != other) is not BaseModel.__eq__(one, other)
    assert one == ANY
    assert one != one.model_dump()


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_equal_contracts_are_one_in_a_set(code: str, detail: str, other: str, more: str) -> None:
    pair = Failure(code=code, detail=detail), Failure.unvalidated(detail=more, code=other, status=None)
    assert len(set(pair)) == len({(code, detail), (other, more)})
    assert Failure.unvalidated(detail=detail, code=code, status=None) in set(pair)


@given(CONTRACTS, st.data())
def test_a_copy_is_what_a_model_copies(one: Contract, data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(sorted(type(one).model_fields))))
    update = {name: data.draw(TEXTS) for name in names}
    copy, expected = one.model_copy(update=update), BaseModel.model_copy(one, update=update)
    assert BaseModel.__eq__(copy, expected)
    assert list(copy.__dict__) == list(expected.__dict__)


def test_a_copy_leaves_the_original_as_it_was() -> None:
    one = Failure(code="a", detail="b")
    one.model_copy(update={"code": "c"})
    assert one == Failure(code="a", detail="b")
