"""Bale bots (docs.bale.ai): the Bot API with small changes, private chats and groups.

Bale signs nothing and repeats no secret: the end of the address that it calls is the proof. docs/adr/0071 says what it shares
with Telegram.
"""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from schemas.activity import Address
from schemas.channel import ActionKind, Capabilities, MediaLimit, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction
from schemas.values import Json
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    Rotating,
    Secret,
    account_example,
    api_base_field,
)
from services.channels.bot_accounts import (
    MAX_TEXT,
    PATH_CHARACTERS,
    BotSettings,
    PathSecret,
    is_polled,
    missing_proof,
)
from services.channels.bot_api.actions import perform
from services.channels.bot_api.bot import call, webhook_failure
from services.channels.bot_api.calls import numeric_id
from services.channels.bot_api.channel import BotApiChannel, BotPlatform
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_dict, as_str, drop_none
from services.channels.live_secrets import is_live_secret
from services.channels.port import Account, CredentialsRejected, InvalidSignature, Request, SendReceipt
from services.domain.account_phrases import AccountFinding, finding
from services.platform.http.outgoing import HttpClient, PermanentSendError

API_BASE = "https://tapi.bale.ai"
MAX_FILE = 50_000_000
ACTIONS: tuple[ActionKind, ...] = ("edit", "delete", "typing")


class BaleCredentials(AccountCredentials):
    """What @botfather of Bale gave, and the end of our address."""

    bot_token: Annotated[Secret, StringConstraints(pattern=r"^[0-9]{1,20}:[A-Za-z0-9_-]{1,200}$")] = Field(
        description="the token that @botfather in Bale gave, like 123456:ABC-DEF"
    )
    path_secret: Rotating[PathSecret] | None = Field(
        None,
        description=f"8-256 characters of {PATH_CHARACTERS} of your own, with which the address ends that Bale calls",
    )


class BaleSettings(BotSettings):
    """How a bot of Bale is found, and how its updates come in."""


class BaleAccount(AccountSettings):
    """A bot. `api_base` replaces tapi.bale.ai."""

    model_config = account_example(
        name="Our bot in Bale",
        credentials={"bot_token": "123456:ABC-DEF", "path_secret": "a-long-random-text-of-yours"},
        settings={"username": "example_shop_bot"},
    )
    credentials: BaleCredentials
    settings: BaleSettings = BaleSettings()
    api_base: ApiBase | None = api_base_field(API_BASE)

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """An account that receives webhooks needs the secret that proves them."""
        return missing_proof(body, "path_secret", PATH_CHARACTERS)


def target_fields(to: Address) -> dict[str, Json]:
    """The fields of every sending method of Bale that say where a message goes (docs.bale.ai, `sendMessage`)."""
    return drop_none(chat_id=numeric_id(to.chat), reply_to_message_id=numeric_id(to.reply_to))


class Bale(BotApiChannel):
    """One bot per account."""

    platform = BotPlatform("bale", API_BASE, target_fields, None, has_web_links=False)
    account_model = BaleAccount
    capabilities = Capabilities(
        surfaces=("private", "public"),
        # As libraries of others state it (python-bale-bot); the unit is not stated, and the stricter one is taken.
        text_limits=(TextLimit(limit=MAX_TEXT, unit="utf16", splits=True),),
        # Bale states no limits of files; these are assumed from the Bot API (docs/channels/bale.md).
        media=(
            MediaLimit(kind="image", max_bytes=10_000_000, media_types=("image/jpeg", "image/png")),
            MediaLimit(kind="video", max_bytes=MAX_FILE, media_types=("video/mp4",)),
            MediaLimit(kind="audio", max_bytes=MAX_FILE, media_types=("audio/mpeg", "audio/mp4")),
            MediaLimit(kind="voice", max_bytes=MAX_FILE, media_types=("audio/ogg",)),
            MediaLimit(kind="file", max_bytes=MAX_FILE),
        ),
        files_apart=True,
        deep_link="https://ble.ir/{username}?start={token}",
        actions=ACTIONS,
        edits=True,
        # Nobody states how often Bale repeats a call: a body that cannot be read is counted and answered with 200.
        invalid_payload_status=200,
    )

    def verify(self, request: Request, account: Account) -> None:
        """Compare the end of the address with every live `path_secret`. Raises InvalidSignature."""
        if not is_live_secret(request.subpath, account.secrets("path_secret")):
            raise InvalidSignature("the address of the call does not end with the account's path_secret")

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Edit, delete, show typing. Bale deletes one message a call. Raises as `send`."""
        token = account.token("bot_token")
        url = f"{self.base_url(account.body)}/bot{token}"
        with without_token(token):
            if action.kind != "delete":
                return await perform(http, url, action)
            return await _delete_each(http, url, action)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Call `getMe` and `getWebhookInfo`. See `ChecksAccount`."""
        base, token = self.base_url(account.body), account.token("bot_token")
        await call(http, base, token, "getMe")
        if is_polled(account.body):
            return None
        try:
            info = as_dict(await call(http, base, token, "getWebhookInfo"))
        except CredentialsRejected:
            # `getMe` accepted the token a moment ago, so the refusal means that this server lacks the method.
            return None
        return _webhook_problem(info, account, public_url, now)


async def _delete_each(http: HttpClient, url: str, action: ChannelAction) -> SendReceipt:
    """Delete a message and what else it became. What is gone already does not keep the others. Raises as `perform`."""
    gone: PermanentSendError | None = None
    for name in (action.platform_id, *action.further_ids):
        try:
            await perform(http, url, action.model_copy(update={"platform_id": name, "further_ids": ()}))
        except PermanentSendError as error:
            if error.code != "not_found":
                raise
            gone = error
    if gone is not None:
        raise gone
    return SendReceipt(action.platform_id)


def _webhook_problem(
    info: dict[str, Json], account: Account, public_url: str | None, now: datetime
) -> AccountFinding | None:
    """The problem of `getWebhookInfo`; no sentence shows the end of an address, which may be a secret."""
    path = f"/webhooks/bale/{account.workspace}/{account.id}"
    ours = f"{(public_url or '').rstrip('/')}{path}/<path_secret>"
    url = as_str(info.get("url"))
    if not url:
        return finding("bot_webhook_not_set", ours=ours) if info.get("url") == "" else None
    before, _, presented = url.rpartition("/")
    is_here = (
        before == public_url.rstrip("/") + path if public_url is not None else urlsplit(before).path.endswith(path)
    )
    if not (is_here and is_live_secret(presented, account.secrets("path_secret"))):
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"
        return finding("bot_webhook_elsewhere", called=shown, ours=ours)
    failure = webhook_failure(info, now)
    return (
        finding("bot_webhook_failing", said=_without_secret(failure.said, presented), count=failure.waiting)
        if failure
        else None
    )


def _without_secret(said: str, secret: str) -> str:
    """What Bale says of a failed call, without the end of the address that it may quote."""
    return said.replace(secret, "<path_secret>")
