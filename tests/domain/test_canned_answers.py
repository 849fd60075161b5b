"""Canned answers: which variables a text has, whose it is, and which shortcuts mean two of them."""

import pytest

from services.domain.canned_answers import CannedAnswer, collides, is_for, misspelt_variables, variables_of
from tests.fakes import START


def answer(identity: str = "a", **given: object) -> CannedAnswer:
    fields: dict[str, object] = {"title": "T", "text": "Hello", "teams": [], "version": 1, "updated_at": START, **given}
    return CannedAnswer(workspace="shop", id=identity, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("Hello", []),
        ("Hello {customer.name}, I am {agent.name}", ["customer.name", "agent.name"]),
        ("{a} {b} {a}", ["a", "b"]),
        ("سلام {customer.name}، سفارش {شماره سفارش}", ["customer.name", "شماره سفارش"]),
        ("{ agent.name }", ["agent.name"]),
        ("{}", []),
        ("{two\nlines}", []),
        ("{{customer.name}}", ["customer.name"]),
        ("{" + "x" * 61 + "}", []),
    ],
)
def test_the_variables_of_a_text(text: str, variables: list[str]) -> None:
    assert variables_of(text) == variables


@pytest.mark.parametrize(
    ("text", "misspelt"),
    [
        ("{customer.name} {agent.name} {workspace.name} {conversation.id}", []),
        ("{customer.nmae}", ["customer.nmae"]),
        ("{agent.first} {order.number} {customer}", ["agent.first"]),
    ],
)
def test_what_looks_like_a_variable_that_is_filled_and_is_none(text: str, misspelt: list[str]) -> None:
    assert misspelt_variables(text) == misspelt


@pytest.mark.parametrize(
    ("teams", "own", "used"),
    [([], set(), True), ([], {"a"}, True), (["a"], {"a", "b"}, True), (["a", "b"], {"b"}, True), (["a"], {"b"}, False)],
)
def test_an_answer_is_for_its_teams(teams: list[str], own: set[str], used: bool) -> None:
    assert is_for(answer(teams=teams), own) is used


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"shortcut": "hi"}, {"shortcut": "hi"}, True),
        ({"shortcut": "hi"}, {"shortcut": "HI"}, True),
        ({"shortcut": "كتاب"}, {"shortcut": "کتاب"}, True),
        ({"shortcut": "hi"}, {"shortcut": "ho"}, False),
        ({"shortcut": "hi"}, {}, False),
        ({"shortcut": "hi", "language": "fa"}, {"shortcut": "hi", "language": "en"}, False),
        ({"shortcut": "hi", "teams": ["a"]}, {"shortcut": "hi", "teams": ["b"]}, False),
        ({"shortcut": "hi", "teams": ["a"]}, {"shortcut": "hi", "teams": ["b", "a"]}, True),
        ({"shortcut": "hi", "teams": ["a"]}, {"shortcut": "hi"}, True),
    ],
)
def test_a_shortcut_means_one_answer(one: dict[str, object], other: dict[str, object], expected: bool) -> None:
    assert collides(answer("a", **one), answer("b", **other)) is expected
    assert collides(answer("b", **other), answer("a", **one)) is expected
    assert not collides(answer("a", **one), answer("a", **one))
