"""What agents are told of by a notification: the words in every language, and how long it is worth something."""

from datetime import timedelta
from typing import get_args

import pytest

from schemas.values import AgentLanguage
from services.domain.push_notices import BOOK, NoticeKind, PushNotice, is_told_just_now
from services.text.sentences import SentenceReader
from tests.fakes import START

KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_with_the_name_in_every_language(kind: NoticeKind) -> None:
    said = [BOOK.word(kind, SentenceReader(language), {"name": "Neda"}) for language in get_args(AgentLanguage)]
    assert len(set(said)) == 4
    assert all("Neda" in words for words in said)


@pytest.mark.parametrize(
    ("kind", "ttl", "urgency"),
    [
        ("offer", 60, "high"),
        ("given", 300, "high"),
        ("message", 300, "normal"),
        ("mention", 300, "normal"),
        ("due", 300, "normal"),
    ],
)
def test_how_long_and_how_urgent_it_is(kind: NoticeKind, ttl: int, urgency: str) -> None:
    notice = PushNotice(kind, "c1", "sara")
    assert (notice.ttl_seconds, notice.urgency) == (ttl, urgency)


@pytest.mark.parametrize(("seconds", "expected"), [(0, True), (29.9, True), (30, False), (300, False)])
def test_a_conversation_is_told_once_in_half_a_minute_but_for_offers(seconds: float, expected: bool) -> None:
    now = START + timedelta(seconds=seconds)
    assert is_told_just_now("message", START, now) is expected
    assert not is_told_just_now("offer", START, now)
    assert not is_told_just_now("message", None, now)
