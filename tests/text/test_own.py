"""What is the shop's own is let through, and nothing else with it."""

import re

import pytest

from schemas.configuration import OwnIdentifiers
from services.text.own import BadPattern, compile_own_identifiers, translate_pattern, validate_own_identifiers
from services.text.sensitive import redact
from tests.text.test_cost import grows_too_fast, hostile, searched, shapes

OWN = OwnIdentifiers(
    phones=["+98 21 8877 6655", "09121234567"],
    emails=["Help@Shop.example"],
    addresses=["Brīvības iela 1, Rīga, LV-1010"],
    cards=["6037 9977 1234 5678", "4111111111111111"],
    ibans=["IR06 2960 0000 0010 0324 2000 01"],
    patterns=["ORD-\\d{4,8}", "#\\d{5}", "(?:INV|RET)[-/]?\\d+"],
)
THE_SHOPS = [
    "call 021 8877 6655",
    "call +982188776655 now",
    "زنگ بزنید ۰۹۱۲۱۲۳۴۵۶۷",
    "write to help@shop.example",
    "we are at Brivibas? no, Brīvības iela 1, Rīga, LV-1010",
    "pay to 4111-1111-1111-1111 please",
    "IR062960000000100324200001",
    "order ORD-12345",
    "سفارش ORD-۱۲۳۴۵",
    "order inv20261128",
    "order #12345",
]


@pytest.mark.parametrize("text", THE_SHOPS)
@pytest.mark.parametrize("public", [False, True])
def test_what_is_the_shops_own_is_let_through(text: str, public: bool) -> None:
    assert redact(text, public=public, own_identifiers=compile_own_identifiers(OWN)).text == text


@pytest.mark.parametrize(
    ("text", "remains"),
    [
        ("call 0912 123 4568", "call [phone]"),
        ("write to help@shop.example.org", "write to [email]"),
        ("pay 4111111111111111 or 5555 5555 5555 4444", "pay 4111111111111111 or [card]"),
        ("order ORD-123456789", "order [order]"),
        ("password: ORD-12345", "password: [password]"),
        ("order 7777", "order [order]"),
    ],
)
def test_what_is_others_is_masked_beside_it(text: str, remains: str) -> None:
    assert redact(text, public=True, own_identifiers=compile_own_identifiers(OWN)).text == remains


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(\\d+)*",
        "(ab){2,3}",
        ".*",
        "\\d{16}",
        "\\d+",
        "[0-9 ]{13,19}",
        "[\\d\\s]+",
        "a{1,400}",
        "x*",
        "(",
        "a)",
        "[z-a]",
        "a++",
        "(?=a)b",
        "\\1",
        "(?P<n>a)",
        "a" * 101,
        "",
        "4\\w{15}",
    ],
)
def test_a_pattern_that_is_slow_or_lets_cards_through_is_refused(pattern: str) -> None:
    assert validate_own_identifiers(OwnIdentifiers.model_construct(patterns=[pattern]))


@pytest.mark.parametrize(
    "own",
    [
        {"phones": ["12"]},
        {"emails": ["nobody"]},
        {"addresses": ["a"]},
        {"cards": ["4111111111111112"]},
        {"ibans": ["LV80BANK000043519500"]},
    ],
)
def test_what_could_never_take_effect_is_refused(own: dict[str, list[str]]) -> None:
    ((pointer, sentence),) = validate_own_identifiers(OwnIdentifiers(**own))
    assert pointer == f"/own/{next(iter(own))}/0"
    assert sentence


def test_all_of_a_good_list_is_taken() -> None:
    assert validate_own_identifiers(OWN) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:a|ab|abc)?\\d*\\d*\\d*\\d*x",
        "\\w*\\w*\\w*\\w*1",
        "[a-z0-9]+[a-z0-9]+-(a|aa|aaa)(a|aa|aaa)(a|aa)?",
        "a*a*a*a*a*b",
    ],
)
def test_whatever_pattern_is_taken_is_linear(pattern: str) -> None:
    compiled = re.compile(rf"(?<![^\W_])(?:{translate_pattern(pattern)})(?![^\W_])", re.IGNORECASE)
    assert [s(30) for s in shapes(hostile(compiled)) if grows_too_fast(searched(compiled), s, 4_000)] == []


def test_a_bad_pattern_says_what_is_allowed() -> None:
    with pytest.raises(BadPattern, match="allowed are letters, digits"):
        translate_pattern("a.b")
