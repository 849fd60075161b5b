"""Every sentence that an agent reads is there in four languages, with the same parameters in all of them."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from schemas.values import AgentLanguage, Failure
from services.domain import account_phrases, failure_phrases, refusal_phrases
from services.domain.sending_rules import Reason
from services.router.conversations.domain import command_phrases
from services.router.conversations.domain.note_phrases import NOTES
from services.text.plurals import CATEGORIES
from services.text.sentences import Phrasebook, SentenceReader, counted, parameters
from tests.fakes import START
from tests.sources import parse_source

SERVICES = Path(__file__).parents[3] / "services"
LANGUAGES = get_args(AgentLanguage)
BOOKS: dict[str, Phrasebook] = {
    "sending rules": refusal_phrases.BOOK,
    "failures": failure_phrases.BOOK,
    "commands": command_phrases.BOOK,
    "notes": NOTES,
    "accounts": account_phrases.BOOK,
}
CODES = [(name, code) for name, book in BOOKS.items() for code in book.sentences]
NOUNS = [(name, noun, language) for name, book in BOOKS.items() for noun in book.nouns for language in LANGUAGES]
VALUES = {"at": START, "until": START, "span_unit": "days", "unit": "weighted"}
NUMBERS = {"span", "limit", "length", "count", "size", "attempts", "part", "parts", "parts_sent"}
SCRIPTS = {"fa": re.compile(r"[\u0600-\u06ff]"), "ar": re.compile(r"[\u0600-\u06ff]"), "lv": re.compile(r"[a-zā-ž]")}


def example(names: set[str]) -> dict[str, object]:
    return {name: VALUES.get(name, 7 if name in NUMBERS else "x1") for name in names}


@pytest.mark.parametrize(("book", "code"), CODES)
def test_a_sentence_has_four_languages_with_the_same_parameters(book: str, code: str) -> None:
    wording = BOOKS[book].sentences[code]
    assert set(wording) == set(LANGUAGES)
    assert len(set(wording.values())) == len(LANGUAGES)
    assert {frozenset(parameters(sentence)) for sentence in wording.values()} == {frozenset(BOOKS[book].needs(code))}
    for language in LANGUAGES:
        words = BOOKS[book].word(code, SentenceReader(language), example(BOOKS[book].needs(code)), START)
        assert words.endswith(".")
        assert not re.search(r"[{}]|  ", words)
        assert language not in SCRIPTS or SCRIPTS[language].search(words)


@pytest.mark.parametrize(("book", "noun", "language"), NOUNS)
def test_a_noun_has_a_form_for_every_number(book: str, noun: str, language: AgentLanguage) -> None:
    forms = BOOKS[book].nouns[noun][language]
    assert set(forms) <= CATEGORIES[language]
    assert all(counted(number, BOOKS[book].nouns[noun], language) for number in range(201))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "حرف واحد"),
        (2, "حرفان"),
        (5, "٥ أحرف"),
        (20, "٢٠ حرفًا"),
        (300, "٣٠٠ حرف"),
        (2200, "٢٢٠٠ حرف"),
        (2226, "٢٢٢٦ حرفًا"),
        (4096, "٤٠٩٦ حرفًا"),
        (10_000, "١٠٠٠٠ حرف"),
    ],
)
def test_what_arabic_counts_agrees_with_the_number(number: int, words: str) -> None:
    assert counted(number, refusal_phrases.NOUNS["code_points"], "ar") == words


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 rakstzīmi"), (21, "21 rakstzīmi"), (22, "22 rakstzīmes"), (2200, "2200 rakstzīmju")]
)
def test_what_latvian_counts_agrees_with_the_number(number: int, words: str) -> None:
    assert counted(number, refusal_phrases.NOUNS["code_points"], "lv") == words


# -- every code of the source has its sentence -------------------------------------------------------------------------


@cache
def _calls_by_name() -> dict[str, list[ast.Call]]:
    found: dict[str, list[ast.Call]] = defaultdict(list)
    for path in SERVICES.rglob("*.py"):
        for node in ast.walk(parse_source(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found[node.func.id].append(node)
    return found


def calls(*names: str) -> Iterator[ast.Call]:
    """The calls of these functions and classes in the source."""
    for name in names:
        yield from _calls_by_name().get(name, [])


def texts(node: ast.expr | None) -> set[str]:
    """The texts that an argument may be."""
    found = [] if node is None else [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return {one for one in found if isinstance(one, str)}


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    has_position = position is not None and len(call.args) > position
    return call.args[position] if named is None and has_position and position is not None else named


NEVER_OF_A_MESSAGE = {"conflict", "not_readable"}
"""Codes of polls: the health of the account says what they mean."""


def test_every_failure_of_a_message_has_a_sentence() -> None:
    codes = {text for call in calls("PermanentSendError") for text in texts(argument(call, "code", 0))}
    codes |= {text for call in calls("failure") for text in texts(argument(call, "code", 0)) if text.isidentifier()}
    written = [argument(call, "code") for call in calls("Failure", "AttemptResult")]
    codes |= {text for node in written if isinstance(node, ast.Constant) for text in texts(node)}
    verdicts = [call for call in calls("refused") if len(call.args) == 1]
    codes |= {text for call in verdicts for text in texts(call.args[0])}
    codes |= {str(code) for code in _tables()}
    assert codes - NEVER_OF_A_MESSAGE - {""} <= set(failure_phrases.FAILURES)


def _tables() -> Iterator[str]:
    from services.channels.api import REFUSALS
    from services.channels.bot_api.calls import ERROR_CODE_BY_DESCRIPTION
    from services.channels.mail.smtp_replies import BASIC_CODES, CODES
    from services.channels.meta.whatsapp.errors import REFUSED

    yield from REFUSALS.values()
    yield from (code for _, code in ERROR_CODE_BY_DESCRIPTION)
    yield from CODES.values()
    yield from (code for codes in BASIC_CODES.values() for code in codes.values())
    yield from REFUSED.values()


def test_every_reason_of_a_failure_has_a_sentence() -> None:
    from services.channels.bot_api import actions
    from services.channels.bot_api import calls as telegram

    reasons = {text for call in calls("PermanentSendError") for text in texts(argument(call, "reason"))}
    reasons |= set(telegram.REASON_BY_DESCRIPTION.values())
    reasons |= {actions.NO_REACTIONS_THERE, actions.NO_READ_MARKS, actions.NO_TYPING_THERE}
    assert reasons == set(failure_phrases.REASONS)


def test_every_sending_rule_has_a_sentence() -> None:
    assert set(refusal_phrases.SENTENCES) == set(get_args(Reason))


def test_no_name_stands_for_two_sentences() -> None:
    names = [*failure_phrases.REASONS, *refusal_phrases.SENTENCES, *command_phrases.SENTENCES]
    assert len(names) == len(set(names))


# -- failures in words -------------------------------------------------------------------------------------------------


def test_what_the_platform_said_stands_behind_the_sentence() -> None:
    worded = failure_phrases.worded(Failure(code="blocked", detail="Forbidden: bot was blocked", status=403), "lv")
    assert worded.detail.startswith("Klients ir bloķējis kontu")
    assert worded.detail.endswith("(Forbidden: bot was blocked)")
    assert worded.params == {"said": "Forbidden: bot was blocked"}


def test_what_the_platform_said_keeps_its_direction_in_persian_and_arabic() -> None:
    for language in ("fa", "ar"):
        worded = failure_phrases.worded(Failure(code="rejected", detail="Bad Request: chat (1)", status=400), language)
        assert worded.detail.endswith("(\u2068Bad Request: chat (1)\u2069)")


@pytest.mark.parametrize(
    "failure", [Failure(code="warehouse_closed", detail="Lager zu"), Failure(code="unreachable", detail="later")]
)
def test_a_code_of_your_own_or_without_its_parameters_keeps_its_words(failure: Failure) -> None:
    assert failure_phrases.worded(failure, "fa") == failure


def test_a_reason_of_ours_says_it_all() -> None:
    failure = Failure(code="unsupported", detail="not in this chat", reason="only_heart")
    assert failure_phrases.worded(failure, "en").detail == "Instagram lets accounts react with a heart alone."


def test_the_parts_of_a_message_stand_before_the_sentence() -> None:
    failure = Failure(code="mailbox_full", detail="", params={"parts_sent": 2, "parts": 3})
    assert failure_phrases.worded(failure, "lv").detail.startswith("No 3 daļām nosūtītas 2; ")
    part = failure_phrases.failure_of_part(Failure(code="x", detail="Nope."), 2, 3, "en")
    assert (part.detail, part.params) == ("Part 2 of 3 did not arrive. Nope.", {"part": 2, "parts": 3})


def test_a_refused_command_is_worded_for_its_reader() -> None:
    problem = command_phrases.refused(409, "Not the assignee", "assigned_to_other", agent="ali", assignee="sara")
    assert command_phrases.in_language(problem, "fa").detail.startswith("این گفتگو با ali نیست")
    assert (problem.reason, problem.params) == ("assigned_to_other", {"agent": "ali", "assignee": "sara"})


def test_a_size_has_the_digits_of_its_language() -> None:
    sizes: dict[str, str | int] = {"file": "a.png", "channel": "telegram", "size": 5_200_000, "limit": 1_000_000}
    problem = command_phrases.refused(422, "File not taken by the channel", "file_too_large", "/attachments/0", **sizes)
    assert "5.2 MB" in problem.detail
    assert "۵٫۲ مگابایت" in command_phrases.in_language(problem, "fa").detail
    assert "5,2 MB" in command_phrases.in_language(problem, "lv").detail


# -- no refusal that an agent reads is in one language only --------------------------------------------------------------

IN_ENGLISH = [
    # A key without the scope, and ids that only programs write.
    "router/events.py: UnprocessableContent",
    "router/first_messages.py: UnprocessableContent",
    # The subscription of a browser.
    "router/push/devices.py: UnprocessableContent",
    "router/reply_guard.py: Forbidden",
]
PLAIN = ("NotFound", "Conflict", "Forbidden", "UnprocessableContent", "Problem")


def test_what_agents_are_refused_is_in_four_languages() -> None:
    """The sentences of problems under `services/router`: in English only are those of programs."""
    found = []
    for path in (SERVICES / "router").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLAIN:
                found.append(f"{path.relative_to(SERVICES)}: {node.func.id}")
    assert sorted(found) == sorted(IN_ENGLISH)
