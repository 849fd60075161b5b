"""Guesses whether a text is positive or negative. It is a weak signal: three of ten texts are judged otherwise by people."""

from typing import Literal

from services.text.intents import class_probabilities

Sentiment = Literal["positive", "neutral", "negative"]
PROBABLE = 0.5
"""The probability from which a text counts as positive or negative; below it, it is neutral."""
NEGATIVE_EMOJI = frozenset("😡🤬😠👎💩🤮")
POSITIVE_EMOJI = frozenset("😍🥰❤👍🙏😊🌹💐😘🎉👏")


def detect_sentiment(text: str) -> Sentiment | None:
    """The sentiment; None for a text without words and without an emoji that shows one."""
    balance = sum(map(POSITIVE_EMOJI.__contains__, text)) - sum(map(NEGATIVE_EMOJI.__contains__, text))
    if not any(map(str.isalpha, text)):
        return "positive" if balance > 0 else "negative" if balance < 0 else None
    shares = class_probabilities(text)["sentiment"]
    if max(shares["positive"], shares["negative"]) >= PROBABLE:
        return "positive" if shares["positive"] > shares["negative"] else "negative"
    return "positive" if balance > 0 else "negative" if balance < 0 else "neutral"
