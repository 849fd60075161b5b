"""`pasokh parse`: prints the activities of a webhook body, without a server and without any effect."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from schemas.activity import Activity
from services.channels.port import InvalidPayload, PartlyInvalidPayload
from services.channels.registry import CHANNELS
from services.cli.errors import CliError
from services.cli.printing import print_line
from services.ingest.parsing import preview_activities

NAMES = ", ".join(channel.name for channel in CHANNELS)


def parse(
    channel: Annotated[str, typer.Argument(help=f"One of: {NAMES}.", show_default=False)],
    file: Annotated[
        Path, typer.Argument(help="A file with the body of one webhook call; - is stdin.", show_default=False)
    ],
) -> None:
    """Print the activities of a webhook's body, one JSON object a line. Nothing is verified.

    Items of a list that cannot be read are named on stderr, and the exit code is 1; the others are printed.
    """
    try:
        _print(preview_activities(channel, _read(file)))
    except LookupError as error:
        raise CliError(f"{error}; there are {NAMES}.") from error
    except PartlyInvalidPayload as part:
        _print(part.activities)
        refused = "; ".join(item.refusal for item in part.items if item.refusal is not None)
        raise CliError(f"Of {file} some items cannot be read: {refused}.") from part
    except InvalidPayload as error:
        raise CliError(f"{file} is no body of {channel}: {error}.") from error


def _print(activities: list[Activity]) -> None:
    for activity in activities:
        print_line(activity.model_dump(mode="json"))


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise CliError(f"{file} cannot be read: {error.strerror}.") from error
