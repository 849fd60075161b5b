"""The plural forms that numbers require in the languages of agents, by the rules of CLDR. Pure.

(unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html, cardinals of whole numbers)
"""

from collections.abc import Callable, Mapping
from typing import Literal

from schemas.values import AgentLanguage

PluralCategory = Literal["zero", "one", "two", "few", "many", "other"]


def plural_category(number: int, language: AgentLanguage) -> PluralCategory:
    """The category of a number that is not negative, which selects the form of what it counts."""
    return _RULES[language](number)


def _english(number: int) -> PluralCategory:
    return "one" if number == 1 else "other"


def _persian(number: int) -> PluralCategory:
    return "one" if number in {0, 1} else "other"


def _arabic(number: int) -> PluralCategory:
    if number <= 2:
        return ("zero", "one", "two")[number]
    rest = number % 100
    if 3 <= rest <= 10:
        return "few"
    return "many" if rest > 10 else "other"


def _latvian(number: int) -> PluralCategory:
    if number % 10 == 0 or 11 <= number % 100 <= 19:
        return "zero"
    return "one" if number % 10 == 1 else "other"


_RULES: Mapping[AgentLanguage, Callable[[int], PluralCategory]] = {
    "en": _english,
    "fa": _persian,
    "ar": _arabic,
    "lv": _latvian,
}
CATEGORIES: Mapping[AgentLanguage, frozenset[PluralCategory]] = {
    "en": frozenset({"one", "other"}),
    "fa": frozenset({"one", "other"}),
    "ar": frozenset({"zero", "one", "two", "few", "many", "other"}),
    "lv": frozenset({"zero", "one", "other"}),
}
"""The categories that a language has. A form that is not stated is that of `other`."""
