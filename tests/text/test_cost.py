"""What a text costs grows with its length alone: every pattern there is, against texts made of its own words."""

import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

import schemas
import services
from schemas.activity import Activity
from schemas.values import EncryptedText
from services.ingest.enrichment import enrich
from services.text.normalise import _too_many_marks, compatible, normalise

SIZE, FACTOR = 2_000, 4
CHEAP_SECONDS = 0.004
"""FACTOR sizes in less than this are linear whatever the ratio says: the square of it takes several times as long."""
LIMIT_SECONDS = 0.1
"""CPU time after which a search is ended, since some would take years: five times what any pattern of ours needs."""
SIGNS = (
    "1",
    "12 ",
    "1-",
    "1/",
    "a",
    "a ",
    " ",
    "\n",
    "-",
    ".",
    "+",
    "@",
    "a@",
    "a.",
    "#1",
    "[",
    "<a",
    "&#",
    "%41",
    "\\u0041",
    '"',
    "\\",
    "ā",
    "طلب",
    "12,",
)


def compiled() -> dict[str, re.Pattern[Any]]:
    """Every pattern that some module of ours keeps, each once, by where it is."""
    found: dict[str, re.Pattern[Any]] = {"services.text.normalise._too_many_marks": _too_many_marks()}
    for package in (schemas, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                for name, value in vars(importlib.import_module(module.name)).items():
                    found |= {f"{module.name}.{name}{place}": one for place, one in _patterns(value)}
    return {name: one for one, name in {one: name for name, one in sorted(found.items())}.items()}


def _patterns(value: object, place: str = "") -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _patterns(inner, f"{place}[{key!r}]")
    elif isinstance(value, list | tuple | frozenset | set):
        for index, inner in enumerate(value):
            yield from _patterns(inner, f"{place}[{index}]")


PATTERNS = compiled()


def hostile(pattern: re.Pattern[Any]) -> list[str]:
    """Pieces to repeat: the words of the pattern itself, bare, with a space, a digit and a letter after them."""
    source = _source(pattern)
    own = set(re.findall(r"[^\W\d_]{3,}", source))
    words = [word + tail for word in sorted(own) for tail in ("", " ", " 1", "1", ": ")]
    return [
        *words,
        *SIGNS,
        *(first + second for first in ("1", "a", "طلب", "pin ") for second in ("-", "/", " ", ".", "@", ",")),
    ]


def shapes(pieces: list[str]) -> list[Callable[[int], str]]:
    """Ways to make a text of a size: a piece again and again, or once, before and behind a long row of one sign."""
    repeated = [lambda size, p=piece: (p * (size // len(p) + 1))[:size] for piece in pieces]
    led = [lambda size, p=piece, s=sign: p + s * size for piece in pieces[:60:5] for sign in ("1", "a", " ", "طلب")]
    return [*repeated, *led]


class TookTooLongError(Exception):
    """A search used more than LIMIT_SECONDS."""


@contextmanager
def limited() -> Iterator[None]:
    """End what runs here after LIMIT_SECONDS of CPU time, which other processes do not use up: `re` sees signals."""

    def stop(*_: object) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds(work: Callable[[str], object], text: str, *, times: int = 3, enough: float = CHEAP_SECONDS) -> float:
    """The CPU time of the quickest of some runs. A run that took less than `enough` is the last."""
    # Of the thread: Linux counts that of a process in whole ticks while a timer of `limited` runs.
    best = float("inf")
    for _ in range(times):
        started = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - started)
        if best < enough:
            break
    return best


def grows_too_fast(work: Callable[[str], object], shape: Callable[[int], str], size: int) -> tuple[float, float] | None:
    """How long a size and FACTOR times as much took, where that is no longer in proportion: halfway to the square."""
    more = seconds(work, shape(FACTOR * size), times=1)
    if more < CHEAP_SECONDS:
        return None
    # Measured again, and longer: another process may have had the processor's caches meanwhile.
    once = 0.0
    for times in (2, 5, 5):
        once, more = seconds(work, shape(size), times=times, enough=0), seconds(work, shape(FACTOR * size), times=times)
        if more < 2 * FACTOR * once:
            return None
    return once, more


def slow_text(pattern: re.Pattern[Any]) -> str | None:
    """The start of a text in which a pattern takes more than its share, or does not come to an end."""
    work = searched(pattern)
    for shape in shapes(hostile(pattern)):
        try:
            is_slow = grows_too_fast(work, shape, SIZE) is not None
        except TookTooLongError:
            is_slow = True
        if is_slow:
            return shape(40)
    return None


def _source(pattern: re.Pattern[Any]) -> str:
    """Any: a pattern is of text or of bytes."""
    return pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")


def searched(pattern: re.Pattern[Any]) -> Callable[[str], object]:
    """Any: as above."""

    def search(text: str) -> None:
        sought = text.encode() if isinstance(pattern.pattern, bytes) else text
        with limited():
            for _ in pattern.finditer(sought):
                pass
            pattern.fullmatch(sought)

    return search


def test_patterns_are_found() -> None:
    assert len(PATTERNS) > 50
    assert "services.text.sensitive_patterns.PHONE" in PATTERNS


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_pattern_is_linear(name: str) -> None:
    assert slow_text(PATTERNS[name]) is None


QUADRATIC = (r"\w*x(?!\w)", r"\d+x", r"طلب\w*\d", r"\s*from:", r"@[^:]++:")
EXPONENTIAL = (r"(?:a+)+x", r"(?:\d|\d\d)+x", r"(?:طلب|ط\w+)*x")


@pytest.mark.parametrize("pattern", [*QUADRATIC, *EXPONENTIAL])
def test_a_pattern_that_is_not_linear_would_be_seen(pattern: str) -> None:
    assert slow_text(re.compile(pattern)) is not None


FREEZING = (
    "123 " + "طلب" * 1364,
    "طلب" * 5000,
    "pasūtījum" * 1500,
    "password," * 1500,
    "pin code otp " * 1200,
    "1 2 3 4 5 6 7 8 9 " * 800,
    "4111 " * 3000,
    "01a22239-5b48-7006-8375-131485e22e83 " * 300,
    "card 4111 1111 1111 1111 " * 500,
    "LV80 BANK 0000 4351 9500 1 " * 500,
    "a" + "\u0301" * 4950 + "\u0316" * 4950,
    "a" + "\u0f73" * 9000,
    "a" + ("\u0301\u0316" * 15 + "b") * 300,
    "ﷺ" * 9000,
    "".join(map(chr, range(0x2000, 0x2000 + 12000))),
    "&#52;" * 3000,
    "%2534" * 3000,
    "<b>4</b>" * 2000,
)


def message(text: str) -> Activity:
    return Activity(
        id="1",
        workspace="shop",
        channel="telegram",
        account="main",
        kind="message",
        surface="public",
        person="telegram:main:1",
        text=EncryptedText(text=text),
        received_at=datetime(2026, 11, 28, tzinfo=UTC),
    )


def understand(text: str) -> None:
    """What a message costs that nobody has written before."""
    normalise.cache_clear()
    enrich(message(text))


@pytest.mark.parametrize("text", FREEZING, ids=range(len(FREEZING)))
def test_understanding_a_hostile_text_is_cheap(text: str) -> None:
    """The longest text of a platform within some tens of milliseconds, also on a machine that is busy."""
    piece = (text * (10_000 // len(text) + 1))[:10_000]
    assert seconds(understand, piece, times=5, enough=0.2) < 0.2


@pytest.mark.parametrize("text", FREEZING, ids=range(len(FREEZING)))
def test_understanding_costs_in_proportion(text: str) -> None:
    def shape(size: int) -> str:
        return (text * (size // len(text) + 1))[:size]

    assert grows_too_fast(understand, shape, SIZE) is None


def test_text_is_stream_safe_before_it_is_normalised() -> None:
    assert len(compatible("a" + "\u0301" * 100)) == 30  # the first mark and its letter are one character
    assert seconds(compatible, "a" + "\u0301" * 50_000 + "\u0316" * 50_000) < 0.1
    assert seconds(compatible, "a" + "\u0f73" * 100_000) < 0.1
    assert compatible("e\u0301") == "é"
