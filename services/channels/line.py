"""LINE (developers.line.biz/en/docs/messaging-api): one official account per account, private chats, groups and rooms."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.activity import Activity, Attachment
from schemas.channel import Capabilities, RateLimit, TextLimit
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    HandoffSettings,
    PrintableSecret,
    Rotating,
    account_example,
    api_base_field,
)
from services.channels.errors_without_token import without_token
from services.channels.line_api.calls import API_HOST, account_problem, locate_file, send_message, show_typing
from services.channels.line_api.webhook import parse, verify_signature
from services.channels.port import Account, MediaLocation, Request, SendReceipt, WebhookResponse
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient


class LineCredentials(AccountCredentials):
    """What the LINE Developers Console shows of a Messaging API channel."""

    channel_secret: Rotating[PrintableSecret] = Field(
        description="the channel secret: Basic settings in the LINE Developers Console, 32 hexadecimal digits"
    )
    access_token: PrintableSecret = Field(
        description="a long-lived channel access token: Messaging API in the LINE Developers Console"
    )


class LineSettings(HandoffSettings):
    """How the official account is found."""

    username: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{3,30}$")] | None = Field(
        None, description="the basic or premium ID without @, like 123abcde"
    )


class LineAccount(AccountSettings):
    """An official account of LINE. `api_base` replaces api.line.me and api-data.line.me."""

    model_config = account_example(
        name="Our LINE",
        credentials={
            "channel_secret": "0123456789abcdef0123456789abcdef",
            "access_token": "a-long-lived-channel-access-token",
        },
        settings={"username": "123abcde"},
    )
    credentials: LineCredentials
    settings: LineSettings = LineSettings()
    api_base: ApiBase | None = api_base_field(API_HOST)


class Line:
    """One official account per account."""

    name = "line"
    account_model = LineAccount
    capabilities = Capabilities(
        surfaces=("private", "public"),
        # #text-message, in UTF-16 (.../docs/messaging-api/text-character-count).
        text_limits=(TextLimit(limit=5000, unit="utf16", splits=True),),
        # .../docs/messaging-api/using-line-url-scheme/: the text of the link is written into the chat, and the customer sends it.
        deep_link="https://line.me/R/oaMessage/%40{username}/?{token}",
        actions=("typing",),
        public_actions=(),
        # #retry-api-request
        drops_repeats=True,
        # #rate-limits
        rate_limits=(RateLimit(scope="account", count=2000, seconds=1),),
        # LINE repeats what is not answered with 2xx, where redelivery is switched on; an unreadable body stays unreadable.
        invalid_payload_status=200,
    )

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """LINE tests an address by a signed call without events: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Require LINE's signature of the body by any live channel secret. Raises InvalidSignature."""
        verify_signature(request, account.secrets("channel_secret"))

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a webhook; see `line_api.webhook`. Raises InvalidPayload."""
        return parse(request, account)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """A push message, which LINE takes once however often it is sent."""
        with without_token(account.token("access_token")):
            return await send_message(http, account, message)

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Show that somebody types. See `PerformsActions`."""
        with without_token(account.token("access_token")):
            return await show_typing(http, account, action)

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """Where the file of a message is. See `ResolvesMedia`."""
        return locate_file(account, attachment)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Whether token and webhook are as they have to be. See `ChecksAccount`."""
        with without_token(account.token("access_token")):
            return await account_problem(http, account, public_url)
