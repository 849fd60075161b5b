"""Rubika: one bot per account, private chats, groups and channels (rubika.ir/botapi).

Rubika signs nothing: the secret is the end of the address that it calls. Where it cannot reach us, updates are fetched.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.activity import Activity, Attachment
from schemas.channel import ActionKind, Capabilities, MediaLimit, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
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
from services.channels.live_secrets import is_live_secret
from services.channels.port import (
    Account,
    InvalidSignature,
    MediaLocation,
    OutgoingFile,
    PollResult,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.channels.rubika_api.bot import fetch_updates, register_endpoints
from services.channels.rubika_api.calls import RubikaApi, perform_action, send_message
from services.channels.rubika_api.files import locate_file, send_file
from services.channels.rubika_api.origin import scope_of
from services.channels.rubika_api.updates import parse
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient

API_BASE = "https://botapi.rubika.ir"
MAX_FILE = 50_000_000
ENDPOINT_PATHS = ("/receiveUpdate", "/receiveInlineMessage")
"""What Rubika adds to an address that was given to @BotFather in place of `updateBotEndpoints`."""


class RubikaCredentials(AccountCredentials):
    """What @BotFather of Rubika gave, and the end of our address."""

    bot_token: Annotated[Secret, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,256}$")] = Field(
        description="the token that @BotFather in Rubika gave, like ABCDE0FGHIJKLMNOP: letters, digits, . : _ -"
    )
    path_secret: Rotating[PathSecret] | None = Field(
        None,
        description=f"8-256 characters of {PATH_CHARACTERS} of your own, with which the address ends that Rubika calls",
    )


class RubikaSettings(BotSettings):
    """How a bot of Rubika is found, and how its updates come in."""


class RubikaAccount(AccountSettings):
    """A bot. `api_base` replaces botapi.rubika.ir."""

    model_config = account_example(
        name="Our bot in Rubika",
        credentials={"bot_token": "ABCDE0FGHIJKLMNOPQRSTUVWXYZ", "path_secret": "a-long-random-text-of-yours"},
        settings={"username": "example_shop_bot"},
    )
    credentials: RubikaCredentials
    settings: RubikaSettings = RubikaSettings()
    api_base: ApiBase | None = api_base_field(API_BASE)

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """An account that receives webhooks needs the secret that proves them."""
        return missing_proof(body, "path_secret", PATH_CHARACTERS)


class Rubika:
    """One bot per account."""

    name = "rubika"
    account_model = RubikaAccount
    # Rubika answers at once, and says to ask at intervals "of 5 seconds, for example".
    interval = timedelta(seconds=3)
    actions: tuple[ActionKind, ...] = ("edit", "delete")
    capabilities = Capabilities(
        surfaces=("private", "public"),
        # Rubika states no limit of texts or files; these are assumed (docs/channels/rubika.md).
        text_limits=(TextLimit(limit=MAX_TEXT, splits=True),),
        # Each file is a message of its own (rubika.ir/botapi/methods#requestsendfile).
        media=(
            MediaLimit(kind="image", max_bytes=MAX_FILE, media_types=("image/jpeg", "image/png")),
            MediaLimit(kind="video", max_bytes=MAX_FILE, media_types=("video/mp4",)),
            MediaLimit(kind="audio", max_bytes=MAX_FILE, media_types=("audio/mpeg", "audio/mp4")),
            MediaLimit(kind="voice", max_bytes=MAX_FILE, media_types=("audio/ogg",)),
            MediaLimit(kind="file", max_bytes=MAX_FILE),
        ),
        files_apart=True,
        deep_link="https://rubika.ir/{username}?st={token}",
        actions=actions,
        edits=True,
        # A check sets the addresses of the bot anew, which need not be every minute.
        probe_seconds=300.0,
        # Nobody knows how often Rubika repeats a call that is refused: a body that cannot be read is counted and answered with 200.
        invalid_payload_status=200,
    )

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """Rubika has no handshake: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Compare the end of the address with every live `path_secret`. Raises InvalidSignature."""
        presented = request.subpath
        for ending in ENDPOINT_PATHS:
            presented = presented.removesuffix(ending)
        if not is_live_secret(presented, account.secrets("path_secret")):
            raise InvalidSignature("the address of the call does not end with the account's path_secret")

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a call; see `rubika_api.updates`. Raises InvalidPayload."""
        return parse(request, account)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`sendMessage`; see `rubika_api.calls`."""
        return await send_message(api_of(account, http), scope_of(account), message)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """`requestSendFile`, the upload, and `sendFile`. One message has one file: `files_apart`."""
        return await send_file(api_of(account, http), scope_of(account), message, files[0])

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Edit or delete; see `rubika_api.calls`."""
        return await perform_action(api_of(account, http), action)

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """`getFile`. See `ResolvesMedia`."""
        return await locate_file(api_of(account, http), attachment)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Call `getMe`, and set the addresses that Rubika calls. See `ChecksAccount`."""
        api = api_of(account, http)
        await api.call("getMe", {}, idempotent=True)
        if is_polled(account.body) or public_url is None:
            return None
        return await register_endpoints(api, account, public_url)

    def is_polled(self, body: AccountBody) -> bool:
        """Whether `settings.receive` is `poll`."""
        return is_polled(body)

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Nothing: Rubika has no call that removes an address, and lists updates beside it. See `Polls`."""

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """`getUpdates`. See `Polls`."""
        return await fetch_updates(api_of(account, http), cursor)


def api_of(account: Account, http: HttpClient) -> RubikaApi:
    """The API of an account's bot."""
    base = (account.body.api_base or API_BASE).rstrip("/").removesuffix("/v3")
    return RubikaApi(http, base, account.token("bot_token"))
