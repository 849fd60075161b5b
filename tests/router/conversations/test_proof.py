"""The two words by which a customer shows that a chat is theirs."""

from services.router.conversations.domain.proof import (
    MAX_TEXT_LENGTH,
    WORDS,
    choose_language,
    shows,
    word_pairs,
    words_for,
)

SECRET = b"a secret of these tests"


def test_a_visitor_is_always_asked_for_the_same_two_words_and_another_visitor_for_others() -> None:
    words = words_for(SECRET, "c1", "webchat:main:1", "en", ())
    assert words == words_for(SECRET, "c1", "webchat:main:1", "en", ())
    assert words != words_for(SECRET, "c1", "webchat:main:2", "en", ())
    first, second = words.split()
    assert first != second
    assert {first, second} <= set(WORDS["en"])


def test_words_that_another_visitor_of_the_conversation_has_are_not_given_again() -> None:
    words = words_for(SECRET, "c1", "webchat:main:1", "en", ())
    assert words_for(SECRET, "c1", "webchat:main:1", "en", {words}) != words


def test_words_of_a_language_that_has_none_are_english() -> None:
    assert choose_language(None, "de", "lv", "fa") == "lv"
    assert choose_language(None, "de") == "en"


def test_words_show_however_they_are_typed() -> None:
    assert shows(word_pairs("Here you are: TIGER, maple!"), "tiger maple")
    assert shows(word_pairs("kumelite berzs"), "kumelīte bērzs")
    assert shows(word_pairs("ياقوت كبوتر"), "یاقوت کبوتر")


def test_words_apart_in_another_order_or_late_in_a_text_show_nothing() -> None:
    assert not shows(word_pairs("tiger and maple"), "tiger maple")
    assert not shows(word_pairs("maple tiger"), "tiger maple")
    assert not shows(word_pairs("x" * MAX_TEXT_LENGTH + " tiger maple"), "tiger maple")
