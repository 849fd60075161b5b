"""Reactions to a message: one of each author, the newest; what was taken back stays as a trace."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Reaction
from schemas.conversation import Author, MessageReaction
from services.router.conversations.domain.reactions import MAX_EMOJI, MAX_REACTIONS, of_author, reacted, reaction_of
from tests.fakes import START

SARA = Author(kind="customer", id="telegram:main:1", name="Sara")


def activity(**fields: Any) -> Activity:
    given = {"id": "a", "workspace": "w", "channel": "telegram", "account": "main", "kind": "reaction"}
    return Activity(**{**given, "surface": "private", "person": "telegram:main:1", "received_at": START, **fields})


def reaction(emoji: str | None, seconds: float, author: Author = SARA) -> MessageReaction:
    return MessageReaction(author=author, emoji=emoji, removed=emoji is None, at=START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("fields", "emoji", "removed"),
    [
        ({"reaction": Reaction(emoji="👍")}, "👍", False),
        ({"reaction": Reaction(emoji="👍", removed=True)}, None, True),
        ({"details": {"added": ["❤"], "removed": []}}, "❤", False),
        ({"details": {"now": ["🔥"], "removed": ["❤"]}}, "🔥", False),
        ({"details": {"added": [], "removed": ["❤"]}}, None, True),
        ({"reaction": Reaction(emoji="x" * 100)}, "x" * MAX_EMOJI, False),
    ],
)
def test_a_report_is_read_by_its_field_and_by_the_words_of_before(
    fields: dict[str, Any], emoji: str | None, removed: bool
) -> None:
    found = reaction_of(activity(person_name="Sara", **fields))
    assert found is not None
    assert (found.author, found.emoji, found.removed, found.at) == (SARA, emoji, removed, START)


def test_what_reports_no_reaction_is_none() -> None:
    assert reaction_of(activity()) is None


def test_our_own_side_is_named_and_no_person() -> None:
    found = reaction_of(activity(author="account", author_name="Shop", reaction=Reaction(emoji="👍")))
    assert found is not None
    assert found.author == Author(kind="account", id=None, name="Shop")


@given(st.permutations([("👍", 1), ("❤", 2), (None, 3)]))
def test_the_newest_of_an_author_stays_in_any_order(order: list[tuple[str | None, int]]) -> None:
    known: list[MessageReaction] = []
    for emoji, seconds in order:
        known = reacted(known, reaction(emoji, seconds)) or known
    assert known == [reaction(None, 3)]


def test_two_authors_have_one_each() -> None:
    reza = Author(kind="customer", id="telegram:main:2", name="Reza")
    known = reacted([reaction("👍", 1)], reaction("❤", 0, reza))
    assert known is not None
    assert [of_author(known, author) for author in (SARA, reza)] == [reaction("👍", 1), reaction("❤", 0, reza)]


def test_the_latest_are_stored_when_there_are_too_many() -> None:
    known: list[MessageReaction] = []
    for number in range(MAX_REACTIONS + 2):
        known = reacted(known, reaction("👍", number, Author(kind="customer", id=str(number)))) or known
    assert (len(known), known[0].author.id) == (MAX_REACTIONS, "2")
