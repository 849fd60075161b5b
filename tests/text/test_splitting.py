"""Long texts become messages that a platform takes, and nothing of them is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channel import TextUnit
from services.text.graphemes import grapheme_ends
from services.text.splitting import split_text
from services.text.text_length import text_length

UNITS: list[TextUnit] = ["code_points", "utf16", "bytes", "weighted", "segments"]
PIECES = [
    *("a", "B", " ", ". ", "! ", "؟ ", "۔ ", "… ", "\n", "\n\n", "\r\n", "12. ", "Nr. ", "u.c. ", "\u00a0", ")", "»"),
    *("سلام", "می\u200cشود", "ā", "e\u0301", "👋🏽", "👨‍👩‍👧", "🇮🇷", "1️⃣", "你", "^", "€"),
    *("https://a.example/b-c?d=1", "example.com", "\u064e", "\u200d"),
]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=80).map("".join)


def without_space(text: str) -> str:
    return "".join(text.split())


@given(TEXTS, st.sampled_from(UNITS), st.integers(2, 60))
def test_nothing_is_lost_and_no_part_is_over_the_limit(text: str, unit: TextUnit, limit: int) -> None:
    parts = list(split_text(text, limit, unit))
    assert without_space("".join(parts)) == without_space(text)
    # A part over the limit is one character that no cut makes shorter.
    assert all(text_length(part, unit) <= limit or len(part) == 1 for part in parts)
    # In order, with nothing but white space between two parts.
    position = 0
    for part in parts:
        found = text.index(part, position)
        assert not text[position:found].strip()
        position = found + len(part)


@given(TEXTS, st.integers(30, 60))
def test_no_cut_is_within_a_grapheme(text: str, limit: int) -> None:
    whole = text.strip()
    ends, position = {0, *grapheme_ends(whole)}, 0
    longest = max(
        (end - start for start, end in zip([0, *grapheme_ends(whole)], grapheme_ends(whole), strict=False)), default=0
    )
    for part in split_text(whole, limit):
        position = whole.index(part, position)
        # A cut before white space that carries a mark of its own is between the two.
        assert position in ends or whole[position - 1].isspace() or longest > limit
        position += len(part)
        assert position in ends or whole[position].isspace() or longest > limit


@given(TEXTS, st.integers(30, 60))
def test_no_cut_is_within_a_word_or_a_url_that_fits(text: str, limit: int) -> None:
    # With its no-break spaces as letters: they belong to a word.
    whole, position = text.replace("\u00a0", "x"), 0
    if any(len(word) > limit for word in whole.split()):
        return
    for part in split_text(whole, limit):
        position = whole.index(part, position) + len(part)
        assert position >= len(whole.rstrip()) or whole[position].isspace() or whole[position - 1].isspace()


@given(TEXTS, st.sampled_from(UNITS))
def test_a_text_that_fits_is_one_part_unchanged(text: str, unit: TextUnit) -> None:
    assert list(split_text(text, text_length(text, unit), unit)) == [text]


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("One is here. Two is here. Three.", 26, ["One is here. Two is here.", "Three."]),
        ("Ask Dr. Berg about it. Then write.", 24, ["Ask Dr. Berg about it.", "Then write."]),
        ("It is 3.5 kg. It costs 10. Order it.", 29, ["It is 3.5 kg. It costs 10.", "Order it."]),
        ("سلام! بسته‌ی شما رسید. آیا سؤالی دارید؟ بله.", 24, ["سلام! بسته‌ی شما رسید.", "آیا سؤالی دارید؟ بله."]),
        ("مرحبا! وصل الطلب. هل لديك سؤال؟ نعم.", 20, ["مرحبا! وصل الطلب.", "هل لديك سؤال؟ نعم."]),
        ("Sūtām 12. martā plkst. 15 no rīta. Vai der?", 36, ["Sūtām 12. martā plkst. 15 no rīta.", "Vai der?"]),
        ("Ir krekli, bikses u.c. preces. Skatieties!", 32, ["Ir krekli, bikses u.c. preces.", "Skatieties!"]),
        ("“Is it here?” she asked. Yes.", 24, ["“Is it here?” she asked.", "Yes."]),
        ("First line\nsecond line is longer", 16, ["First line", "second line is", "longer"]),
        # A sentence that fills next to nothing is not worth a message of its own.
        ("Ok. this sentence goes on and on and on", 30, ["Ok. this sentence goes on and", "on and on"]),
        ("see https://a.example/a.b/c?d now", 28, ["see", "https://a.example/a.b/c?d", "now"]),
        ("word " + "x" * 12, 10, ["word", "x" * 10, "xx"]),
        ("می‌خواهم‌بروم", 7, ["می‌خواه", "م‌بروم"]),
        ("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 11, ["👨‍👩‍👧👨‍👩‍👧", "👨‍👩‍👧"]),
        ("🇮🇷🇱🇻🇮🇷", 3, ["🇮🇷", "🇱🇻", "🇮🇷"]),
        ("e\u0301" * 3, 3, ["e\u0301", "e\u0301", "e\u0301"]),
    ],
)
def test_parts_end_where_a_person_would_end_them(text: str, limit: int, parts: list[str]) -> None:
    assert list(split_text(text, limit)) == parts


def test_only_the_parts_that_are_asked_for_cost_anything() -> None:
    parts = split_text("این جمله تکرار می‌شود. " * 3_000, 280, "weighted")
    assert [text_length(next(parts), "weighted") <= 280 for _ in range(3)] == [True] * 3
