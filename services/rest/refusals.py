"""Refusals that agents read: each is worded in the language of whoever asked."""

from typing import get_args

from schemas.values import AgentLanguage, Problem
from services.domain import work_phrases
from services.platform.http.problems import CommandRejected
from services.text.sentences import Phrasebook, Value

LANGUAGES: tuple[AgentLanguage, ...] = get_args(AgentLanguage)


def in_words(problem: Problem, book: Phrasebook = work_phrases.BOOK) -> CommandRejected:
    """The error that answers a request with a problem, in the words of a phrasebook."""
    error = CommandRejected(problem)
    if problem.reason in book.sentences:
        error.wordings = {language: book.translated(problem, language).detail for language in LANGUAGES}
    return error


def refusal(status: int, title: str, reason: str, pointer: str | None = None, **params: Value) -> CommandRejected:
    """The error of a sentence of `work_phrases`."""
    return in_words(work_phrases.BOOK.problem(status, title, reason, pointer, params))


def not_found(reason: str, **params: Value) -> CommandRejected:
    """404: it does not exist, is of another workspace, or may not be seen."""
    return refusal(404, "Not Found", reason, None, **params)


def unprocessable(pointer: str, reason: str, **params: Value) -> CommandRejected:
    """422: a field or a parameter names what is not there, or is not possible."""
    return refusal(422, "Unprocessable Content", reason, pointer, **params)
