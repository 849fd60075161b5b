"""How long a text is for each platform, against the rules that the platforms publish."""

import pytest

from schemas.channel import TextUnit
from services.text.text_length import text_length

FAMILY, FLAG, KEYCAP, WAVE = "👨‍👩‍👧", "🇮🇷", "1️⃣", "👋🏽"
PERSIAN, ZWNJ_WORD, ARABIC, LATVIAN = "سلام", "می‌شود", "مرحبا", "Paldies, drīz būs"


@pytest.mark.parametrize(
    ("unit", "text", "length"),
    [
        ("code_points", "", 0),
        ("code_points", ZWNJ_WORD, 6),
        ("code_points", FAMILY, 5),
        ("utf16", PERSIAN, 4),
        ("utf16", "😀", 2),
        ("utf16", FAMILY, 8),
        ("utf16", FLAG, 4),
        ("bytes", PERSIAN, 8),
        ("bytes", LATVIAN, 19),
        ("bytes", "😀", 4),
        # X: config v3 of twitter-text
        ("weighted", "hello", 5),
        ("weighted", LATVIAN, 17),
        ("weighted", PERSIAN, 4),
        ("weighted", ARABIC, 5),
        ("weighted", ZWNJ_WORD, 6),
        ("weighted", "你好", 4),
        ("weighted", "e\u0301", 1),
        ("weighted", "😀", 2),
        ("weighted", FAMILY, 2),
        ("weighted", FLAG, 2),
        ("weighted", KEYCAP, 2),
        ("weighted", WAVE, 2),
        ("weighted", "“quoted” – yes…", 16),
        ("weighted", "https://a.example/" + "x" * 100, 23),
        ("weighted", "https://a.example/b.", 24),
        ("weighted", "see example.com", 27),
        ("weighted", f"{PERSIAN} https://a.example/۱۲", 4 + 1 + 23 + 2),
        # SMS: seven bits, or sixteen for everything else
        ("segments", "", 0),
        ("segments", "a" * 160, 1),
        ("segments", "a" * 161, 2),
        ("segments", "a" * 306, 2),
        ("segments", "a" * 307, 3),
        ("segments", "€" * 80, 1),
        ("segments", "€" * 81, 2),
        # An escape is not torn: 152 places are used of the first segment, and 77 pairs go into the second.
        ("segments", "€" * 152, 2),
        ("segments", "€" * 153, 3),
        ("segments", "س" * 70, 1),
        ("segments", "س" * 71, 2),
        ("segments", "س" * 134, 2),
        ("segments", "س" * 135, 3),
        ("segments", "ā" + "a" * 69, 1),
        ("segments", "ā" + "a" * 70, 2),
        ("segments", "😀" * 35, 1),
        ("segments", "😀" * 66, 2),
        ("segments", "😀" * 67, 3),
        ("segments", "ü" * 160, 1),
    ],
)
def test_length_is_counted_as_the_platform_counts(unit: TextUnit, text: str, length: int) -> None:
    assert text_length(text, unit) == length
