"""What is left out for speed would have found nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.text import language, sensitive
from services.text.normalise import normalise
from services.text.sensitive import redact

ANNOUNCING = (
    "card visa cvv otp pin password parole is ir رمز عبور کد ملی شبا iban lv- order #№ a@b.lv hunter :=- . , % / "
    "7 12 ۳۴ 567 4321 1234567 0012345679 32345678901 GB82 4111111111111111 +371 LV-1010 161175-19997"
)
WORDS = st.sampled_from(ANNOUNCING.split())
TEXTS = st.lists(WORDS | st.text(max_size=8), max_size=12).map(" ".join)


@given(TEXTS, st.booleans())
def test_a_text_with_few_digits_is_masked_as_if_all_was_looked_for(text: str, public: bool) -> None:
    quick = redact(text, public=public)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensitive, "MIN_DIGITS", {})
        assert redact(text, public=public) == quick


@pytest.mark.parametrize(
    "fewest",
    [
        "card 4222222222222",
        "cvv 567",
        "کد ملی 0012345679",
        "otp 567",
        "567 is my otp",
        "+1234567",
        "order 567",
        "lv-1010",
        "NO9386011117947",
    ],
)
def test_what_has_the_fewest_digits_of_its_kind_is_masked(fewest: str) -> None:
    assert redact(fewest, public=True).kinds


@given(st.text(st.characters(max_codepoint=127)))
def test_an_ascii_text_is_normalised_as_others_are(text: str) -> None:
    assert normalise(f"{text} ā") == f"{normalise(text)} ā".strip()


@given(st.text(st.characters(max_codepoint=127)))
def test_the_letters_of_an_ascii_text_are_latin_ones(text: str) -> None:
    assert language._count(language._LATIN, text) == sum(map(str.isalpha, text))
    assert language._count(language._ARABIC, text) == 0


@given(st.text(st.characters(exclude_characters="@#/")) | st.sampled_from(["https:example.com", "www.example.com"]))
def test_addresses_and_tags_are_only_where_their_signs_are(text: str) -> None:
    assert language._URLS_AND_MENTIONS.sub(" ", text) == text
