"""`pasokh telegram connect`: connects a bot by a working webhook or by polling, and explains what cannot work."""

import asyncio
import re
import secrets
import socket
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import typer

from schemas.configuration import AccountBody, WorkspaceConfiguration
from schemas.values import Json
from services.channels.bot_api.bot import call, delete_webhook, set_webhook, webhook_problem
from services.channels.json_access import as_dict, as_str
from services.channels.port import Account, CredentialsRejected
from services.channels.registry import account_rules
from services.channels.telegram import Telegram
from services.cli.data import engine_at
from services.cli.errors import CliError
from services.cli.printing import echo
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.http.client import open_outgoing
from services.platform.http.client_address import is_public
from services.platform.http.dependencies import Precondition
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.http.service import Context
from services.records.configuration import read_configuration
from services.workspaces import account_mutations
from services.workspaces.account_notifier import publish_account_changed
from services.workspaces.configuration_update import update_configuration

PORTS = (443, 80, 88, 8443)
"""The ports that Telegram sends webhooks to (core.telegram.org/bots/api#setwebhook)."""
POLL = "give --poll, and this machine fetches the updates itself."
Answered = TypeVar("Answered")
MIN_KEPT_SECRET_LENGTH = 16
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def connect(
    settings: Settings,
    workspace: Annotated[str, typer.Argument(help="The workspace, which exists.", show_default=False)],
    account: Annotated[str, typer.Argument(help="The account's id, such as main.", show_default=False)],
    token: Annotated[str, typer.Option(envvar="PASOKH_BOT_TOKEN", help="From BotFather.", show_default=False)],
    poll: Annotated[
        bool, typer.Option("--poll", help="Fetch updates: where Telegram cannot reach this machine.")
    ] = False,
    api_base: Annotated[str | None, typer.Option(help="A Bot API server of your own.", show_default=False)] = None,
) -> None:
    """Connect a bot: ask who it is, write its account, set its webhook to --public-url, and check all of it."""
    event_loop.run(_connect(settings, BotSetup(workspace, account, token.strip(), poll=poll, api_base=api_base)))


@dataclass(frozen=True, slots=True)
class BotSetup:
    """The bot, its account, and how its updates arrive (webhook or polling)."""

    workspace: str
    account: str
    token: str
    poll: bool = False
    api_base: str | None = None


async def _connect(settings: Settings, wanted: BotSetup) -> None:
    async with open_outgoing(settings) as http:
        await connect_bot(settings, wanted, http)


async def connect_bot(settings: Settings, wanted: BotSetup, http: HttpClient) -> None:
    """Carry out and report all steps. Raises CliError with a sentence at the first step that cannot work."""
    if not SLUG.fullmatch(wanted.account):
        raise CliError("the account's id has 1 to 64 characters of a-z 0-9 _ - and begins with a letter or digit.")
    address = None if wanted.poll else await _address(settings)
    async with engine_at(settings) as (store, bus):
        context = Context(settings, store, bus, SystemTimeSource())
        configuration = await read_configuration(store, wanted.workspace)
        if configuration is None:
            raise CliError(
                f"there is no workspace {wanted.workspace!r}. Make it: PUT /v1/workspaces/{wanted.workspace}."
            )
        body = _body(configuration, wanted)
        base = Telegram().base_url(body)
        username = await _username(http, base, wanted.token)
        body = body.model_copy(update={"settings": {**body.settings, "username": username}})
        if wrong := account_rules(Telegram()).problems(body):
            raise CliError(" ".join(f"{pointer}: {sentence}." for pointer, sentence in wrong))
        await _write(context, wanted.workspace, f"telegram/{wanted.account}", body)
        echo(f"The bot is @{username}. It is the account {wanted.account} of {wanted.workspace}.")
        if address is None:
            await _answer_or_exit(delete_webhook(http, base, wanted.token), "the webhook could not be taken away")
            echo("It has no webhook: the running ingest fetches its updates within a few seconds.")
            return
        await _with_webhook(http, base, body, f"{address}/webhooks/telegram/{wanted.workspace}/{wanted.account}")


async def _with_webhook(http: HttpClient, base: str, body: AccountBody, url: str) -> None:
    account = Account("", "telegram", "", body)  # only its credentials are read
    token = account.token("bot_token")
    await _answer_or_exit(
        set_webhook(http, base, token, url, account.token("secret_token")), "the webhook could not be set"
    )
    echo(f"Its webhook is {url}, with a secret that nobody but Telegram and this installation knows.")
    info = await _answer_or_exit(call(http, base, token, "getWebhookInfo"), "the webhook could not be looked at")
    parts = urlsplit(url)
    problem = webhook_problem(info, parts.path, url.removesuffix(parts.path), SystemTimeSource().now())
    if problem is not None:
        raise CliError(problem.detail)
    waiting = as_dict(info).get("pending_update_count")
    echo(f"Telegram confirms it; {waiting if isinstance(waiting, int) else 0} updates wait. Write to @{_name(body)}.")


def _name(body: AccountBody) -> str:
    return str(body.settings["username"])


async def _username(http: HttpClient, base: str, token: str) -> str:
    me = await _answer_or_exit(call(http, base, token, "getMe"), "the bot could not be asked who it is")
    username = as_str(as_dict(me).get("username"))
    if username is None:
        raise CliError(f"{base} did not say who the bot is. Is that a Bot API server?")
    return username


async def _answer_or_exit(call: Awaitable[Answered], purpose: str) -> Answered:
    """Telegram's answer. Raises CliError with a sentence that says what to do."""
    try:
        return await call
    except CredentialsRejected as error:
        raise CliError(f"{purpose}: {error}. Ask @BotFather for the bot's token (/token), and give that.") from error
    except (TransientSendError, SendOutcomeUnknown) as error:
        raise CliError(f"{purpose}: {error}. Is the Bot API reachable from here? Run the command again.") from error
    except PermanentSendError as error:
        raise CliError(f"{purpose}: {error}.") from error


def _body(configuration: WorkspaceConfiguration, wanted: BotSetup) -> AccountBody:
    """The account's new body: the stored one with the new token and the new way of receiving updates."""
    stored = configuration.accounts.get(f"telegram/{wanted.account}")
    body = stored.body if stored else AccountBody(credentials={})
    known = Account(wanted.workspace, "telegram", wanted.account, body).secrets("secret_token")
    # One that could be guessed is replaced; Telegram gets the new one in a moment.
    secret = known[0] if known and len(known[0]) >= MIN_KEPT_SECRET_LENGTH else secrets.token_urlsafe(32)
    credentials = {**body.credentials, "bot_token": wanted.token, "secret_token": secret}
    receiving: dict[str, Json] = {**body.settings, "receive": "poll" if wanted.poll else "webhook"}
    return body.model_copy(
        update={"credentials": credentials, "settings": receiving, "api_base": wanted.api_base or body.api_base}
    )


async def _write(context: Context, workspace: str, name: str, body: AccountBody) -> None:
    await update_configuration(
        context, workspace, account_mutations.put_account(workspace, name, body, Precondition(None), lambda _: [])
    )
    await publish_account_changed(context, workspace, name)


async def _address(settings: Settings) -> str:
    """The webhook's URL. Raises CliError when Telegram could never reach it."""
    if settings.public_url is None:
        raise CliError(
            "say under which address the internet reaches this installation: --public-url https://chat.example.com "
            f"(or PASOKH_PUBLIC_URL). Where there is none, {POLL}"
        )
    url = settings.public_url.rstrip("/")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 443
    except ValueError:
        host, port, parts = None, 443, urlsplit("")
    if parts.scheme != "https" or not host or parts.query or parts.fragment:
        raise CliError(
            f"Telegram posts to https only, and {url} is no https address. Put a TLS proxy in front, or {POLL}"
        )
    if port not in PORTS:
        raise CliError(
            f"Telegram posts to the ports {', '.join(map(str, PORTS))} only, not to {port}. Use one, or {POLL}"
        )
    await _refuse_private(host, port)
    return url


async def _refuse_private(host: str, port: int) -> None:
    try:
        resolved = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return  # what this machine cannot resolve others may; Telegram says so when it cannot
    addresses = sorted({str(address[0]) for *_, address in resolved})
    if not all(map(is_public, addresses)):
        raise CliError(
            f"{host} is {', '.join(addresses)}, a private address that Telegram cannot reach. Use a public one, or {POLL}"
        )
