"""`pasokh demo`: the demo shop on an installation that runs somewhere."""

import asyncio
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from services.cli.demo_shop import RATE, WORKSPACE
from services.cli.errors import CliError
from services.cli.printing import echo
from services.demo.rest import ApiError
from services.demo.running import run_demo
from services.demo.serving import serving
from services.demo.telegram import FakeTelegram
from services.platform.core.logging import configure_logging
from services.platform.core.settings import Settings
from services.platform.host import event_loop
from services.platform.host.process import stop_signals
from services.platform.http.admin_key import FILE_NAME

FAKE_TELEGRAM_PORT = 8899


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
    stand_in: Annotated[
        str | None,
        typer.Option(
            help="A stand-in for Telegram that runs already, as the installation reaches it.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of 127.0.0.1 for a stand-in of its own.")
    ] = FAKE_TELEGRAM_PORT,
) -> None:
    """Let customers write and agents answer on a running installation, until Ctrl-C."""
    configure_logging()
    event_loop.run(_until_signal(url.rstrip("/"), key or _local_admin_key(), workspace, rate, stand_in, port))


def _local_admin_key() -> str:
    settings = Settings()
    if settings.admin_key is not None:
        return settings.admin_key.get_secret_value()
    path = settings.data.absolute() / FILE_NAME
    try:
        return path.read_text().strip()
    except OSError as error:
        raise CliError(f"give a key by --key, or the data folder by PASOKH_DATA ({path} cannot be read).") from error


async def _until_signal(url: str, key: str, workspace: str, rate: float, stand_in: str | None, port: int) -> None:
    with stop_signals(asyncio.get_running_loop()) as stop:
        async with AsyncExitStack() as stack:
            reached = stand_in or await _start_fake_telegram(stack, port)
            echo(
                f"The demo shop runs on {url}, workspace {workspace}; what is sent shows at {reached}/_sent. Ctrl-C stops it."
            )
            try:
                await run_demo(url, key, workspace=workspace, rate=rate, stand_in=reached, stop=stop)
            except ApiError as refusal:
                raise CliError(_why(refusal, reached)) from refusal


async def _start_fake_telegram(stack: AsyncExitStack, port: int) -> str:
    try:
        return await stack.enter_async_context(serving(FakeTelegram().app, port=port))
    except OSError as error:
        raise CliError(f"port {port} is taken; give another one by --port.") from error


def _why(refusal: ApiError, stand_in: str) -> str:
    target = stand_in.partition("://")[2].rstrip("/")
    if refusal.status == 422 and target in str(refusal):
        return (
            f"the installation may not send to the stand-in at {target}. Start it with "
            f"PASOKH_ALLOWED_TARGETS='[\"{target}\"]', or name one that it may reach by --stand-in."
        )
    return f"the installation refused the demo shop ({refusal})."
