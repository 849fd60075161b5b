"""Language and intent are found as often as the documentation says, on messages that no table was made of."""

from bench.understanding import (
    APART,
    LANGUAGE_RIGHT,
    RIGHT,
    SPEAKS,
    WRITTEN,
    accuracy,
    labelled,
    language_accuracy,
    sentiment_accuracy,
)
from services.text.intents import INTENTS, detect_intent, suggest_intent
from services.text.normalise import normalise
from training.phrases_file import read_phrases

MESSAGES = labelled()
OURS = [message for message in MESSAGES if message.language]
"""Of another language nothing but that is promised."""


def test_languages_and_intents_are_found_as_often_as_stated() -> None:
    assert language_accuracy(MESSAGES) >= LANGUAGE_RIGHT
    for find in (detect_intent, suggest_intent):
        for part in ("tuning", APART):
            speaks, right = accuracy([message for message in OURS if message.part == part], find)
            assert speaks >= SPEAKS
            assert right >= RIGHT


def test_a_sentiment_is_right_more_often_than_neutral_always_is() -> None:
    probable, overall, neutral = sentiment_accuracy(OURS)
    assert probable > neutral
    assert overall > neutral


def test_the_messages_are_no_phrases() -> None:
    phrases = {normalise(phrase.text) for phrase in read_phrases()}
    assert [message.text for message in MESSAGES if normalise(message.text) in phrases] == []
    assert len({message.text for message in MESSAGES}) == len(MESSAGES) >= 450
    assert {message.intent for message in MESSAGES} == {*INTENTS, "other"}
    assert {message.written for message in MESSAGES} == {*WRITTEN}


def test_what_is_suggested_includes_what_counts() -> None:
    for message in MESSAGES:
        assert detect_intent(message.text) in (None, suggest_intent(message.text))
