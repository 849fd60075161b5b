"""`pasokh backup` and `pasokh restore`: the data of the embedded engine in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.printing import echo
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.backup import restore_backup, take_backup
from services.platform.http.admin_key import FILE_NAME


def backup(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.", show_default=False)],
) -> None:
    """Write everything that is committed to FILE, while the server runs or not.

    FILE contains secrets and has mode 0600.
    """
    manifest = take_backup(settings, file, SystemTimeSource().now())
    size = file.stat().st_size
    echo(
        f"{file}: {size / 1e6:.1f} MB, everything up to {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC, read again and whole."
    )
    names = {entry.name for entry in manifest.files}
    if FILE_NAME not in names:
        echo("The admin key is not in it, because it is not in the data folder: keep PASOKH_ADMIN_KEY as well.")
    echo("It holds customers' messages and secrets: keep it where nobody else can read it, on another machine.")


def restore(
    settings: Settings, file: Annotated[Path, typer.Argument(help="A file of `pasokh backup`.", show_default=False)]
) -> None:
    """Restore FILE into a new data folder. Existing files are not overwritten."""
    manifest = restore_backup(settings, file)
    folder = settings.data.absolute()
    echo(f"{folder} is as it was on {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC (Pasokh {manifest.version}).")
    echo(f"Start it: pasokh up --data {settings.data}")
