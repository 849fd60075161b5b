"""A command that cannot do its work says why in one sentence; our own bugs are not dressed up as that."""

from importlib.metadata import version

import pytest
import typer

from services.cli.errors import CliError, handle_errors
from services.platform.core.errors import Misconfigured, Unavailable, Unknown
from tests.cli.conftest import Pasokh


def raising(error: BaseException) -> None:
    def command() -> None:
        raise error

    handle_errors(command)()


@pytest.mark.parametrize("kind", [CliError, Misconfigured, Unavailable])
def test_an_error_that_a_user_can_mend_is_one_sentence(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended:
        raising(kind("the fix is this."))
    assert ended.value.exit_code == 1
    assert capsys.readouterr() == ("", "pasokh: the fix is this.\n")


def test_an_error_out_of_tasks_that_ran_together_is_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        raising(ExceptionGroup("tasks", [ExceptionGroup("inner", [Misconfigured("no such server.")])]))
    assert capsys.readouterr().err == "pasokh: no such server.\n"


def test_what_may_have_happened_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        raising(Unknown("The commit was not answered."))
    assert "may have happened or not" in capsys.readouterr().err


def test_a_bug_of_ours_stays_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        raising(ZeroDivisionError())


def test_the_version_is_told_and_nothing_else(pasokh: Pasokh) -> None:
    result = pasokh("--version")
    assert result.exit_code == 0
    assert result.stdout == f"pasokh {version('pasokh')}\n"
