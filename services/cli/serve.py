"""`pasokh serve NAME`: one service of a distributed installation."""

from typing import Annotated

import typer

from services.cli.errors import CliError
from services.cli.run_process import run_in_foreground
from services.composition import SERVICES, process_for
from services.platform.core.settings import Settings
from services.platform.http.admin_key import required_admin_key


def serve(
    settings: Settings,
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(SERVICES)}.", show_default=False)],
) -> None:
    """Run one service on the bus of PASOKH_BUS and the store of PASOKH_STORE."""
    if name not in SERVICES:
        raise CliError(f"there is no service {name!r}; there are {', '.join(SERVICES)}.")
    required_admin_key(settings)
    run_in_foreground(process_for(name), settings)
