"""A Facebook Page and an Instagram account: direct messages, and publications that the public reads. They differ by a table.

developers.facebook.com/docs/messenger-platform, .../docs/instagram-platform
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.activity import Activity, Attachment, AttachmentKind
from schemas.channel import Capabilities, MediaLimit, PrivateReply, Window
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.meta.entry import own_id
from services.channels.meta.graph import GraphApi, graph_api
from services.channels.meta.messaging.accounts import capabilities_for, entry_context
from services.channels.meta.messaging.bodies import BodyKind, entry_ids, parse
from services.channels.meta.messaging.checks import ConnectionCheck
from services.channels.meta.messaging.media import locate
from services.channels.meta.messaging.sending import send_file, send_text
from services.channels.meta.publications.actions import CallsBySurface, perform
from services.channels.meta.publications.catch_up import INTERVAL, CatchUp
from services.channels.meta.publications.sending import comment, reply_in_private
from services.channels.meta.signature import SignedByApp
from services.channels.meta.tokens import stated_expiry
from services.channels.port import (
    Account,
    MediaLocation,
    OutgoingFile,
    PollResult,
    RefreshedTokens,
    Request,
    SendReceipt,
)
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient

DAY = 86_400.0
WINDOWS = (Window(seconds=DAY), Window(seconds=7 * DAY, tag="HUMAN_AGENT", people_only=True))
"""How long after a message of the customer we may answer in private."""
PRIVATE_REPLY = PrivateReply(seconds=7 * DAY)


def file_limit(kind: AttachmentKind, *media_types: str, max_bytes: int = 25_000_000) -> MediaLimit:
    """A kind of file that goes out in private; without media types of any."""
    return MediaLimit(surface="private", kind=kind, max_bytes=max_bytes, media_types=media_types or None)


IMAGE_LIMIT = file_limit("image", "image/jpeg", "image/png", "image/gif", max_bytes=8_000_000)
VIDEO_LIMIT = file_limit("video", "video/mp4", "video/quicktime", "video/webm")


@dataclass(frozen=True, slots=True)
class GraphLogin:
    """A way to get a token: where the API is then, how it is checked and renewed, and how long it lives if nobody states it."""

    host: str
    check: ConnectionCheck
    refresh: Callable[[GraphApi, Account, datetime], Awaitable[RefreshedTokens]]
    lifetime: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SocialPlatform:
    """In what Messenger and Instagram differ.

    `ids` are the credentials that hold ids of the account; the first is its scope. `logins` are by `settings.login`, the first
    without one. `answers` is the edge of a comment where answers to it are written; `upload` are fields of an uploaded file.
    `echoes_metadata`: echoes return our own id of a message.
    """

    ids: tuple[str, ...]
    body: BodyKind
    logins: Mapping[str, GraphLogin]
    answers: str
    actions: CallsBySurface
    lists: CatchUp
    upload: Mapping[str, str]
    echoes_metadata: bool


class SocialChannel(SignedByApp):
    """One Page or Instagram account per account of ours. One app calls one URL for all of them."""

    interval = INTERVAL
    capabilities: Capabilities
    platform: SocialPlatform

    def own_id(self, account: AccountBody) -> str | None:
        """The id of the Page or of the Instagram account."""
        return own_id(account, self.platform.ids[0])

    def addressees(self, request: Request) -> Sequence[str]:
        """The Pages or accounts of the entries."""
        return entry_ids(request, self.platform.body)

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body for one account; see `meta.messaging.bodies`. Raises InvalidPayload."""
        return parse(request, self.platform.body, entry_context(request, account, *self.platform.ids))

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`POST /me/messages` in private, below the comment in public. Raises as `Channel.send`."""
        api = self.api(account, http)
        if message.private_reply:
            return await reply_in_private(api, message)
        if message.surface == "public":
            return await comment(api, message, self.platform.answers)
        return await send_text(api, message, with_id=self.platform.echoes_metadata)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """Upload the file and send it; `files_apart` lets one come at a time. Raises as `Channel.send`."""
        api = self.api(account, http)
        return await send_file(api, message, files[0], self.platform.upload, with_id=self.platform.echoes_metadata)

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """The address of a file now; see `meta.messaging.media`."""
        return await locate(self.api(account, http), attachment)

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """See `meta.publications.actions`."""
        return await perform(self.api(account, http), action, self.platform.actions)

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """What the account can do: without the approval of Human Agent nothing goes out after 24 hours."""
        return capabilities_for(body, self.capabilities)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Whether the token is that of the account, and Meta calls us for it; see `meta.messaging.checks`."""
        return await self._login(account.body).check.problem(account, self.api(account, http), public_url)

    def is_polled(self, body: AccountBody) -> bool:
        """Whether the account is polled for comments and messages that Meta's calls have missed (`settings.catch_up`)."""
        return body.settings.get("catch_up") is not False

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Nothing has to be begun: the platform lists what was published."""

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """What was published since, one page at a time; see `meta.publications.catch_up`."""
        return await self.platform.lists.poll(self.api(account, http), cursor)

    def expires_at(self, account: Account, now: datetime) -> datetime | None:
        """`settings.token_expires_at`; the token of an Instagram Login always expires. See `RefreshesTokens`."""
        lifetime = self._login(account.body).lifetime
        return stated_expiry(account.body) or (now + lifetime if lifetime else None)

    async def refresh(self, account: Account, now: datetime, http: HttpClient) -> RefreshedTokens:
        """`ig_refresh_token` for a token of an Instagram Login, else `fb_exchange_token`. See `RefreshesTokens`."""
        return await self._login(account.body).refresh(self.api(account, http), account, now)

    def api(self, account: Account, http: HttpClient) -> GraphApi:
        """The Graph API for an account."""
        return graph_api(http, account, self._login(account.body).host, self.own_id(account.body))

    def _login(self, body: AccountBody) -> GraphLogin:
        logins = self.platform.logins
        return logins.get(str(body.settings.get("login"))) or next(iter(logins.values()))
