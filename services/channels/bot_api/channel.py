"""What the channels of the Bot API share: sending, files, updates and polling, by a table of what differs between the platforms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from schemas.activity import Activity, Address, Attachment
from schemas.configuration import AccountBody
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.bot_accounts import is_polled
from services.channels.bot_api.bot import delete_webhook, fetch_updates
from services.channels.bot_api.calls import send_message
from services.channels.bot_api.files import locate, send_files
from services.channels.bot_api.origin import bot_id, with_message_ids
from services.channels.bot_api.updates import parse
from services.channels.errors_without_token import without_token
from services.channels.port import (
    Account,
    MediaLocation,
    OutgoingFile,
    PollResult,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.platform.http.outgoing import HttpClient


@dataclass(frozen=True, slots=True)
class BotPlatform:
    """What differs between the platforms that speak the Bot API.

    - `name` is that of the channel, `api_base` the platform's own address.
    - `target_fields` are the parameters of every sending method that say where a message goes.
    - `allowed_updates` are the kinds of updates that are asked for; None: the platform has no such parameter.
    - `has_web_links`: its public messages have addresses in the web, as those of t.me.
    """

    name: str
    api_base: str
    target_fields: Callable[[Address], dict[str, Json]]
    allowed_updates: Sequence[str] | None
    has_web_links: bool


class BotApiChannel:
    """The methods of a channel of bots that do not differ between the platforms."""

    platform: BotPlatform
    interval = timedelta()

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.platform.name

    def base_url(self, body: AccountBody) -> str:
        """The base URL of an account's Bot API server."""
        return (body.api_base or self.platform.api_base).rstrip("/")

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The Bot API has no handshake (`setWebhook` only registers the address): always None."""
        return None

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of one update; see `bot_api.updates`. Raises InvalidPayload."""
        return parse(self.name, request, account, has_web_links=self.platform.has_web_links)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`sendMessage`. Errors never quote the URL, because the bot token is part of it."""
        token = account.token("bot_token")
        url = f"{self.base_url(account.body)}/bot{token}/sendMessage"
        with without_token(token):
            receipt = await send_message(url, message, http, self.platform.target_fields)
            return with_message_ids(receipt, message, bot_id(token))

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """`sendPhoto`, `sendVideo`, `sendAudio`, `sendDocument` or `sendMediaGroup`; see `bot_api.files`."""
        token = account.token("bot_token")
        url = f"{self.base_url(account.body)}/bot{token}"
        with without_token(token):
            receipt = await send_files(http, url, message, files, self.platform.target_fields)
            return with_message_ids(receipt, message, bot_id(token))

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """`getFile`. The URL holds the bot token; see `ResolvesMedia`."""
        return await locate(http, self.base_url(account.body), account.token("bot_token"), attachment)

    def is_polled(self, body: AccountBody) -> bool:
        """Whether `settings.receive` is `poll`."""
        return is_polled(body)

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Remove the webhook: while one is set, `getUpdates` is refused. See `Polls`."""
        await delete_webhook(http, self.base_url(account.body), account.token("bot_token"))

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """`getUpdates`; the cursor is its offset. See `Polls`."""
        base, token = self.base_url(account.body), account.token("bot_token")
        return await fetch_updates(http, base, token, cursor, self.platform.allowed_updates)
