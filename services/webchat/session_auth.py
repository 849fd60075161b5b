"""Authenticates webchat requests: the account of the path, the origin of the page, and the visitor of the token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from schemas.identity import HandoffToken
from services.channels.port import Account
from services.channels.webchat import is_origin_allowed
from services.ingest.accounts import AccountCache, ConnectedAccount
from services.platform.http.problems import Forbidden, NotFound, Unauthorized
from services.platform.http.rate_limits import RateLimits, client_address
from services.platform.http.service import Context
from services.platform.store.port import Key
from services.records.conversations import CONVERSATIONS
from services.records.secrets import installation_secret
from services.webchat.session_check import CHANNEL, is_current_session
from services.webchat.tokens import Visitor, decode_token

TOKENS, HANDOFFS = "webchat", "handoff"
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "authorization, content-disposition, content-type, last-event-id",
    "Access-Control-Max-Age": "600",
}

HandoffTokenDecoder = Callable[[bytes, str, str], HandoffToken | None]
"""Decodes (secret, workspace, token) to a hand-off token; None when it is not signed by us or is of another workspace."""


@dataclass(slots=True)
class SigningKeys:
    """The installation's signing secrets, read from the store once and then cached. They never change."""

    context: Context
    cached: dict[str, bytes]

    async def get(self, name: str) -> bytes:
        """The secret of this name. Raises Unavailable, Unknown."""
        if name not in self.cached:
            self.cached[name] = await installation_secret(self.context.store, name)
        return self.cached[name]


@dataclass(frozen=True, slots=True)
class WebchatAuthenticator:
    """Authenticates requests. The order of refusals is 429, 404, 403 (origin), 401 (token)."""

    context: Context
    accounts: AccountCache
    rates: RateLimits
    secrets: SigningKeys
    read_handoff: HandoffTokenDecoder

    async def find_account(self, request: Request) -> ConnectedAccount:
        """The account of the path. Raises TooManyRequests, NotFound, Unavailable."""
        await self.rates.check_address_limit(client_address(request))
        workspace, account = request.path_params["workspace"], request.path_params["account"]
        connected = await self.accounts.find(workspace, CHANNEL, account)
        connected = connected or await self.accounts.reload(workspace, CHANNEL, account)
        if connected is None:
            raise NotFound("There is no such workspace, or it has no such webchat account.")
        return connected

    async def cors_headers(self, request: Request, connected: ConnectedAccount) -> Mapping[str, str]:
        """The CORS headers of the answer. Raises Forbidden when the page's origin is not allowed."""
        # Browsers send `Origin` with every cross-origin call. Without it the caller is no page of another origin, and only
        # the token decides.
        origin = request.headers.get("origin")
        if origin is None:
            return {"Vary": "Origin"}
        if not self._is_same_origin(request, origin) and not await self._is_allowed(connected, origin):
            raise Forbidden("Pages of this origin may not open chats here: add it to the account's allowed_origins.")
        return {"Vary": "Origin", "Access-Control-Allow-Origin": origin}

    def _is_same_origin(self, request: Request, origin: str) -> bool:
        """Whether the origin is our own page. Behind a proxy the scheme is unknown here, so only the host is compared."""
        # A browser sets both headers itself; a program that forges them gains nothing, because it needs no CORS.
        host = urlsplit(origin).netloc
        public = urlsplit(self.context.settings.public_url or "").netloc
        return bool(host) and host in (request.headers.get("host"), public)

    async def _is_allowed(self, connected: ConnectedAccount, origin: str) -> bool:
        """Whether the account allows the origin: as cached, and before a refusal as it is stored now."""
        if is_origin_allowed(connected.account.body, origin):
            return True
        fresh = await self.reload_account(connected)
        return fresh is not None and is_origin_allowed(fresh.account.body, origin)

    async def reload_account(self, connected: ConnectedAccount) -> ConnectedAccount | None:
        """The account read anew from the store. Raises Unavailable."""
        account = connected.account
        return await self.accounts.reload(account.workspace, CHANNEL, account.id)

    async def count_auth_failure(self, request: Request) -> None:
        """Count a failed authentication of this address. Raises TooManyRequests."""
        await self.rates.count_auth_failure(client_address(request))

    async def count_new_visitor(self, request: Request, account: Account) -> None:
        """Count a new visitor. Raises TooManyRequests."""
        await self.rates.count_visitor(client_address(request), f"{account.workspace}/{account.id}")

    async def count_write(self, request: Request, account: Account, text: str) -> None:
        """Count a message that a visitor is about to write. Raises TooManyRequests."""
        await self.rates.count_write(client_address(request), f"{account.workspace}/{account.id}", len(text.encode()))

    async def count_file(self, request: Request, account: Account, size: int) -> None:
        """Count a file that a visitor is about to upload. Raises TooManyRequests."""
        await self.rates.count_file(client_address(request), f"{account.workspace}/{account.id}", size)

    async def authenticate(self, request: Request, connected: ConnectedAccount) -> Visitor:
        """The visitor of the bearer token. Raises Unauthorized, TooManyRequests, Unavailable."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        visitor = decode_token(token.strip(), await self.secrets.get(TOKENS)) if scheme.lower() == "bearer" else None
        if visitor is None or not await self._is_current(visitor, connected):
            await self.count_auth_failure(request)
            raise Unauthorized("Give the token of a session as `Authorization: Bearer TOKEN`; open a new session.")
        await self.rates.check_visitor(visitor.key)
        return visitor

    async def _is_current(self, visitor: Visitor, connected: ConnectedAccount) -> bool:
        """Whether the visitor's session is valid for the account: as cached, and before a refusal as it is stored now."""
        here, there = (visitor.workspace, visitor.account), (connected.account.workspace, connected.account.id)
        if here != there or visitor.is_expired(self.context.time_source.now()):
            return False
        return is_current_session(visitor, connected) or is_current_session(
            visitor, await self.reload_account(connected)
        )

    async def verify_handoff_token(self, request: Request, workspace: str, token: str | None) -> None:
        """Check a hand-off token. Raises Unauthorized for a forged one or one of another workspace; TooManyRequests, Unavailable."""
        if token is None:
            return
        # A token is either bound to its workspace by its signature, or (of older versions) checked by its conversation.
        handoff = self.read_handoff(await self.secrets.get(HANDOFFS), workspace, token)
        if handoff is None or not (handoff.is_bound or await self._is_within(workspace, handoff.conversation)):
            await self.count_auth_failure(request)
            raise Unauthorized("This hand-off link is not one of this workspace. Open a session without `handoff`.")

    async def _is_within(self, workspace: str, conversation: str) -> bool:
        """Whether the conversation belongs to the workspace. Tokens of older versions do not name their workspace."""
        key = Key(CONVERSATIONS.name, conversation)
        document = (await self.context.store.get_many([key])).get(key)
        return document is not None and document.get("workspace") == workspace
