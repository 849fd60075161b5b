"""Secrets lose their value; what a shop needs to help stays, unless everybody can read it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.text.checksums import iban, iranian_id, latvian_id, luhn
from services.text.issuers import is_card
from services.text.sensitive import RedactionResult, redact

ALPHABETS = ("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
SEPARATORS = ("", "", "", " ", "-", ".", " - ", "\u200c", "\u00a0", "–", "ـ", "/", "\u2066", "_", "  ", "\ufe0f\u20e3")
WORDS = ("", "my card is ", "کارت من ", "شماره‌کارتم:", "mana karte ", "بطاقتي ", "nr", "€ ")


def check_digit(payload: str) -> str:
    return next(d for d in "0123456789" if luhn(payload + d))


def has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


BEGINNINGS = ("4", "5105", "2223", "603799", "610433", "621986", "991975", "5892", "676770", "353011", "9792", "2200")


@st.composite
def cards(draw: st.DrawFn) -> str:
    beginning = draw(st.sampled_from(BEGINNINGS))
    payload = beginning + draw(st.text("0123456789", min_size=15 - len(beginning), max_size=15 - len(beginning)))
    number = payload + check_digit(payload)
    written = [draw(st.sampled_from(ALPHABETS))[int(d)] for d in number]
    gaps = draw(st.lists(st.sampled_from(SEPARATORS), min_size=len(number) - 1, max_size=len(number) - 1))
    return "".join(d + gap for d, gap in zip(written, [*gaps, ""], strict=True))


@given(cards(), st.sampled_from(WORDS), st.booleans())
def test_no_digit_of_a_card_stays_however_it_is_written(card: str, word: str, public: bool) -> None:
    masked = redact(f"{word}{card} ok", public=public)
    assert not has_digit(masked.text)
    assert "card" in masked.kinds
    assert masked.text.startswith(word)


@given(
    st.text("0123456789", min_size=3, max_size=12),
    st.sampled_from(["order {}", "سفارش {} کو؟", "{} €", "قیمت {} تومان", "pasūtījums {}"]),
)
def test_order_numbers_and_prices_stay_in_private(number: str, sentence: str) -> None:
    text = sentence.format(number)
    assert redact(text, public=False).text == text


@given(st.text("0123456789", min_size=13, max_size=19))
def test_long_number_without_the_check_digit_is_no_card(number: str) -> None:
    assume(not luhn(number) and not any(is_card(number[:size]) for size in (15, 16)))
    assert "card" not in redact(f"parcel {number}", public=False).kinds


@given(st.text(), st.booleans())
def test_text_changes_exactly_when_something_was_found(text: str, public: bool) -> None:
    masked = redact(text, public=public)
    assert bool(masked.kinds) == (masked.text != text)


# text, what remains in private, kinds
SECRETS = [
    ("4111 1111 1111 1111 12/27 123", "[card] 12/27 [cvv]", ["card", "cvv"]),
    ("card 4111111111111111, paid 1,250,000", "card [card], paid 1,250,000", ["card"]),
    ("card\n4111\n     1111\r\n\r\n\r\n1111\t\t\t\t\t\t1111", "card\n[card]", ["card"]),
    ("4111 - 1111 - 1111 -- 1111", "[card]", ["card"]),
    ("https://pay.example/?c=4111%201111%201111%201111", "https://pay.example/?c=[card]", ["card"]),
    ("https://x.example/%DB%B4%DB%B1%DB%B1%DB%B1-1111-1111-1111#%20", "https://x.example/[card]# ", ["card"]),
    ('{"card": "4111\\r\\n1111\\t1111 1111"}', '{"card": "[card]"}', ["card"]),
    (r'{"c": "\u06f4\u06f1\u06f1\u06f1111111111111", "x": "\ud83d"}', '{"c": "[card]", "x": "\ufffd"}', ["card"]),
    (r"\ud835\udfd2111111111111111", "[card]", ["card"]),
    ("4111 1111 1111 1111 and cvv%3A123%00", "[card] and cvv:[cvv]", ["card", "cvv"]),
    ("4111:1111:1111:1111", "[card]", ["card"]),
    ("pay 4111💳1111 💳 1111=>1111!", "pay [card]!", ["card"]),
    ("④⑤③⑨⑤⑦⑧⑦⑥③⑥②①④⑧⑥", "[card]", ["card"]),
    ("3782; 822463; 10005", "[card]", ["card"]),
    ("order 12345 4111111111111111", "order 12345 [card]", ["card"]),
    ("cvv2: ۱۲۳", "cvv2: [cvv]", ["cvv"]),
    ("کد تایید ۱۲۳۴۵۶", "کد تایید [code]", ["code"]),
    ("کد تأیید من: 88421", "کد تأیید من: [code]", ["code"]),
    ("رمز التحقق 445566", "رمز التحقق [code]", None),
    ("vienreizējais kods 123 456", "vienreizējais kods [code]", ["code"]),
    ("your verification code is 482-913", "your verification code is [code]", ["code"]),
    ("my password is hunter2", "my password is [password]", ["password"]),
    ("password: sunshine", "password: [password]", ["password"]),
    ("رمز عبورم abc123 است", "رمز عبورم [password] است", ["password"]),
    ("mana parole: Saule99", "mana parole: [password]", ["password"]),
    ("كلمة المرور: abcd99", "كلمة المرور: [password]", ["password"]),
    ("کد ملی من ۰۰۸۴۵۷۵۹۴۸ است", "کد ملی من [national_id] است", ["national_id"]),
    ("personas kods 161175-19997", "personas kods [national_id]", ["national_id"]),
    ("p.k. 320000-12345", "p.k. [national_id]", ["national_id"]),
]


@pytest.mark.parametrize(("text", "remains", "kinds"), SECRETS)
def test_secret_is_masked_in_private_too(text: str, remains: str, kinds: list[str] | None) -> None:
    masked = redact(text, public=False)
    assert masked.text == remains
    assert kinds is None or masked.kinds == kinds


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password please help",
        "I forgot my password, order 12345",
        "رمز عبورم رو فراموش کردم سفارش 12345",
        "confirmation code for order 12345 never came",
        "کد تایید سفارش 12345 نیومد",
        "password is wrong",
        "سلام کد ۱۲۳۴ موجوده؟",
        "کد تخفیف 1234",
        "discount code 1234",
        "کد رهگیری ۱۲۳۴۵۶۷۸۹۰۱۲",
        "2026-11-22 10:30:45",
        "010190-99999 is the model",
        "+98 912 123 4567",
        "LV80BANK0000435195001",
        "IR062960000000100324200001",
        "pt-br",
        "edited_message",
        "sara@example.org",
        "DE25 5001 0517 5400 0009 00",
        "2001:4860:4860:8888 at 2019 : 2020 : 2021 : 2024",
        "4111, 1111, 1111, 1112 and 4111:1111:1111:1112",
        r"C:\new\users\u0041 and \n",
        "https://shop.example/%D8%B3%D9%84%D8%A7%D9%85?page=50%25",
    ],
)
def test_what_a_shop_needs_stays_in_private(text: str) -> None:
    assert redact(text, public=False).text == text


@pytest.mark.parametrize(
    ("text", "remains"),
    [
        ("write to sara.a+x@example.org!", "write to [email]!"),
        ("call 0912 123 4567", "call [phone]"),
        ("call +371 29 123 456", "call [phone]"),
        ("zvani 29123456", "zvani [phone]"),
        ("to LV80 BANK 0000 4351 9500 1 please", "to [iban] please"),
        ("IR062960000000100324200001", "[iban]"),
        ("سفارش ۱۲۳۴۵ چی شد", "سفارش [order] چی شد"),
        ("order #12345 and price 45.90", "order [order] and price 45.90"),
        ("قیمت ۱٬۲۵۰٬۰۰۰ تومان", "قیمت ۱٬۲۵۰٬۰۰۰ تومان"),
        ("Rīga, LV-1050", "Rīga, LV-[address]"),
    ],
)
def test_personal_data_is_masked_in_public(text: str, remains: str) -> None:
    assert redact(text, public=True).text == remains


def test_a_kind_is_told_only_where_it_stands_in_the_text() -> None:
    """The middle of a card number looks like a phone number; nobody gave one."""
    assert redact("my card 4539 5787 6362 1486", public=True) == RedactionResult("my card [card]", ["card"])


def test_checksums_of_published_examples() -> None:
    assert luhn("79927398713")
    assert not luhn("79927398710")
    assert iban("GB82WEST12345698765432")
    assert not iban("GB82WEST12345698765433")
    assert iranian_id("0084575948")
    assert not iranian_id("1111111111")
    assert latvian_id("161175", "19997")
    assert not latvian_id("161175", "19998")


def test_hostile_long_text_is_cheap() -> None:
    """Linear work is far below the limit of the test run; anything quadratic of this size is far above it."""
    hostile = [
        "%25" * 30_000,
        "4111: " * 20_000,
        ("1" + " " * 1000) * 100,
        "1 " * 50_000,
        "a" * 100_000,
        "password," * 12_000,
        "1/" * 50_000,
        "order 1-" * 12_000,
        "+" * 100_000,
    ]
    for text in hostile:
        redact(text, public=True)
