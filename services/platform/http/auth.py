"""Authentication and authorisation: bearer keys with a workspace and scopes, and sessions of agents. The look-ups are passed in.

Order of checks (each route's dependencies stand in it): 401, foreign workspace 404, scope 403, resource 404, body.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import Request

from schemas.configuration import Scope
from services.platform.http.problems import Forbidden, NotFound, Unauthorized
from services.platform.http.rate_limits import RateLimits, client_address
from services.platform.http.session_cookie import COOKIE, require_own_page, session_token
from services.platform.store.port import Key

SCOPE_IMPLIES: dict[Scope, frozenset[Scope]] = {
    "read": frozenset({"read"}),
    "desk": frozenset({"read", "desk"}),
    "write": frozenset({"read", "desk", "write"}),
    "admin": frozenset({"read", "desk", "write", "admin"}),
}
"""Each scope includes those before it. `desk` is for an agent's page; decisions about other agents need `admin`."""
ADMIN = "admin"
_CALLER = "pasokh.caller"
_BEARER = HTTPBearer(auto_error=False, description="An API key, or the admin key.")
_SESSION = APIKeyCookie(
    name=COOKIE, auto_error=False, description="The session of an agent in a browser (docs/sign-in.md)."
)


@dataclass(frozen=True, slots=True)
class BoundAgent:
    """The agent whom a key or a session is bound to, as it was when the request was authenticated."""

    id: str
    generation: int = 0
    teams: frozenset[str] = frozenset()
    is_lead: bool = False


@dataclass(frozen=True, slots=True)
class Principal:
    """A known key: its id (never its secret), its workspace (None: all) and its scopes.

    `agent`: the caller speaks as this agent only; None: for the whole workspace, or for all. `documents` are those
    without which the caller is not known any more; the admin key has none. `session`: the id of the session by which the caller
    is known, instead of a key.
    """

    key: str
    workspace: str | None
    scopes: frozenset[Scope]
    agent: BoundAgent | None = None
    documents: frozenset[Key] = frozenset()
    session: str | None = None

    def has_scope(self, scope: Scope) -> bool:
        return any(scope in SCOPE_IMPLIES[held] for held in self.scopes)

    def can_access_workspace(self, workspace: str) -> bool:
        return self.workspace in (None, workspace)


FindCaller = Callable[[str], Awaitable[Principal | None]]
"""Finds the caller of a key; None for an unknown key. Raises Unavailable."""


async def no_sessions(_: str) -> None:
    """`FindCaller` of a process in which no session is known."""


class Authenticator:
    """Identifies callers by their key or session and applies the rate limits. The admin key is compared in constant time."""

    def __init__(
        self,
        admin_key: str,
        find: FindCaller,
        rates: RateLimits,
        find_session: FindCaller = no_sessions,
        public_url: str | None = None,
    ) -> None:
        self._admin = _digest(admin_key)
        self._find, self._find_session = find, find_session
        self._rates = rates
        self._public_url = public_url

    async def caller(self, request: Request) -> Principal:
        """The caller of a request, by its key, else by the cookie of a session.

        Raises Unauthorized, Forbidden (a session's cookie that another page sent), TooManyRequests, Unavailable.
        """
        # The address is counted before the key is looked up, so that guessing keys does not cost reads of the store.
        await self.check_address(request)
        presented, token = _bearer_token(request.headers.get("authorization")), session_token(request)
        if presented is not None or token is None:
            caller = await self.known(presented) if presented else None
            detail = _unauthorized_detail(presented)
        else:
            caller, detail = await self.known_session(token), "This session has ended. Sign in again."
        if caller is None:
            await self.count_failure(request)
            raise Unauthorized(detail)
        if caller.session is not None:
            require_own_page(request, self._public_url)
        await self._rates.check_key(caller.key)
        return caller

    async def check_address(self, request: Request) -> None:
        """Count a request by its address. Raises TooManyRequests."""
        await self._rates.check_address_limit(client_address(request))

    async def count_failure(self, request: Request) -> None:
        """Count a request that proved nothing by its address. Raises TooManyRequests."""
        await self._rates.count_auth_failure(client_address(request))

    async def known_session(self, token: str) -> Principal | None:
        """The caller of a session; None for an unknown or ended one. Raises Unavailable."""
        return await self._find_session(token)

    async def known(self, presented: str) -> Principal | None:
        """The caller of a key; None for an unknown one. Raises Unavailable."""
        if hmac.compare_digest(_digest(presented), self._admin):
            return Principal(ADMIN, None, SCOPE_IMPLIES["admin"])
        return await self._find(presented)


def require_scope(scope: Scope, *, for_agents: bool = True) -> Callable[..., Awaitable[Principal]]:
    """A dependency that returns the caller if the key has the scope and access to the workspace of the path.

    `for_agents` false: the route shows or changes more than one agent may see, so that a caller who is bound to an agent
    needs `admin`.
    """

    async def check(
        request: Request, _: Annotated[object, Depends(_BEARER)], __: Annotated[object, Depends(_SESSION)]
    ) -> Principal:
        access: Authenticator = request.app.state.access
        caller = request.scope[_CALLER] = await access.caller(request)
        workspace = request.path_params.get("workspace")
        # 404 before 403: a key must not learn by its scope which workspaces exist.
        if workspace is not None and not caller.can_access_workspace(workspace):
            raise no_workspace(workspace)
        if not caller.has_scope(scope):
            raise Forbidden(f"This needs a key with the scope `{scope}`; this key has {_scopes_text(caller)}.")
        if caller.agent is not None and not for_agents and not caller.has_scope("admin"):
            raise Forbidden(
                "This is about the whole workspace. It needs a key that is bound to no agent, or the scope `admin`.",
                title="Not for agents",
            )
        return caller

    return check


def no_workspace(workspace: str) -> NotFound:
    """404, the same for a workspace that does not exist and for one that the key may not see."""
    return NotFound(f"There is no workspace {workspace!r} that this key can see.")


def caller_in_scope(scope: Mapping[str, object]) -> Principal | None:
    """The caller that `require_scope` found for a request; None before or without that check."""
    caller = scope.get(_CALLER)
    return caller if isinstance(caller, Principal) else None


def current_caller(request: Request) -> Principal:
    """A dependency for routes with `require_scope`: the caller that it found. Raises Unauthorized without one."""
    caller = caller_in_scope(request.scope)
    if caller is None:
        raise Unauthorized(_unauthorized_detail(None))
    return caller


def _scopes_text(caller: Principal) -> str:
    return ", ".join(f"`{scope}`" for scope in sorted(caller.scopes))


def _bearer_token(header: str | None) -> str | None:
    scheme, _, key = (header or "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _unauthorized_detail(presented: str | None) -> str:
    if presented is None:
        return "Give a key as `Authorization: Bearer KEY`."
    return "This key is not known; it may have been deleted."


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
