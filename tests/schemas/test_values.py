"""Contracts are frozen, compare by value and ignore what they do not know."""

import pytest
from pydantic import ValidationError

from schemas.values import EncryptedText, Failure


def test_equal_contracts_are_one_in_a_set() -> None:
    assert len({EncryptedText(text="a"), EncryptedText(key=None, text="a")}) == 1


def test_a_contract_cannot_be_changed() -> None:
    failure = Failure(code="a", detail="b")
    with pytest.raises(ValidationError, match="frozen"):
        failure.code = "c"  # type: ignore[misc] # the type checker knows it too


def test_a_contract_ignores_fields_that_it_does_not_know() -> None:
    assert Failure.model_validate({"code": "a", "detail": "b", "later": 1}) == Failure(code="a", detail="b")


def test_a_copy_leaves_the_original_as_it_was() -> None:
    failure = Failure(code="a", detail="b")
    assert failure.model_copy(update={"code": "c"}).code == "c"
    assert failure == Failure(code="a", detail="b")
