"""`pasokh migrate`: brings the data of an older version into the shape that this version reads, before the server
starts.
"""

import os
import socket
from typing import Annotated

import typer

from services.cli.data import must_exist
from services.cli.printing import echo, print_json
from services.composition import COLLECTIONS
from services.migrations import MIGRATIONS
from services.platform.core.logging import configure_logging
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_store
from services.platform.store import migrations
from services.platform.store.migrations import Status


def migrate(
    settings: Settings,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """Migrate the data now, as every start does by itself. Stop the processes of the older version first."""
    must_exist(settings)
    # The log goes to stderr, so that stdout has only the result.
    configure_logging((settings.log_level or "info").upper(), form=settings.log_format)
    before, counts = event_loop.run(_run(settings, dry_run=dry_run))
    if json:
        print_json(
            {
                "version": before.version,
                "latest": before.latest,
                "pending": [{"number": step.number, "name": step.name} for step in before.pending],
                "documents": counts,
                "migrated": bool(before.pending) and not dry_run,
            }
        )
        return
    if not before.pending:
        echo(f"The data are of version {before.latest}. There is nothing to do.")
        return
    echo(f"The data are of version {before.version}; this version of Pasokh works on version {before.latest}.")
    for step in before.pending:
        echo(f"  step {step.number}: {step.name}")
    for collection, count in counts.items():
        echo(f"  {collection}: {count} documents to rewrite")
    echo("Nothing was changed." if dry_run else f"The data are of version {before.latest} now.")


async def _run(settings: Settings, *, dry_run: bool) -> tuple[Status, dict[str, int]]:
    async with open_store(settings, COLLECTIONS) as store:
        status = await migrations.read_status(store, MIGRATIONS)
        counts = await migrations.count_changes(store, MIGRATIONS)
        if not dry_run:
            owner = f"{socket.gethostname()}/{os.getpid()}"
            await migrations.migrate(store, MIGRATIONS, SystemTimeSource(), owner)
        return status, counts
