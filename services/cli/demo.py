"""`pasokh demo`: the demo shop on an installation that runs somewhere."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Annotated
from urllib.parse import urlsplit

import typer

from services.cli.demo_shop import RATE, WORKSPACE
from services.cli.errors import CliError
from services.cli.printing import echo
from services.demo.accounts import StandIns, derive_credentials
from services.demo.platforms import Platforms
from services.demo.rest import ApiError
from services.demo.running import run_demo
from services.platform.core.logging import configure_logging
from services.platform.core.settings import Settings
from services.platform.host import event_loop
from services.platform.host.process import stop_signals
from services.platform.http.admin_key import FILE_NAME

STAND_INS_PORT, SMTP_PORT = 8899, 8898


def demo(
    url: Annotated[str, typer.Option(help="The installation.")] = "http://127.0.0.1:8800",
    key: Annotated[
        str | None,
        typer.Option(
            help="A key with the scope admin [PASOKH_ADMIN_KEY, or that of the data folder].", show_default=False
        ),
    ] = None,
    workspace: Annotated[str, typer.Option(help="The workspace to write; it is made when it is missing.")] = WORKSPACE,
    rate: Annotated[float, typer.Option(min=0.01, max=1000, help="Updates a second.")] = RATE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1 for the stand-ins.")] = STAND_INS_PORT,
    smtp_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1 for the stand-in of a mail server.")
    ] = SMTP_PORT,
) -> None:
    """Let customers write and agents answer on a running installation, until Ctrl-C."""
    configure_logging()
    event_loop.run(_until_signal(url.rstrip("/"), key or _local_admin_key(), workspace, rate, port, smtp_port))


def _local_admin_key() -> str:
    settings = Settings()
    if settings.admin_key is not None:
        return settings.admin_key.get_secret_value()
    path = settings.data.absolute() / FILE_NAME
    try:
        return path.read_text().strip()
    except OSError as error:
        raise CliError(f"give a key by --key, or the data folder by PASOKH_DATA ({path} cannot be read).") from error


async def _until_signal(url: str, key: str, workspace: str, rate: float, port: int, smtp_port: int) -> None:
    platforms = Platforms(derive_credentials(key, workspace).smtp_password)
    with stop_signals(asyncio.get_running_loop()) as stop:
        async with AsyncExitStack() as stack:
            stand_ins = await _start(stack, platforms, port, smtp_port)
            echo(
                f"The demo shop runs on {url}, workspace {workspace}; what is sent shows at {stand_ins.url}/_sent. "
                "Ctrl-C stops it."
            )
            try:
                await run_demo(url, key, workspace=workspace, rate=rate, stand_ins=stand_ins, stop=stop)
            except ApiError as refusal:
                raise CliError(_why(refusal, stand_ins)) from refusal


async def _start(stack: AsyncExitStack, platforms: Platforms, port: int, smtp_port: int) -> StandIns:
    try:
        return await stack.enter_async_context(platforms.serve(port, smtp_port))
    except OSError as error:
        raise CliError(f"port {port} or {smtp_port} is taken; give others by --port and --smtp-port.") from error


def _why(refusal: ApiError, stand_ins: StandIns) -> str:
    targets = [urlsplit(url).netloc.rpartition("@")[2] for url in (stand_ins.url, stand_ins.smtp_url)]
    if refusal.status == 422 and any(target in str(refusal) for target in targets):
        return (
            f"the installation may not send to the stand-ins at {' and '.join(targets)}. Start it with "
            f"PASOKH_ALLOWED_TARGETS='{json.dumps(targets)}'."
        )
    return f"the installation refused the demo shop ({refusal})."
