"""`pasokh first-run`: prints a link by which the owner sets up a workspace in the browser, with the server running or stopped."""

import sys
from typing import Annotated

import typer

from services.cli.agents import desk_address, qr_code
from services.cli.data import store_at
from services.cli.printing import echo, print_json
from services.desk.first_run import first_run_url, has_workspace, make_code
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.http.service import Context
from services.records.desk import FirstRunCode


def first_run(
    settings: Settings,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Print a link by which you set up a new workspace in the browser, once, within 15 minutes."""
    code, record = event_loop.run(_create(settings))
    url = first_run_url(desk_address(settings), code)
    if json:
        print_json({"url": url, "expires_at": record.expires_at})
        return
    if sys.stdout.isatty():
        echo(qr_code(url))
    echo(f"Whoever opens this link sets up a shop and owns it. It works once, until {record.expires_at:%H:%M}Z:")
    echo(url)


async def _create(settings: Settings) -> tuple[str, FirstRunCode]:
    async with store_at(settings) as store:
        return await make_code(store, SystemTimeSource().now())


async def first_run_text(address: str, context: Context) -> str | None:
    """What a start says while there is no workspace, with a new link; None where there is one. Raises Unavailable."""
    if await has_workspace(context.store):
        return None
    code, record = await make_code(context.store, context.time_source.now())
    url = first_run_url(context.settings.public_url or address, code)
    return (
        f"\nThere is no shop yet. Set one up in the browser, with this link, once, until {record.expires_at:%H:%M}Z:\n\n"
        f"  {url}\n\nAnother link: pasokh first-run (in another terminal, with the same settings).\n"
    )
