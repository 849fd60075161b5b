"""`pasokh env`: writes the settings of docker-compose.yml with generated secrets."""

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.cli.errors import CliError
from services.cli.printing import echo

VARIABLE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
MODE = 0o600


def env(
    example: Annotated[Path, typer.Option(help="What there is to set; an empty value is a secret.")] = Path(
        ".env.example"
    ),
    into: Annotated[Path, typer.Option(help="The file to fill. What is in it stays.")] = Path(".env"),
) -> None:
    """Fill .env for docker compose: every secret is generated, existing settings are not changed."""
    added = write_missing(_read(example), into)
    echo(
        f"{into}: {', '.join(added)} added. It holds secrets: back it up, show it to nobody."
        if added
        else _complete(into)
    )


def write_missing(example: str, into: Path) -> list[str]:
    """Add to `into` what it lacks of the example and return the names. Others cannot read it then.

    A file that is there keeps every line. Raises Failed when it cannot be written, or is a link.
    """
    if into.is_symlink():
        raise CliError(f"{into} is a link; name the file itself with --into.")
    there = {name for name, _ in VARIABLE.findall(_read(into))} if into.exists() else set()
    lines = list(_lines(example, there))
    _append(into, lines)
    return [line.partition("=")[0] for line in lines]


def _lines(example: str, there: set[str]) -> Iterator[str]:
    for name, value in VARIABLE.findall(example):
        if name not in there:
            yield f"{name}={value or secrets.token_hex(32)}"


def _append(into: Path, lines: list[str]) -> None:
    """Append the lines in one write. The file's mode is set before the first secret is in it."""
    try:
        descriptor = os.open(into, os.O_RDWR | os.O_CREAT | os.O_APPEND, MODE)
        with os.fdopen(descriptor, "a+") as file:
            os.fchmod(file.fileno(), MODE)
            file.seek(0)
            before = file.read()
            gap = "\n" if before and not before.endswith("\n") else ""
            file.write(gap + "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise CliError(f"{into} cannot be written ({error.strerror}).") from error


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise CliError(f"{path} cannot be read ({error.strerror}); run this where docker-compose.yml is.") from error


def _complete(into: Path) -> str:
    return f"{into} has everything; nothing was changed."
