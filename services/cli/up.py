"""`pasokh up`: everything in one process, on one port, for one small server. Nothing else has to be installed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from services.cli.demo_shop import demo_sidecar, free_port
from services.cli.first_run import first_run_text
from services.cli.printing import echo
from services.cli.run_process import run_in_foreground
from services.composition import SINGLE_PROCESS, process_for
from services.platform.core.settings import Settings
from services.platform.host.data_folder import create_database_file, lock_data_folder
from services.platform.host.engine import sqlite_path
from services.platform.http.admin_key import FILE_NAME, ensure_admin_key
from services.platform.http.service import Context


def up(
    settings: Settings,
    demo: Annotated[bool, typer.Option("--demo", help="With a demo shop: customers write, agents answer.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Begin with an empty database where the old one is gone.")] = False,
) -> None:
    """Run everything in one process. The first start creates the data folder and an admin key."""
    with lock_data_folder(settings.data) as folder:
        database = sqlite_path(settings.store_url)
        # The database file comes before the key: a key without a database means that data were lost.
        if database is not None:
            create_database_file(database, folder / FILE_NAME, is_new=new)
        key, path, is_new = ensure_admin_key(settings)
        if path is not None:
            _print_admin_key(key if is_new else None, path)
        settings = settings.model_copy(update={"admin_key": SecretStr(key)})
        if not demo:
            run_in_foreground(process_for(SINGLE_PROCESS), settings, _startup_banner)
            return
        port, smtp_port = free_port(), free_port()
        # The stand-ins of the platforms listen on this machine, which the SSRF guard would refuse.
        targets = [*settings.allowed_targets, f"127.0.0.1:{port}", f"127.0.0.1:{smtp_port}"]
        settings = settings.model_copy(update={"allowed_targets": targets})
        # Log warnings only: the demo's traffic would bury the printed quick-start text.
        sidecar = demo_sidecar(key, path, port, smtp_port)
        run_in_foreground(process_for(SINGLE_PROCESS), settings, sidecar, log_level="WARNING")


def _print_admin_key(new: str | None, path: Path) -> None:
    if new is not None:
        echo(f"Admin key, shown this once: {new}")
    echo(f"The admin key is kept in {path}")


@asynccontextmanager
async def _startup_banner(address: str, context: Context) -> AsyncIterator[None]:
    echo(f"Pasokh is ready on {address}  (docs: {address}/docs, metrics: {address}/metrics). Ctrl-C stops it.")
    desk = f"{context.settings.public_url or address}/desk"
    echo(f"Agents answer at {desk} (a link to sign in: pasokh agents sign-in WORKSPACE AGENT).")
    echo(f"What goes on is shown live at {address}/ops, for whoever has a key.")
    if (text := await first_run_text(address, context)) is not None:
        echo(text)
    yield
    echo("Stopping.")
