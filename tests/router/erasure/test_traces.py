"""A person is found wherever they are named, and nobody else is taken for them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import PersonKey
from services.platform.bus.port import partition_for
from services.router.erasure.traces import Trace, choose_pseudonym

SARA = PersonKey("shop", "email:support:sara@example.com")
TRACE = Trace(SARA, "email:support:erased-1", frozenset({"sara@example.com"}))
EXTERNAL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("email:support:sara@example.com", "email:support:erased-1"),
        ("shop/email:support:sara@example.com", "shop/email:support:erased-1"),
        ("profile_limit/shop/email:support:sara@example.com", "profile_limit/shop/email:support:erased-1"),
        ("no customer email:support:sara@example.com, here", "no customer email:support:erased-1, here"),
        ('{"person":"email:support:sara@example.com"}', '{"person":"email:support:erased-1"}'),
        ("email:support:sara@example.com.au", "email:support:sara@example.com.au"),
        ("xemail:support:sara@example.com", "xemail:support:sara@example.com"),
        ("email:support:sara@example.comx", "email:support:sara@example.comx"),
        ("email:support2:sara@example.com", "email:support2:sara@example.com"),
    ],
)
def test_the_person_alone_is_replaced(text: str, after: str) -> None:
    assert TRACE.without({"one": [text]}) == {"one": [after]}
    assert TRACE.is_in({"one": [text]}) == (text != after)


def test_names_and_participants_go_with_the_person() -> None:
    before: dict[str, Any] = {
        "author": {"kind": "customer", "id": SARA.person, "name": "Sara"},
        "other": {"kind": "customer", "id": "telegram:main:1", "name": "Mira"},
        "unconfirmed": [{"person": str(SARA), "name": "Sara", "words": "blue boat"}],
        "participants": [{"address": "Sara@Example.com", "name": "S"}, {"address": "mira@example.com", "name": "M"}],
    }
    assert TRACE.without(before) == {
        "author": {"kind": "customer", "id": "email:support:erased-1", "name": None},
        "other": {"kind": "customer", "id": "telegram:main:1", "name": "Mira"},
        "unconfirmed": [{"person": "shop/email:support:erased-1", "name": None, "words": "blue boat"}],
        "participants": [{"address": "mira@example.com", "name": "M"}],
    }


def test_a_mail_address_alone_names_the_person_among_participants_only() -> None:
    assert TRACE.is_in({"participants": [{"address": "SARA@example.com"}]})
    assert not TRACE.is_in({"text": "write to sara@example.com"})


@given(EXTERNAL, st.integers(1, 64))
def test_a_pseudonym_lies_in_the_partition_of_its_person(external: str, partitions: int) -> None:
    person = PersonKey("shop", f"webchat:main:{external}")
    pseudonym = choose_pseudonym(person, partitions)
    assert partition_for(f"shop/{pseudonym}", partitions) == partition_for(str(person), partitions)
    assert pseudonym.startswith("webchat:main:erased-")
    assert len(pseudonym) == len("webchat:main:erased-") + 20


@given(EXTERNAL, EXTERNAL)
def test_whoever_has_another_id_is_somebody_else(external: str, other: str) -> None:
    mine, theirs = (f"api:shop:{one}" for one in (external, other))
    trace = Trace(PersonKey("shop", mine), "api:shop:erased-1")
    assert trace.without(mine) == "api:shop:erased-1"
    assert trace.is_in({"key": f"shop/{mine}"})
    if theirs != mine and not any(one in other for one in " /\"'(),"):
        assert not trace.is_in({"key": f"shop/{theirs}", "person": theirs})


def test_erasing_twice_gives_two_pseudonyms() -> None:
    assert choose_pseudonym(SARA, 4) != choose_pseudonym(SARA, 4)
