"""Telegram bots (core.telegram.org/bots/api): webhooks with a shared secret, private chats, groups and topics.

Telegram does not sign bodies: it repeats the `secret_token` of `setWebhook` in a header. Whoever knows that text is Telegram
to us, so it is compared in constant time and never logged.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.channel import Capabilities, MediaLimit, RateLimit, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    ChosenSecret,
    Rotating,
    Secret,
    account_example,
    api_base_field,
)
from services.channels.bot_accounts import MAX_TEXT, BotSettings, is_polled, missing_proof
from services.channels.bot_api.actions import ACTIONS, perform
from services.channels.bot_api.bot import UPDATES, call, webhook_problem
from services.channels.bot_api.calls import target_fields
from services.channels.bot_api.channel import BotApiChannel, BotPlatform
from services.channels.errors_without_token import without_token
from services.channels.live_secrets import is_live_secret
from services.channels.port import (
    Account,
    CredentialsRejected,
    InvalidSignature,
    Request,
    SendReceipt,
)
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient

API_BASE = "https://api.telegram.org"
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 -- the name of a header
MAX_FILE = 50_000_000
STICKER_TYPES = ("image/webp", "application/gzip", "video/webm")

SecretToken = Annotated[ChosenSecret, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,256}$")]


class TelegramCredentials(AccountCredentials):
    """What BotFather gave, and what we give to `setWebhook`."""

    bot_token: Annotated[Secret, StringConstraints(pattern=r"^[0-9]{1,20}:[A-Za-z0-9_-]{1,200}$")] = Field(
        description="the token BotFather gave, like 123456:ABC-DEF"
    )
    secret_token: Rotating[SecretToken] | None = Field(None, description="8-256 characters of A-Z a-z 0-9 _ -")
    secret_token_previous: SecretToken | None = Field(
        None, description="the secret before this one, while it rotates: 8-256 characters of A-Z a-z 0-9 _ -"
    )


class TelegramSettings(BotSettings):
    """How a bot of Telegram is found, and how its updates come in."""


class TelegramAccount(AccountSettings):
    """A bot. `api_base` is a Bot API server of one's own."""

    model_config = account_example(
        name="Our bot",
        credentials={"bot_token": "123456:ABC-DEF", "secret_token": "a-long-random-text-of-yours"},
        settings={"username": "example_shop_bot"},
    )
    credentials: TelegramCredentials
    settings: TelegramSettings = TelegramSettings()
    api_base: ApiBase | None = api_base_field(API_BASE)

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """An account that receives webhooks needs the secret that proves them."""
        return missing_proof(body, "secret_token", "A-Z a-z 0-9 _ -")


class Telegram(BotApiChannel):
    """One bot per account. `api_base` of an account replaces api.telegram.org (a local Bot API server)."""

    platform = BotPlatform("telegram", API_BASE, target_fields, UPDATES, has_web_links=True)
    account_model = TelegramAccount
    capabilities = Capabilities(
        surfaces=("private", "public"),
        # In UTF-16, as Telegram counts the places in a text (core.telegram.org/api/entities).
        text_limits=(TextLimit(limit=MAX_TEXT, unit="utf16", splits=True),),
        # core.telegram.org/bots/api#sendphoto, #sendvideo, #sendaudio, #sendvoice, #sendsticker, #senddocument; an album has
        # 2 to 10 files, a caption 1024 characters.
        media=(
            MediaLimit(kind="image", max_bytes=10_000_000, media_types=("image/jpeg", "image/png", "image/webp")),
            MediaLimit(kind="video", max_bytes=MAX_FILE, media_types=("video/mp4",)),
            MediaLimit(kind="audio", max_bytes=MAX_FILE, media_types=("audio/mpeg", "audio/mp4")),
            MediaLimit(kind="voice", max_bytes=MAX_FILE, media_types=("audio/ogg", "audio/mpeg", "audio/mp4")),
            # Static as WEBP, animated as TGS (a gzip), a film as WEBM; nothing stands beside a sticker.
            MediaLimit(kind="sticker", max_bytes=512_000, media_types=STICKER_TYPES, caption_limit=0),
            MediaLimit(kind="file", max_bytes=MAX_FILE),
        ),
        max_files=10,
        caption_limit=1024,
        deep_link="https://t.me/{username}?start={token}",
        actions=ACTIONS,
        edits=True,
        # core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
        rate_limits=(
            RateLimit(scope="chat", count=1, seconds=1),
            RateLimit(scope="group", count=20, seconds=60),
            RateLimit(scope="account", count=30, seconds=1),
        ),
        # Telegram repeats every update that is not answered with 2xx for up to 24 hours and holds back the chat's later
        # updates meanwhile. A repeated body would be just as unreadable, so it is counted and answered with 200.
        invalid_payload_status=200,
    )

    def verify(self, request: Request, account: Account) -> None:
        """Compare the secret of `setWebhook` with every live one, all of them each time. Raises InvalidSignature."""
        if not is_live_secret(request.headers.get(SECRET_HEADER, ""), account.secrets("secret_token")):
            raise InvalidSignature("the secret token is missing or wrong")

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Edit, delete, react, show typing, mark as read; see `bot_api.actions`."""
        token = account.token("bot_token")
        with without_token(token):
            return await perform(http, f"{self.base_url(account.body)}/bot{token}", action)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Call `getMe` and `getWebhookInfo`. See `ChecksAccount`."""
        base, token = self.base_url(account.body), account.token("bot_token")
        await call(http, base, token, "getMe")
        if is_polled(account.body):
            return None
        try:
            info = await call(http, base, token, "getWebhookInfo")
        except CredentialsRejected:
            # `getMe` accepted the token a moment ago, so the refusal means that this Bot API server lacks the method.
            return None
        return webhook_problem(info, f"/webhooks/telegram/{account.workspace}/{account.id}", public_url, now)
