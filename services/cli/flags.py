"""Flags of the same names as the settings. A flag wins over the environment."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from services.platform.core.settings import Settings
from services.platform.http.admin_key import read_key_file


class Flag(NamedTuple):
    """One setting as a flag; `PASOKH_` and its name in capitals is the variable."""

    name: str
    kind: Any  # Any: a type as typer takes it, `str | None` among them
    help: str


ADMIN_KEY, ADMIN_KEY_FILE = "admin_key", "admin_key_file"
FLAGS = (
    Flag("host", str | None, "Address to listen on [127.0.0.1]."),
    Flag("port", int | None, "Port to listen on [8800]."),
    Flag("data", Path | None, "Data folder [./var]."),
    Flag("bus", str | None, "kafka://host:port,... or sqlite:////path [SQLite in the data folder]."),
    Flag("store", str | None, "mongodb://... or sqlite:////path [SQLite in the data folder]."),
    Flag(ADMIN_KEY, str | None, "The admin key; everybody on this machine can see it: better --admin-key-file."),
    Flag(ADMIN_KEY_FILE, Path | None, "File with the admin key, 32 characters or more, readable by its owner alone."),
    Flag("partitions", int | None, "Partitions of every topic, fixed when they are made [2; on Kafka 24]."),
    Flag("public_url", str | None, "Address under which customers reach this installation, for links."),
    Flag("allow_private_targets", bool | None, "Let replies and webhooks go to private networks."),
)
EVERYBODY_SEES = (
    "Warning: --admin-key stands in the list of processes, where everybody on this machine can read it. "
    "Use --admin-key-file or PASOKH_ADMIN_KEY, and change this key.\n"
)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first argument is the settings, as a command of their flags and its own parameters."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    flags = [_parameter(flag) for flag in FLAGS]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        chosen = {flag.name: given.pop(flag.name) for flag in FLAGS}
        command(settings_from_flags(chosen), **given)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *flags)]
    # typer reads a command's parameters from its signature. These two attributes are Python's way to set one.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def settings_from_flags(flags: dict[str, Any]) -> Settings:
    """The settings of the environment, overridden by the flags. Raises pydantic's ValidationError, Misconfigured."""
    # A flag that is not given is None, and then the environment or the default applies.
    overrides = {name: value for name, value in flags.items() if value is not None}
    if ADMIN_KEY in overrides:
        sys.stderr.write(EVERYBODY_SEES)
    if ADMIN_KEY_FILE in overrides:
        overrides[ADMIN_KEY] = read_key_file(overrides.pop(ADMIN_KEY_FILE))
    return Settings(**overrides)


def _parameter(flag: Flag) -> inspect.Parameter:
    option = typer.Option(f"--{flag.name.replace('_', '-')}", help=flag.help, show_default=False)
    return inspect.Parameter(
        flag.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[flag.kind, option]
    )
