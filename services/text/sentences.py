"""Sentences for agents, in their language and in the workspace's time: each has a stable code, parameters, and words per language. Pure.

Each room has one `Phrasebook`. A sentence names its parameters as `str.format` does; a number has the digits of the language, and
`{n:calls}` is a number with what it counts, in the form that the number requires. `{at:moment}` is a time, `{n:megabytes}` a size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from schemas.days import to_jalali
from schemas.values import AgentLanguage, Json, Problem, instant, instant_text
from services.text.bidi_isolation import FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE, isolate
from services.text.numerals import in_digits
from services.text.plurals import PluralCategory, plural_category

Wording = Mapping[AgentLanguage, str]
"""Language → the sentence."""
Forms = Mapping[PluralCategory, str]
"""Category → what a number counts, with the number as `{n}`. `other` stands for every category that is not stated."""
Value = str | int | datetime
RIGHT_TO_LEFT: frozenset[AgentLanguage] = frozenset({"fa", "ar"})
MOMENTS: Mapping[AgentLanguage, tuple[str, str]] = {
    "en": ("at {time}", "on {date} at {time}"),
    "fa": ("در ساعت {time}", "در {date} ساعت {time}"),
    "ar": ("في الساعة {time}", "في {date} الساعة {time}"),
    "lv": ("plkst. {time}", "{date} plkst. {time}"),
}
"""How a time of today and of another day are written."""
MEGABYTES: Mapping[AgentLanguage, tuple[str, str]] = {
    "en": (".", "MB"),
    "fa": ("٫", "مگابایت"),
    "ar": ("٫", "ميغابايت"),
    "lv": (",", "MB"),
}
"""The decimal separator, and the unit of a size."""


@dataclass(frozen=True, slots=True)
class SentenceReader:
    """Who reads a sentence: their language, and the workspace's time zone; `names_zone` puts its name behind each time."""

    language: AgentLanguage = "en"
    timezone: str = "UTC"
    names_zone: bool = False


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """The sentences of one room, by their codes, and the nouns that they count."""

    sentences: Mapping[str, Wording]
    nouns: Mapping[str, Mapping[AgentLanguage, Forms]] = field(default_factory=dict)

    def needs(self, code: str) -> set[str]:
        """The names of the parameters of a sentence; empty for an unknown code."""
        wording = self.sentences.get(code)
        return parameters(wording["en"]) if wording else set()

    def word(self, code: str, reader: SentenceReader, params: Mapping[str, Any], now: datetime | None = None) -> str:
        """The sentence of a code; with `now`, times of today are without their day. Raises KeyError for an unknown code."""
        formatter = _SentenceFormatter(self.nouns, reader, now)
        return formatter.vformat(self.sentences[code][reader.language], (), params)

    def problem(
        self, status: int, title: str, reason: str, pointer: str | None, params: Mapping[str, Value]
    ) -> Problem:
        """The problem of a sentence, which is English until somebody reads it: `translated`."""
        detail = self.word(reason, SentenceReader(), params)
        stored = stored_params(**params)
        return Problem(status=status, title=title, detail=detail, pointer=pointer, reason=reason, params=stored)

    def translated(self, problem: Problem, language: AgentLanguage) -> Problem:
        """The problem with its sentence in this language. One that is no sentence of this book stays."""
        if problem.reason is None or problem.reason not in self.sentences:
            return problem
        detail = self.word(problem.reason, SentenceReader(language), problem.params)
        return problem.model_copy(update={"detail": detail})


def parameters(sentence: str) -> set[str]:
    """The names of the parameters of a sentence."""
    found = set()
    for _, name, format_spec, _ in Formatter().parse(sentence):
        if name is not None:
            found |= {name} | parameters(format_spec or "")
    return found


def stored_params(**params: Value | None) -> dict[str, Json]:
    """Parameters as they travel and are stored: times as RFC 3339; what is None is left out."""
    return {
        name: instant_text(value) if isinstance(value, datetime) else value
        for name, value in params.items()
        if value is not None
    }


class _SentenceFormatter(Formatter):
    def __init__(
        self, nouns: Mapping[str, Mapping[AgentLanguage, Forms]], reader: SentenceReader, now: datetime | None
    ) -> None:
        self._nouns = nouns
        self._reader = reader
        self._now = now

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[str(key)]

    def format_field(self, value: Any, format_spec: str) -> str:
        language = self._reader.language
        if format_spec == "moment":
            return moment(value if isinstance(value, datetime) else instant(value), self._reader, self._now)
        if format_spec == "megabytes":
            return megabytes(value, language)
        if isinstance(value, int):
            return counted(value, self._nouns[format_spec], language) if format_spec else digits(value, language)
        return quoted(str(value), language)


def counted(number: int, noun: Mapping[AgentLanguage, Forms], language: AgentLanguage) -> str:
    """A number with what it counts."""
    forms = noun[language]
    form = forms.get(plural_category(number, language)) or forms["other"]
    return form.format(n=digits(number, language))


def digits(number: int, language: AgentLanguage) -> str:
    """A number in the digits of the language."""
    return in_digits(str(number), language)


def megabytes(size: int, language: AgentLanguage) -> str:
    """A size in bytes as MB of a million."""
    separator, unit = MEGABYTES[language]
    return f"{in_digits(f'{size / 1_000_000:.1f}', language).replace('.', separator)} {unit}"


def moment(at: datetime, reader: SentenceReader, now: datetime | None) -> str:
    """A time in the workspace's time zone, with its day unless that is today."""
    zone = ZoneInfo(reader.timezone)
    local, today = at.astimezone(zone), now.astimezone(zone).date() if now else None
    form = MOMENTS[reader.language][local.date() != today]
    day = in_digits(_day(local.date(), reader.language), reader.language)
    time = in_digits(f"{local:%H:%M}", reader.language)
    if reader.names_zone:
        name = quoted(reader.timezone, reader.language)
        time = f"{time} {name}" if reader.timezone == "UTC" else f"{time} ({name})"
    return form.format(time=time, date=day)


def _day(day: date, language: AgentLanguage) -> str:
    return "{:04}/{:02}/{:02}".format(*to_jalali(day)) if language == "fa" else f"{day:%Y-%m-%d}"


def quoted(text: str, language: AgentLanguage) -> str:
    """A strange text inside our sentence. One word needs no isolation: it has no marks that could change sides (UAX 9)."""
    if language not in RIGHT_TO_LEFT or text.replace("_", "").isalnum():
        return isolate(text)
    # An ASCII text is left to right, and its punctuation would go over to our side.
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}" if text.isascii() else isolate(text)
