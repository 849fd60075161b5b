"""Plural categories by the examples of CLDR (unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html)."""

from typing import get_args

import pytest

from schemas.values import AgentLanguage
from services.text.plurals import CATEGORIES, PluralCategory, plural_category

EXAMPLES: dict[AgentLanguage, dict[PluralCategory, list[int]]] = {
    "en": {"one": [1], "other": [0, 2, 11, 21, 100, 101]},
    "fa": {"one": [0, 1], "other": [2, 11, 21, 100]},
    "ar": {
        "zero": [0],
        "one": [1],
        "two": [2],
        "few": [3, 10, 103, 110, 1003, 2210],
        "many": [11, 26, 99, 111, 1011, 2226],
        "other": [100, 101, 102, 200, 1000, 2200, 10_000],
    },
    "lv": {
        "zero": [0, 10, 11, 19, 20, 30, 100, 111, 1000, 2200],
        "one": [1, 21, 31, 101, 2021],
        "other": [2, 9, 22, 29, 102, 109, 1002],
    },
}


@pytest.mark.parametrize("language", get_args(AgentLanguage))
def test_numbers_have_the_categories_of_cldr(language: AgentLanguage) -> None:
    given = {number: category for category, numbers in EXAMPLES[language].items() for number in numbers}
    assert {number: plural_category(number, language) for number in given} == given
    assert set(EXAMPLES[language]) == CATEGORIES[language]
