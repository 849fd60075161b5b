"""`pasokh parse`: what a platform's body becomes, without a server and without an effect on anything."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.channels.port import Malformed
from services.channels.registry import CHANNELS
from services.commands.plain import Failed
from services.commands.printing import print_line
from services.ingest.parsing import activities_of

NAMES = ", ".join(channel.name for channel in CHANNELS)


def parse(
    channel: Annotated[str, typer.Argument(help=f"One of: {NAMES}.", show_default=False)],
    file: Annotated[
        Path, typer.Argument(help="A file with the body of one webhook call; - is stdin.", show_default=False)
    ],
) -> None:
    """Print the activities of a webhook's body, one JSON object a line. Nothing is verified."""
    try:
        activities = activities_of(channel, _read(file))
    except LookupError as error:
        raise Failed(f"{error}; there are {NAMES}.") from error
    except Malformed as error:
        raise Failed(f"{file} is no body of {channel}: {error}.") from error
    for activity in activities:
        print_line(activity.model_dump(mode="json"))


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from error
