"""A card is masked however it is spelled, and what only looks like one stays readable."""

import random
from uuid import UUID

import pytest

from services.text.issuers import SHETAB
from services.text.sensitive import redact
from tests.examples import scaled
from tests.text.spellings import CARDS, HARMLESS, TEST_CARDS, spelled
from tests.text.test_sensitive import check_digit


def test_spelled_cards_are_found() -> None:
    spellings = spelled()
    missed = [text for text in spellings if "card" not in redact(text, public=False).kinds]
    assert len(spellings) >= 150
    assert len(missed) <= len(spellings) * 0.03, missed


def test_a_mask_keeps_no_group_of_the_card() -> None:
    for text in spelled():
        masked = redact(text, public=False)
        left = "".join(c for c in masked.text.replace("my order 12345", "") if c.isdigit())
        if "card" in masked.kinds:
            kept = [number for number in CARDS if any(number[at : at + 5] in left for at in range(len(number) - 4))]
            assert kept == [], (text, masked.text)


@pytest.mark.parametrize("number", TEST_CARDS)
def test_test_numbers_of_networks_are_cards(number: str) -> None:
    assert redact(number, public=False).text == "[card]"


def test_every_bank_of_shetab_is_known() -> None:
    for beginning in SHETAB:
        payload = f"{beginning}123456789"
        assert redact(payload + check_digit(payload), public=False).text == "[card]"


def test_harmless_numbers_stay() -> None:
    assert len(HARMLESS) >= 100
    alarms = [(text, masked.text) for text in HARMLESS if (masked := redact(text, public=False)).kinds]
    assert alarms == []


def test_random_codes_are_seldom_taken_for_cards() -> None:
    dice = random.Random(20261128)
    codes = ["".join(dice.choices("0123456789", k=dice.randint(13, 19))) for _ in range(scaled(20_000))]
    alarms = sum("card" in redact(code, public=False).kinds for code in codes)
    assert alarms <= len(codes) / 100


def test_a_uuid_holds_no_card() -> None:
    """The digits of this one pass as a card: 4870 0683 7513 1485."""
    reference = "01a22239-5b48-7006-8375-131485e22e83"
    for text in (f"{reference} 0", f"https://shop.example/orders/{reference}", reference.upper()):
        assert redact(text, public=False).kinds == [], text
    assert redact(f"{reference} 4111 1111 1111 1111", public=False).text == f"{reference} [card]"
    assert redact(f"password: {reference}", public=False).kinds == ["password"]
    assert redact("48700683-7513-1485-4870-068375131485", public=False).kinds == ["card"]


def test_a_uuid_holds_no_phone_and_no_account() -> None:
    dice = random.Random(20261128)
    texts = [f"see {UUID(int=dice.getrandbits(128), version=4)}, please" for _ in range(scaled(20_000))]
    assert [text for text in texts if redact(text, public=True).kinds] == []


def test_luhn_alone_is_enough_beside_a_word_that_says_card() -> None:
    number = "1234567890123452"
    assert redact(f"number {number}", public=False).kinds == []
    for word in ("card", "کارت", "بطاقة", "mana karte", "shomare kart"):
        assert redact(f"{word} {number}", public=False).kinds == ["card"], word
