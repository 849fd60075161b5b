"""First guesses of intent and sentiment in all four languages."""

import pytest

from services.text.folding import fold_text
from services.text.intents import detect_intent
from services.text.normalise import normalise
from services.text.sentiment import detect_sentiment


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I want my money back", "refund"),
        ("می‌خوام مرجوع کنم", "refund"),
        ("أريد استرجاع المبلغ", "refund"),
        ("gribu naudu atpakaļ", "refund"),
        ("سفارشم هنوز نرسیده", "order_status"),
        ("cik maksā piegāde?", "delivery"),
        ("پرداخت انجام شد ولی ثبت نشد", "payment"),
        ("the item is damaged", "complaint"),
        ("is anyone there? I want to talk to a human", "human"),
        ("my son ordered it by mistake, please cancel", "cancel"),
        ("sefaresham ro cancel konid", "cancel"),
        ("nevaru ielogoties, parole nestrada", "technical"),
        ("سلام", None),
        ("what are your opening hours", None),
        ("12345", None),
        ("", None),
    ],
)
def test_intent_follows_the_words(text: str, intent: str | None) -> None:
    assert detect_intent(text) == intent


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("thanks, great service", "positive"),
        ("not good at all", "negative"),
        ("افتضاح بود", "negative"),
        ("خوب نیست", "negative"),
        ("paldies, lieliski!", "positive"),
        ("شكرا جزيلا", "positive"),
        ("😡😡", "negative"),
        ("where is my order", "neutral"),
        ("123", None),
    ],
)
def test_sentiment_follows_the_words(text: str, sentiment: str | None) -> None:
    assert detect_sentiment(text) == sentiment


def test_spellings_of_one_word_are_one() -> None:
    assert normalise("  كتـــابِ‌ ۱۲۳ ＡＢＣ ") == "کتاب 123 abc"


def test_folding_keeps_every_place() -> None:
    text = "İ ﬁ ـ ۱² ﷺ ß é 𝟗 e\u0301 ㅤ9"
    looked_at = fold_text(text)
    places = [looked_at.original_span(i, i + 1) for i in range(len(looked_at.plain))]
    assert all(0 <= start < stop <= len(text) for start, stop in places)
    assert [text[start] for (start, _), plain in zip(places, looked_at.plain, strict=True) if plain == "9"] == [
        "𝟗",
        "9",
    ]
