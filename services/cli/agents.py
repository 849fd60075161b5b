"""`pasokh agents`: makes a sign-in link for an agent directly in the store, so that it works with the server running or stopped."""

import io
import sys
from typing import Annotated

import segno
import typer

from schemas.configuration import Scope
from services.cli.data import store_at
from services.cli.errors import CliError
from services.cli.printing import echo, print_json
from services.desk.sign_in import new_code, sign_in_url, store_code
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, agent_id
from services.records.desk import SignInCode

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def sign_in(
    settings: Settings,
    workspace: Annotated[str, typer.Argument(help="The workspace of the agent.", show_default=False)],
    agent: Annotated[str, typer.Argument(help="The agent.", show_default=False)],
    scope: Annotated[Scope, typer.Option(help="What they may do: `admin` may set up the workspace besides.")] = "desk",
    json: AsJson = False,
) -> None:
    """Print a link by which an agent signs in to the desk, once, within 15 minutes."""
    if scope == "read":
        raise CliError("the desk needs the scope desk, write or admin.")
    code, record = event_loop.run(_create(settings, workspace, agent, scope))
    url = sign_in_url(desk_address(settings), code)
    if json:
        print_json({"url": url, "expires_at": record.expires_at})
        return
    if sys.stdout.isatty():
        echo(qr_code(url))
    echo(f"{agent} signs in once with this link, until {record.expires_at:%H:%M}Z; whoever has it is {agent}:")
    echo(url)


async def _create(settings: Settings, workspace: str, agent: str, scope: Scope) -> tuple[str, SignInCode]:
    async with store_at(settings) as store:
        found = await read_one(store, AGENTS, agent_id(workspace, agent))
        if found is None:
            raise CliError(f"there is no agent {agent!r} in a workspace {workspace!r}.")
        code, record = new_code(found, [scope], SystemTimeSource().now())
        await store_code(store, code, record)
        return code, record


def desk_address(settings: Settings) -> str:
    """Where a browser reaches the installation: its public address, else this machine's."""
    return settings.public_url or f"http://{_reachable(settings.host)}:{settings.port}"


def _reachable(host: str) -> str:
    """The name of this machine for a browser on it, where the server listens on all of its addresses."""
    return "localhost" if host in {"0.0.0.0", "::", "127.0.0.1"} else host  # noqa: S104 - compared, not bound


def qr_code(text: str) -> str:
    """A QR code (ISO/IEC 18004) of half blocks, for a terminal."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()
