"""How often language, intent and sentiment are right, how often a number is taken for a card, and what a message costs.

The messages of `bench/messages.tsv` are apart from the phrases of `training`, but of the same author: an indication, no
promise for a shop's own. Those marked `tuning` were looked at while the tables were made, those marked `apart` were not.
Those marked `hints` say what is meant in a roundabout way, those marked `latest` were written after every phrase.
"""

import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import ResultRow
from services.text.checksums import luhn
from services.text.intents import INTENTS, class_probabilities, detect_intent, suggest_intent
from services.text.language import WRITTEN_AS, detect
from services.text.normalise import normalise
from services.text.sensitive import redact
from services.text.sentiment import PROBABLE, detect_sentiment

MESSAGES = Path(__file__).parent / "messages.tsv"
WRITTEN = ("fa", "finglish", "ar", "arabizi", "lv", "lv-plain", "en", "other")
"""How a message is written: `lv-plain` is Latvian without its marks, `other` any other language."""
APART = "apart"
PARTS = ("tuning", APART, "hints", "latest")
LANGUAGE_RIGHT, SPEAKS, RIGHT = 0.98, 0.6, 0.8
CODES = 20_000
CODES_AS_CARDS, IMEIS_AS_CARDS = 0.01, 0.0
MICROSECONDS = 130.0
REFERENCE = [(1 << 360) + number for number in range(1_000)]
REFERENCE_MICROSECONDS = 11.0
"""What adding up `REFERENCE` takes on the reference machine while nothing else runs there: the limit is for such a machine."""
ROUNDS, REFERENCE_ROUNDS = 20, 200


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message with what it is: `intent` is `other` where none is to be found."""

    part: str
    written: str
    intent: str
    sentiment: str
    text: str

    @property
    def language(self) -> str | None:
        return WRITTEN_AS.get(self.written, "lv" if self.written == "lv-plain" else self.written)


def labelled() -> list[Labelled]:
    """The messages of the file, below its line of names."""
    return [Labelled(*line.split("\t")) for line in MESSAGES.read_text("utf-8").splitlines()[1:]]


async def rows() -> AsyncIterator[ResultRow]:
    """The lines of the report: accuracy by how a message is written, of each part, by intent; then cards, then costs."""
    messages = labelled()
    groups = {written: [message for message in messages if message.written == written] for written in WRITTEN}
    groups |= {part: [message for message in messages if message.part == part] for part in PARTS}
    for name, chosen in (groups | {"all": messages}).items():
        for row in _of_group(name, chosen):
            yield row
    ours = [message for message in messages if message.language]
    for intent in INTENTS:
        score = f_score(ours, intent)
        yield ResultRow(f"intent {intent}", f"F {score:.2f} of {sum(m.intent == intent for m in ours)}")
    for row in _of_numbers():
        yield row
    cost, reference = microseconds(messages)
    scaled = cost * REFERENCE_MICROSECONDS / reference
    figures = f"{cost:.0f} µs, {scaled:.0f} µs at the reference's pace"
    yield ResultRow("cost of a message", figures, scaled, MICROSECONDS)


def _of_group(name: str, chosen: Sequence[Labelled]) -> Iterator[ResultRow]:
    """Whoever wrote `other` is left out of the share that an intent is found in, other languages of all but the language."""
    right = language_accuracy(chosen)
    yield ResultRow(f"language, {name}", f"right in {right:.3f} of {len(chosen)}", right, LANGUAGE_RIGHT, least=True)
    ours = [message for message in chosen if message.language]
    if not ours:
        return
    for kind, find in (("intent", detect_intent), ("suggestion", suggest_intent)):
        speaks, right = accuracy(ours, find)
        yield ResultRow(f"{kind}, {name}: speaks", f"in {speaks:.3f}", speaks, SPEAKS, least=True)
        yield ResultRow(f"{kind}, {name}: right", f"in {right:.3f} of these", right, RIGHT, least=True)
    probable, overall, neutral = sentiment_accuracy(ours)
    figures = f"right in {overall:.3f}, where probable {probable:.3f}, all neutral {neutral:.3f}"
    yield ResultRow(f"sentiment, {name}", figures, overall / neutral if neutral else None, 1.0, least=True)


def language_accuracy(messages: Sequence[Labelled]) -> float:
    """The share of messages whose language is found; a message of another language has none."""
    return sum(detect(message.text) == message.language for message in messages) / len(messages)


def accuracy(messages: Sequence[Labelled], find: Callable[[str], str | None]) -> tuple[float, float]:
    """The share of messages with an intent in which one is found, and the share of all found ones that are right."""
    found = [(message.intent, find(message.text)) for message in messages]
    meant = [guess for intent, guess in found if intent != "other"]
    spoken = [intent == guess for intent, guess in found if guess is not None]
    return sum(guess is not None for guess in meant) / len(meant), sum(spoken) / len(spoken)


def f_score(messages: Sequence[Labelled], intent: str) -> float:
    """The harmonic mean of precision and recall of one intent."""
    right = sum(message.intent == intent == detect_intent(message.text) for message in messages)
    meant = sum(message.intent == intent for message in messages)
    found = sum(detect_intent(message.text) == intent for message in messages)
    return 2 * right / (meant + found)


def sentiment_accuracy(messages: Sequence[Labelled]) -> tuple[float, float, float]:
    """The shares that are right: of messages where a sentiment is probable, of all, and of all if each were called neutral."""
    found = [(message.sentiment, detect_sentiment(message.text), _is_probable(message.text)) for message in messages]
    probable = [meant == guess for meant, guess, is_probable in found if is_probable]
    overall = [meant == guess for meant, guess, _ in found]
    neutral = [meant == "neutral" for meant, _, _ in found]
    return sum(probable) / len(probable), sum(overall) / len(overall), sum(neutral) / len(neutral)


def _is_probable(text: str) -> bool:
    return max(class_probabilities(text)["sentiment"].values()) >= PROBABLE


def _of_numbers() -> Iterator[ResultRow]:
    """How often random numbers are taken for cards, in a sentence without a word for either.

    Of sixteen digits more are than of other lengths: a quarter of all such numbers begins as some issuer's, and one in ten
    of these has a valid check digit.
    """
    dice = random.Random(20261129)
    codes = ["".join(dice.choices("0123456789", k=dice.randint(13, 19))) for _ in range(CODES)]
    sixteen = [f"{dice.randrange(10**16):016}" for _ in range(CODES)]
    bodies = [f"35{dice.randrange(10**12):012}" for _ in range(CODES)]
    imeis = [next(body + last for last in "0123456789" if luhn(body + last)) for body in bodies]
    for name, numbers, limit in (
        ("codes of 13 to 19 digits", codes, CODES_AS_CARDS),
        ("codes of 16 digits", sixteen, None),
        ("IMEIs", imeis, IMEIS_AS_CARDS),
    ):
        share = sum("card" in redact(f"it is {number}", public=False).kinds for number in numbers) / CODES
        figures = f"{share:.2%} of {CODES}"
        yield ResultRow(f"{name} as cards", figures, None if limit is None else share, limit or 0.0)


def microseconds(messages: Sequence[Labelled]) -> tuple[float, float]:
    """The CPU time of understanding a message nobody wrote before, and of the reference beside it: the least of many rounds."""
    costs, references = [], []
    for _ in range(ROUNDS):
        costs.append(_round(messages) / len(messages))
        references += [_reference() for _ in range(REFERENCE_ROUNDS)]
    return min(costs) * 1e6, min(references) * 1e6


def _reference() -> float:
    begun = time.process_time()
    sum(REFERENCE)
    return time.process_time() - begun


def _round(messages: Sequence[Labelled]) -> float:
    """The seconds of redaction, language, intent and sentiment of each message."""
    normalise.cache_clear()
    class_probabilities.cache_clear()
    begun = time.process_time()
    for message in messages:
        masked = redact(message.text, public=False).text
        detect(masked)
        detect_intent(masked)
        detect_sentiment(masked)
    return time.process_time() - begun
