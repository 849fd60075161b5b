"""How often language and intent are right by language, on `bench/messages.tsv`, and what a message costs.

The messages are apart from the phrases of `training`, but of the same author: an indication, no promise for a shop's own.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from bench.report import ResultRow
from services.text.intents import detect_intent, suggest_intent
from services.text.language import detect
from services.text.sentiment import detect_sentiment

MESSAGES = Path(__file__).parent / "messages.tsv"
LANGUAGES = ("fa", "ar", "lv", "en")
LANGUAGE_RIGHT, SPEAKS, RIGHT = 0.98, 0.6, 0.8
MICROSECONDS = 130.0
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message with what it is; `intent` is `other` where none is to be found."""

    language: str
    intent: str
    text: str


def labelled() -> list[Labelled]:
    """The messages of the file."""
    return [Labelled(*line.split("\t")) for line in MESSAGES.read_text("utf-8").splitlines()]


async def rows() -> AsyncIterator[ResultRow]:
    """The lines of the report. Whoever wrote `other` is left out of the share that an intent is found in."""
    messages = labelled()
    for name in (*LANGUAGES, "all"):
        chosen = [message for message in messages if name in (message.language, "all")]
        right = sum(detect(message.text) == message.language for message in chosen) / len(chosen)
        yield ResultRow(
            f"language, {name}", f"right in {right:.3f} of {len(chosen)}", right, LANGUAGE_RIGHT, least=True
        )
        for kind, find in (("intent", detect_intent), ("suggestion", suggest_intent)):
            speaks, right = accuracy(chosen, find)
            yield ResultRow(f"{kind}, {name}: speaks", f"in {speaks:.3f}", speaks, SPEAKS, least=True)
            yield ResultRow(f"{kind}, {name}: right", f"in {right:.3f} of these", right, RIGHT, least=True)
    cost = microseconds(messages)
    yield ResultRow("cost of a message", f"{cost:.0f} µs", cost, MICROSECONDS)


def accuracy(messages: list[Labelled], find: Callable[[str], str | None]) -> tuple[float, float]:
    """The share of messages with an intent in which one is found, and the share of all found ones that are right."""
    found = [(message.intent, find(message.text)) for message in messages]
    meant = [guess for intent, guess in found if intent != "other"]
    spoken = [intent == guess for intent, guess in found if guess is not None]
    return sum(guess is not None for guess in meant) / len(meant), sum(spoken) / len(spoken)


def microseconds(messages: list[Labelled]) -> float:
    """The CPU time of language, intent and sentiment of a message: the least of several rounds."""
    return min(_round(messages) for _ in range(ROUNDS)) / len(messages) * 1e6


def _round(messages: list[Labelled]) -> float:
    begun = time.process_time()
    for message in messages:
        detect(message.text)
        detect_intent(message.text)
        detect_sentiment(message.text)
    return time.process_time() - begun
