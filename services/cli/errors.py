"""Ends a command that cannot do its work: one sentence on stderr and exit code 1, never a traceback."""

import functools
import sys
from collections.abc import Callable
from typing import NoReturn, ParamSpec

import typer
from pydantic import ValidationError

from services.platform.core.errors import Misconfigured, Unavailable, Unknown

P = ParamSpec("P")


class CliError(Exception):
    """The command failed. The message is a sentence that says what to do."""


def handle_errors(command: Callable[P, None]) -> Callable[P, None]:
    """The command, printing every error that a user can fix as one sentence."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except* (CliError, Misconfigured, Unavailable, Unknown, ValidationError) as group:
            exit_with_error(error_message(_first(group)))

    return run


def exit_with_error(sentence: str) -> NoReturn:
    """End the command with exit code 1 and this sentence."""
    print(f"pasokh: {sentence}", file=sys.stderr)  # noqa: T201 - the result of a command line
    raise typer.Exit(1)


def error_message(error: BaseException) -> str:
    """The sentence for a user about an error."""
    if isinstance(error, ValidationError):
        return "; ".join(_setting(detail["loc"], detail["msg"]) for detail in error.errors(include_input=False))
    if isinstance(error, Unknown):
        return f"{error} It may have happened or not; look before you repeat it."
    return str(error)


def _setting(location: tuple[int | str, ...], message: str) -> str:
    return f"PASOKH_{'_'.join(map(str, location)).upper()} is not acceptable: {message}."


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
