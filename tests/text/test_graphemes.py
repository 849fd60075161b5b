"""A text is cut between characters as its reader sees them."""

import pytest

from services.text.graphemes import grapheme_ends


@pytest.mark.parametrize(
    ("text", "graphemes"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        ("a\r\nb\n\n", ["a", "\r\n", "b", "\n", "\n"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("می\u200cشود", ["م", "ی\u200c", "ش", "و", "د"]),
        ("مُحَمَّد", ["مُ", "حَ", "مَّ", "د"]),
        ("👋🏽👋", ["👋🏽", "👋"]),
        ("👨‍👩‍👧👨", ["👨‍👩‍👧", "👨"]),
        ("🇮🇷🇱🇻🇮", ["🇮🇷", "🇱🇻", "🇮"]),
        ("1️⃣2", ["1️⃣", "2"]),
        ("❤️‍🔥!", ["❤️‍🔥", "!"]),
        ("각ᄀ", ["각", "ᄀ"]),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007fx", ["\U0001f3f4\U000e0067\U000e0062\U000e007f", "x"]),
        # A joiner joins emoji, and no letters.
        ("ب\u200dج", ["ب\u200d", "ج"]),
    ],
)
def test_graphemes_are_those_of_unicode(text: str, graphemes: list[str]) -> None:
    ends = grapheme_ends(text)
    assert [text[start:end] for start, end in zip([0, *ends], ends, strict=False)] == graphemes
