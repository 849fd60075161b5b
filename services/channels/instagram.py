"""Instagram: the direct messages of a professional account, and what is written below its posts (developers.facebook.com/docs/instagram-platform)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

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
from services.channels.meta.messaging.history import is_message, named_messages, read_messages
from services.channels.meta.messaging.media import locate
from services.channels.meta.messaging.sending import SendApi
from services.channels.meta.publications.actions import INSTAGRAM, kinds, perform
from services.channels.meta.publications.catch_up import INTERVAL
from services.channels.meta.publications.edges import INSTAGRAM as INSTAGRAM_EDGES
from services.channels.meta.publications.mentions import named_mentions, read_mentions
from services.channels.meta.publications.sending import comment, reply_in_private
from services.channels.meta.signature import answer_subscription, verify_signature
from services.channels.meta.tokens import UNSTATED, exchange_token, refresh_instagram_token, stated_expiry
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

HOSTS = {"instagram": "https://graph.instagram.com", "facebook": "https://graph.facebook.com"}
"""Where the API is, by the login with which the access token was got."""
BODY = BodyKind("instagram", has_several_ids=True)
CHECKS = {
    "instagram": ConnectionCheck(
        "user_id", ("user_id",), "ig_id", "account", needed=("messages", "messaging_postbacks", "comments")
    ),
    "facebook": ConnectionCheck(
        "instagram_business_account", ("instagram_business_account", "id"), "ig_id", "account", subject="instagram"
    ),
}
DAY = 86_400.0
MAX_FILE = 25_000_000


class InstagramCredentials(AppCredentials):
    """The app, and the account that it acts for."""

    access_token: Rotating[GivenSecret] = Field(
        description="the account's access token; with settings.login facebook that of its Page"
    )
    ig_id: PlatformId = Field(description="the id of the Instagram professional account, like 17841400000000000")
    page_id: PlatformId | None = Field(None, description="the id of its Page, which settings.login facebook needs")


class InstagramSettings(MessageSettings):
    """How the app got its token, which says where the API is."""

    login: Literal["instagram", "facebook"] = Field(
        "instagram", description='how the token was got: "instagram" (Instagram Login) or "facebook" (Facebook Login)'
    )


class InstagramAccount(AccountSettings):
    """A professional account. `api_base` replaces graph.instagram.com or graph.facebook.com."""

    model_config = account_example(
        name="Our Instagram",
        credentials={
            "app_secret": "0123456789abcdef0123456789abcdef",
            "app_id": "1000000000001",
            "verify_token": "a-long-random-text-of-yours",
            "access_token": "IGAAexample",
            "ig_id": "17841400000000000",
        },
    )
    credentials: InstagramCredentials
    settings: InstagramSettings = InstagramSettings.model_validate({})
    api_base: ApiBase | None = Field(
        None, description="an address like https://graph.instagram.com, without query or fragment"
    )

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """A token that expires is renewed by the app."""
        return exchange_conflicts(body) if _login(body) == "facebook" else []


class Instagram:
    """One professional account per account. One app calls one URL for all of them."""

    name = "instagram"
    account_model = InstagramAccount
    interval = INTERVAL
    capabilities = Capabilities(
        surfaces=("private", "public"),
        text_limits=(
            TextLimit(limit=1000, surface="private", unit="bytes", splits=True),
            TextLimit(limit=2200, surface="public"),
        ),
        windows=(Window(seconds=DAY), Window(seconds=7 * DAY, tag="HUMAN_AGENT", people_only=True)),
        # …/instagram-messaging/features/ig-me-links
        deep_link="https://ig.me/m/{username}?ref={token}",
        private_reply=PrivateReply(seconds=7 * DAY),
        actions=kinds(INSTAGRAM, "private"),
        public_actions=kinds(INSTAGRAM, "public"),
        # developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-comment/replies
        answers_hidden=False,
        # …/instagram-messaging/features/attachment-upload
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
            MediaLimit(
                surface="private", kind="audio", max_bytes=MAX_FILE, media_types=("audio/mp4", "audio/aac", "audio/wav")
            ),
            MediaLimit(surface="private", kind="file", max_bytes=MAX_FILE, media_types=("application/pdf",)),
        ),
        files_apart=True,
        # A call has up to 1000 updates (…/graph-api/webhooks/getting-started).
        max_body_bytes=3 * 1024 * 1024,
        # …/messenger-platform/overview/rate-limiting
        rate_limits=(RateLimit(scope="account", count=300, seconds=1),),
    )

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The challenge of Meta's test of the address. Raises InvalidSignature."""
        return answer_subscription(request, account.secrets("verify_token"))

    def verify(self, request: Request, account: Account) -> None:
        """Require Meta's signature of the body by a live app secret. Raises InvalidSignature."""
        verify_signature(request, account.secrets("app_secret"))

    def own_id(self, account: AccountBody) -> str | None:
        """The id of the Instagram account."""
        return own_id(account, "ig_id")

    def addressees(self, request: Request) -> Sequence[str]:
        """The accounts of the entries."""
        return entry_ids(request, BODY)

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body for one Instagram account; see `meta.messaging.bodies`. Raises InvalidPayload."""
        return parse(request, BODY, entry_context(request, account, "ig_id", "page_id"))

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`POST /me/messages` in private, `POST /{comment-id}/replies` in public. Raises as `Channel.send`."""
        graph = _graph(account)
        if message.private_reply:
            return await reply_in_private(http, graph, message)
        if message.surface == "public":
            return await comment(http, graph, message, "replies")
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
        return await perform(http, _graph(account), action, INSTAGRAM)

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """What the account can do: without the approval of Human Agent nothing goes out after 24 hours."""
        return capabilities_for(body, self.capabilities)

    async def check(self, account: Account, http: HttpClient, public_url: str | None, now: datetime) -> str | None:
        """Whether the token is that of the account, and Meta calls us for it; see `meta.messaging.checks`."""
        return await CHECKS[_login(account.body)].problem(account, http, _graph(account).url, public_url)

    def is_polled(self, body: AccountBody) -> bool:
        """Whether comments and messages are looked for that Meta's calls have missed (`settings.catch_up`)."""
        return body.settings.get("catch_up") is not False

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Nothing has to be begun: the platform lists what was published."""

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """What was published since, one page at a time; see `meta.publications.catch_up`."""
        return await INSTAGRAM_EDGES.poll(_graph(account), http, cursor)

    def named(self, request: Request, account: Account) -> list[str]:
        """The mentions that a call names, and the messages of which it does not say who wrote them. See `FetchesNamed`."""
        own_ids = {own_id(account.body, name) for name in ("ig_id", "page_id")}
        return [*named_mentions(request, own_ids), *named_messages(request, own_ids)]

    async def fetch(self, named: Sequence[str], account: Account, http: HttpClient) -> list[bytes]:
        """What they say; see `meta.publications.mentions` and `meta.messaging.history`."""
        graph, messages = _graph(account), [one for one in named if is_message(one)]
        mentions = await read_mentions(http, graph, [one for one in named if not is_message(one)])
        return [*mentions, *await read_messages(http, graph, messages, BODY.subject)]

    def expires_at(self, account: Account, now: datetime) -> datetime | None:
        """`settings.token_expires_at`; the token of an Instagram Login always expires. See `RefreshesTokens`."""
        unstated = None if _login(account.body) == "facebook" else now + UNSTATED
        return stated_expiry(account.body) or unstated

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """`ig_refresh_token`, or `fb_exchange_token` for a token of a Facebook Login. See `RefreshesTokens`."""
        if _login(account.body) == "facebook":
            return await exchange_token(http, _graph(account).url, account, now)
        return await refresh_instagram_token(http, account.body.api_base or HOSTS["instagram"], account, now)


def _graph(account: Account) -> GraphAccount:
    scope = scope_of(account, own_id(account.body, "ig_id") or "")
    return GraphAccount(graph_url(account.body, HOSTS[_login(account.body)]), account.token("access_token"), scope)


def _api(account: Account, http: HttpClient) -> SendApi:
    return SendApi(http, _graph(account), platform="instagram", echoes_metadata=False)


def _login(body: AccountBody) -> str:
    return "facebook" if body.settings.get("login") == "facebook" else "instagram"
