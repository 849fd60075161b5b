"""`pasokh parse`: prints the activities of a webhook body, without a server and without any effect."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from schemas.activity import Activity
from schemas.configuration import AccountBody
from services.channels.port import InvalidPayload, PartlyInvalidPayload
from services.channels.registry import CHANNELS
from services.cli.errors import CliError
from services.cli.printing import print_line
from services.ingest.parsing import preview_activities
from services.platform.http.problems import to_json_pointer

NAMES = ", ".join(channel.name for channel in CHANNELS)


def parse(
    channel: Annotated[str, typer.Argument(help=f"One of: {NAMES}.", show_default=False)],
    file: Annotated[
        Path, typer.Argument(help="A file with the body of one webhook call; - is stdin.", show_default=False)
    ],
    header: Annotated[
        list[str] | None,
        typer.Option(help="A header of the call, 'name: value'; may be repeated.", show_default=False),
    ] = None,
    content_type: Annotated[
        str | None,
        typer.Option(help="The call's Content-Type: message/rfc822 for raw mail.", show_default=False),
    ] = None,
    account: Annotated[
        Path | None,
        typer.Option(help="A JSON file with the account, as the body of PUT .../accounts/...", show_default=False),
    ] = None,
    path: Annotated[
        str,
        typer.Option(help="What follows the account in the call's path, with its ?query.", show_default=False),
    ] = "",
) -> None:
    """Print the activities of a webhook's body, one JSON object a line. Nothing is verified.

    Items of a list that cannot be read are named on stderr, and the exit code is 1; the others are printed.
    """
    headers = _headers(header or [], content_type)
    body = _account(account) if account is not None else None
    try:
        _print(preview_activities(channel, _read(file), headers=headers, subpath=path, account_body=body))
    except LookupError as error:
        raise CliError(f"{error}; there are {NAMES}.") from error
    except PartlyInvalidPayload as part:
        _print(part.activities)
        refused = "; ".join(item.refusal for item in part.items if item.refusal is not None)
        raise CliError(f"Of {file} some items cannot be read: {refused}.") from part
    except InvalidPayload as error:
        raise CliError(f"{file} is no body of {channel}: {error}.") from error


def _headers(lines: list[str], content_type: str | None) -> dict[str, str]:
    """The headers, a repeated one joined by a comma as in a call. `content_type` wins over a line of that name."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        key = name.strip().lower()
        if not colon or not key:
            raise CliError("A header is written as 'name: value'.")
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return headers if content_type is None else {**headers, "content-type": content_type}


def _account(file: Path) -> AccountBody:
    try:
        return AccountBody.model_validate_json(_read(file))
    except ValidationError as error:
        # The values are credentials, so only places and rules are named.
        wrong = "; ".join(
            f"{to_json_pointer(one['loc'], root=True) or '/'}: {one['msg']}"
            for one in error.errors(include_input=False, include_context=False, include_url=False)
        )
        raise CliError(f"{file} is no account: {wrong}.") from None


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
