"""Language and intent are found as often as the documentation says, on messages that no table was made of."""

from bench.understanding import LANGUAGE_RIGHT, RIGHT, SPEAKS, accuracy, labelled
from services.text.intents import INTENTS, detect_intent, suggest_intent
from services.text.language import detect
from training.phrases_file import read_phrases

MESSAGES = labelled()


def test_languages_and_intents_are_found_as_often_as_stated() -> None:
    right = sum(detect(message.text) == message.language for message in MESSAGES)
    assert right >= LANGUAGE_RIGHT * len(MESSAGES)
    for find in (detect_intent, suggest_intent):
        speaks, right_share = accuracy(MESSAGES, find)
        assert speaks >= SPEAKS
        assert right_share >= RIGHT


def test_the_messages_are_no_phrases() -> None:
    phrases = {phrase.text for phrase in read_phrases()}
    assert [message.text for message in MESSAGES if message.text in phrases] == []
    assert {message.intent for message in MESSAGES} == {*INTENTS, "other"}


def test_what_is_suggested_includes_what_counts() -> None:
    for message in MESSAGES:
        assert detect_intent(message.text) in (None, suggest_intent(message.text))
