"""Guesses a customer's intent from a table of phrases in four languages. Routing rules may use it; it never produces an answer."""

from collections.abc import Mapping
from functools import lru_cache

from services.text.grams import intent_grams
from services.text.normalise import normalise
from services.text.tables import table
from services.text.weights import probabilities

INTENTS = (
    "cancel",
    "complaint",
    "delivery",
    "human",
    "order_status",
    "payment",
    "praise",
    "refund",
    "spam",
    "technical",
)
"""What a rule may ask for. `human`: the customer asks for a person. The table knows `other` too, which is no intent."""
ROUTES, SUGGESTS = 0.45, 0.35
"""The probability from which an intent counts in rules, and the lower one from which it is good enough for a suggestion."""


def detect_intent(text: str) -> str | None:
    """One of `INTENTS` that is probable enough for rules, else None."""
    return _likeliest(text, ROUTES)


def suggest_intent(text: str) -> str | None:
    """One of `INTENTS` that is probable enough to be suggested to a person who decides, else None. What rules may use is always suggested as well."""
    return _likeliest(text, SUGGESTS)


def _likeliest(text: str, least: float) -> str | None:
    if not any(map(str.isalpha, text)) and text.isascii():
        return None
    shares = class_probabilities(text)["intent"]
    intent = max(shares, key=shares.__getitem__)
    return intent if shares[intent] >= least and intent != "other" else None


# Two entries, as `normalise` has: intent, suggestion and sentiment of one text are asked for one after the other, possibly on
# two threads, and each would cost 60 µs.
@lru_cache(maxsize=2)
def class_probabilities(text: str) -> Mapping[str, Mapping[str, float]]:
    """How probable each `intent` and each `sentiment` is, by the first `MAX_WORDS` words of the text."""
    weights = table("intents")
    scores = weights.scores(intent_grams(normalise(text)))
    found: dict[str, dict[str, float]] = {}
    for name, score in zip(weights.classes, scores, strict=True):
        kind, _, value = name.partition(" ")
        found.setdefault(kind, {})[value] = score
    return {kind: dict(zip(values, probabilities(values.values()), strict=True)) for kind, values in found.items()}
