"""How numbers are written in the languages of agents. Pure."""

from collections.abc import Mapping

from schemas.values import AgentLanguage

DIGITS: Mapping[AgentLanguage, str] = {"en": "0123456789", "fa": "۰۱۲۳۴۵۶۷۸۹", "ar": "٠١٢٣٤٥٦٧٨٩", "lv": "0123456789"}


def in_digits(text: str, language: AgentLanguage) -> str:
    """A text whose digits 0 to 9 are those of the language."""
    return text.translate({ord("0") + value: digit for value, digit in enumerate(DIGITS[language])})
