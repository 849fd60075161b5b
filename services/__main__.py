"""The `pasokh` command: one table of its commands."""

from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from services.cli import (
    agents,
    backup,
    dead_letters,
    demo,
    doctor,
    env,
    first_run,
    keys,
    migrate,
    parse,
    serve,
    sla,
    telegram,
    topics,
    up,
)
from services.cli.errors import handle_errors
from services.cli.flags import with_settings
from services.cli.printing import echo
from services.platform.core.version import installed_version

COMMANDS: Mapping[str, Callable[..., None]] = {
    "up": with_settings(up.up),
    "serve": with_settings(serve.serve),
    "demo": demo.demo,
    "first-run": with_settings(first_run.first_run),
    "parse": parse.parse,
    "doctor": with_settings(doctor.doctor),
    "migrate": with_settings(migrate.migrate),
    "env": env.env,
    "topics": with_settings(topics.topics),
    "backup": with_settings(backup.backup),
    "restore": with_settings(backup.restore),
}
GROUPS: Mapping[str, tuple[str, Mapping[str, Callable[..., None]]]] = {
    "keys": (
        "API keys: look, make, revoke.",
        {
            "list": with_settings(keys.list_keys),
            "create": with_settings(keys.create),
            "revoke": with_settings(keys.revoke),
        },
    ),
    "agents": (
        "Agents: a link by which one signs in to the desk.",
        {
            "sign-in": with_settings(agents.sign_in),
        },
    ),
    "dead-letters": (
        "Events that could not be handled: look, retry, drop.",
        {
            "list": with_settings(dead_letters.list_dead_letters),
            "show": with_settings(dead_letters.show),
            "retry": with_settings(dead_letters.retry),
            "drop": with_settings(dead_letters.drop),
        },
    ),
    "telegram": (
        "Telegram bots: connect one.",
        {
            "connect": with_settings(telegram.connect),
        },
    ),
    "sla": (
        "Promises: recompute them from the facts.",
        {
            "audit": with_settings(sla.audit),
        },
    ),
}


def application() -> typer.Typer:
    """Build the command line from the tables."""
    app = _typer("Pasokh, an omnichannel support router. Settings: PASOKH_* variables, or flags of the same names.")
    app.callback()(_options)
    _register_commands(app, COMMANDS)
    for name, (help_text, commands) in GROUPS.items():
        group = _typer(help_text)
        _register_commands(group, commands)
        app.add_typer(group, name=name)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        echo(f"pasokh {installed_version()}")
        raise typer.Exit


def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version, and end.")
    ] = False,
) -> None:
    """The options without a command."""


def _typer(help_text: str) -> typer.Typer:
    # Typer's own tracebacks show the values of variables, and some are secrets.
    return typer.Typer(help=help_text, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _register_commands(app: typer.Typer, commands: Mapping[str, Callable[..., None]]) -> None:
    for name, command in commands.items():
        app.command(name)(handle_errors(command))


def main() -> None:
    """Run the command that the arguments name."""
    application()()


if __name__ == "__main__":
    main()
