"""Which language, by what the text shows, and by what is expected where it shows nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.text.language import detect

CLEAR = [
    ("سلام، سفارش من هنوز نرسیده است", "fa"),
    ("این محصول موجوده؟", "fa"),
    ("بسته من نرسید", "fa"),
    ("كجاست سفارش من؟ لطفا بگيد", "fa"),
    ("salam sefaresham kojast", "fa"),
    ("مرحبا، أين طلبي؟", "ar"),
    ("هل وصل الطلب", "ar"),
    ("لم يصل طلبي بعد وأريد استرجاع المبلغ", "ar"),
    ("Labdien, kur ir mans pasūtījums?", "lv"),
    ("labdien kur ir mans pasutijums", "lv"),
    ("Paldies!", "lv"),
    ("Where is my order?", "en"),
    ("hello", "en"),
]


@pytest.mark.parametrize(("text", "language"), CLEAR)
@pytest.mark.parametrize("expected", [(), ("fa", "en"), ("ar",), ("lv", "en")])
def test_text_that_shows_its_language_needs_no_prior(text: str, language: str, expected: tuple[str, ...]) -> None:
    assert detect(text, expected=expected) == language


@pytest.mark.parametrize(
    ("text", "hint", "expected", "language"),
    [
        ("سلام", None, ["ar"], "ar"),
        ("سلام", None, ["lv", "fa"], "fa"),
        ("سلام", "fa-IR", ["ar", "fa"], "fa"),
        ("👍", "fa", ["en", "fa"], "fa"),
        ("👍", "it", ["lv"], "lv"),
        ("12345", None, ["lv"], "lv"),
        ("12345", "it", [], "it"),
        ("", None, [], None),
        ("aaaa", None, ["fa", "en"], "en"),
        ("https://example.org/where-is-the-order", None, ["fa"], "fa"),
        ("ich habe meine Bestellung noch nicht erhalten", "de", ["en"], "de"),
        ("Где мой заказ?", "ru", ["lv"], "ru"),
        ("Где мой заказ?", "lv", ["lv"], None),
        ("میرا آرڈر کہاں ہے", None, ["fa"], None),
        ("ご注文はどこ", None, ["en"], None),
    ],
)
def test_priors_decide_what_the_text_does_not(
    text: str, hint: str | None, expected: list[str], language: str | None
) -> None:
    assert detect(text, hint=hint, expected=expected) == language


@given(st.text(), st.none() | st.text(max_size=8), st.lists(st.sampled_from(["fa", "ar", "lv", "en"]), max_size=3))
def test_detection_never_raises(text: str, hint: str | None, expected: list[str]) -> None:
    assert detect(text, hint=hint, expected=expected) != ""


def test_long_word_is_cheap() -> None:
    """Anything quadratic of this size is far above the limit of the test run."""
    assert detect("ž" * 300_000) is not None
