"""Messenger: the direct messages of a Facebook Page, and what is written in public on it (developers.facebook.com/docs/messenger-platform)."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from schemas.activity import Activity, Attachment
from schemas.channel import Capabilities, MediaLimit, PrivateReply, RateLimit, TextLimit, Window
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.account_settings import AccountSettings, ApiBase, Rotating, account_example
from services.channels.meta.entry import GraphAccount, scope_of
from services.channels.meta.messaging.accounts import (
    AppCredentials,
    GivenSecret,
    MessageSettings,
    PlatformId,
    capabilities_for,
    entry_context,
    exchange_conflicts,
    graph_url,
    own_id,
)
from services.channels.meta.messaging.bodies import BodyKind, entry_ids, parse
from services.channels.meta.messaging.checks import ConnectionCheck
from services.channels.meta.messaging.media import locate
from services.channels.meta.messaging.sending import SendApi
from services.channels.meta.publications.actions import FACEBOOK, kinds, perform
from services.channels.meta.publications.catch_up import INTERVAL
from services.channels.meta.publications.edges import FACEBOOK as FACEBOOK_EDGES
from services.channels.meta.publications.sending import comment, reply_in_private
from services.channels.meta.signature import answer_subscription, verify_signature
from services.channels.meta.tokens import exchange_token, stated_expiry
from services.channels.port import (
    Account,
    MediaLocation,
    OutgoingFile,
    PollResult,
    RefreshedTokens,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.platform.http.outgoing import HttpClient

HOST = "https://graph.facebook.com"
BODY = BodyKind("page", has_several_ids=False)
CHECK = ConnectionCheck(
    "id", ("id",), "page_id", "Page", needed=("messages", "messaging_postbacks", "feed"), subject="page"
)
DAY = 86_400.0
MAX_FILE = 25_000_000


class MessengerCredentials(AppCredentials):
    """The app, and the Page that it acts for."""

    access_token: Rotating[GivenSecret] = Field(description="the Page's access token, which the app got for it")
    page_id: PlatformId = Field(description="the Page's id, like 1234567890: Page > About > Page transparency")


class MessengerAccount(AccountSettings):
    """A Page. `api_base` replaces graph.facebook.com."""

    model_config = account_example(
        name="Our Page",
        credentials={
            "app_secret": "0123456789abcdef0123456789abcdef",
            "app_id": "1000000000001",
            "verify_token": "a-long-random-text-of-yours",
            "access_token": "EAAexample",
            "page_id": "1234567890",
        },
    )
    credentials: MessengerCredentials
    settings: MessageSettings = MessageSettings.model_validate({})
    api_base: ApiBase | None = Field(
        None, description="an address like https://graph.facebook.com, without query or fragment"
    )

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """A token that expires is renewed by the app."""
        return exchange_conflicts(body)


class Messenger:
    """One Page per account. One app calls one URL for all its Pages."""

    name = "messenger"
    account_model = MessengerAccount
    interval = INTERVAL
    capabilities = Capabilities(
        surfaces=("private", "public"),
        text_limits=(TextLimit(limit=2000, surface="private", splits=True), TextLimit(limit=8000, surface="public")),
        windows=(Window(seconds=DAY), Window(seconds=7 * DAY, tag="HUMAN_AGENT", people_only=True)),
        # Who stops notifications of a topic may still be answered.
        opt_out="marketing",
        # …/discovery/m-me-links
        deep_link="https://m.me/{username}?ref={token}",
        private_reply=PrivateReply(seconds=7 * DAY),
        actions=kinds(FACEBOOK, "private"),
        public_actions=kinds(FACEBOOK, "public"),
        # …/send-messages/saving-assets; a picture of another type goes out as a file.
        media=(
            MediaLimit(
                surface="private",
                kind="image",
                max_bytes=8_000_000,
                media_types=("image/jpeg", "image/png", "image/gif"),
            ),
            MediaLimit(
                surface="private",
                kind="video",
                max_bytes=MAX_FILE,
                media_types=("video/mp4", "video/quicktime", "video/webm"),
            ),
            MediaLimit(surface="private", kind="audio", max_bytes=MAX_FILE),
            MediaLimit(surface="private", kind="file", max_bytes=MAX_FILE),
        ),
        files_apart=True,
        # A call has up to 1000 updates (…/graph-api/webhooks/getting-started).
        max_body_bytes=3 * 1024 * 1024,
        # …/overview/rate-limiting: over 40 messages a second the Page's inbox shows and sends nothing more.
        rate_limits=(RateLimit(scope="account", count=40, seconds=1),),
    )

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The challenge of Meta's test of the address. Raises InvalidSignature."""
        return answer_subscription(request, account.secrets("verify_token"))

    def verify(self, request: Request, account: Account) -> None:
        """Require Meta's signature of the body by a live app secret. Raises InvalidSignature."""
        verify_signature(request, account.secrets("app_secret"))

    def own_id(self, account: AccountBody) -> str | None:
        """The Page's id."""
        return own_id(account, "page_id")

    def addressees(self, request: Request) -> Sequence[str]:
        """The Pages of the entries."""
        return entry_ids(request, BODY)

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body for one Page; see `meta.messaging.bodies`. Raises InvalidPayload."""
        return parse(request, BODY, entry_context(request, account, "page_id"))

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`POST /me/messages` in private, `POST /{comment-id}/comments` in public. Raises as `Channel.send`."""
        graph = _graph(account)
        if message.private_reply:
            return await reply_in_private(http, graph, message)
        if message.surface == "public":
            return await comment(http, graph, message, "comments")
        return await _api(account, http).send_text(message)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """Upload the file and send it; `files_apart` lets one come at a time. Raises as `Channel.send`."""
        return await _api(account, http).send_file(message, files[0])

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """The address of a file now; see `meta.messaging.media`."""
        return await locate(http, _graph(account), attachment)

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """See `meta.publications.actions`."""
        return await perform(http, _graph(account), action, FACEBOOK)

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """What the account can do: without the approval of Human Agent nothing goes out after 24 hours."""
        return capabilities_for(body, self.capabilities)

    async def check(self, account: Account, http: HttpClient, public_url: str | None, now: datetime) -> str | None:
        """Whether the token is that of the account, and Meta calls us for it; see `meta.messaging.checks`."""
        return await CHECK.problem(account, http, _graph(account).url, public_url)

    def is_polled(self, body: AccountBody) -> bool:
        """Whether comments and messages are looked for that Meta's calls have missed (`settings.catch_up`)."""
        return body.settings.get("catch_up") is not False

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Nothing has to be begun: the platform lists what was published."""

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """What was published since, one page at a time; see `meta.publications.catch_up`."""
        return await FACEBOOK_EDGES.poll(_graph(account), http, cursor)

    def expires_at(self, account: Account, now: datetime) -> datetime | None:
        """`settings.token_expires_at`. See `RefreshesTokens`."""
        return stated_expiry(account.body)

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """`fb_exchange_token`. See `RefreshesTokens`."""
        return await exchange_token(http, graph_url(account.body, HOST), account, now)


def _graph(account: Account) -> GraphAccount:
    scope = scope_of(account, own_id(account.body, "page_id") or "")
    return GraphAccount(graph_url(account.body, HOST), account.token("access_token"), scope)


def _api(account: Account, http: HttpClient) -> SendApi:
    return SendApi(http, _graph(account))
