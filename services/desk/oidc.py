"""Signing in by an issuer (OpenID Connect): two addresses that the browser opens, and a signed cookie between them."""

import secrets
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import jwt
import structlog
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.desk.domain.oidc import FLOW_LASTS, Flow, SignInFailed, answered_code, authorization_url, named_agent
from services.desk.provider import Issuer
from services.desk.sessions import Proof, count_address, new_session, record_signed_in, refuse_plain_http, store_session
from services.desk.sign_in import PAGE
from services.platform.core.errors import Misconfigured
from services.platform.core.settings import Settings
from services.platform.http.auth import Authenticator
from services.platform.http.dependencies import ContextDep
from services.platform.http.problems import HttpProblem
from services.platform.http.service import Context
from services.platform.http.session_cookie import is_loopback, set_session
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, agent_id

COOKIE = "__Host-pasokh-sign-in"
LOOPBACK_COOKIE = "pasokh-sign-in"
CALLBACK = "/v1/desk/oidc/callback"
SECRET_NAME = "desk-sign-in"  # noqa: S105 - the name of a secret
ALGORITHM, TOKEN_TYPE = "HS256", "pasokh-sign-in+jwt"
ERROR = "sign-in-error"
_log = structlog.get_logger(__name__)


class NoIssuer(HttpProblem):
    """404: agents do not sign in by an issuer here."""

    status = 404

    def __init__(self) -> None:
        super().__init__("No issuer is set up here (PASOKH_OIDC_ISSUER). Sign in by a key or a link.")


@dataclass(frozen=True, slots=True)
class IssuerRoutes:
    """The addresses that the browser opens, with the issuer, the workspace of its agents, and the secret that signs the cookie."""

    issuer: Issuer
    workspace: str
    secret: bytes

    async def start(self, request: Request, context: Context, *, shared_computer: bool) -> Response:
        refuse_plain_http(request, context.settings.public_url)
        try:
            provider = await self.issuer.provider()
        except SignInFailed as failed:
            return await self._failed(request, failed)
        flow = Flow(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            shared_computer=shared_computer,
        )
        response = RedirectResponse(authorization_url(provider, self.issuer.client, flow), 303)
        _set_flow(response, request, self._sealed(flow, context))
        return response

    async def callback(self, request: Request, context: Context) -> Response:
        try:
            flow = self._opened(_flow_token(request), context)
            code = answered_code(self.issuer.client, flow, dict(request.query_params))
            proof = await self._proof(context, code, flow)
        except SignInFailed as failed:
            return await self._failed(request, failed)
        now = context.time_source.now()
        session, token = new_session(proof, request, now, shared_computer=flow.shared_computer)
        await store_session(request, context, session)
        record_signed_in(session, issuer=self.issuer.client.issuer)
        # The cookie of the session is SameSite=Strict: browsers do not send it on this redirect, which began at the issuer, but with
        # what the page then asks for.
        response = RedirectResponse(PAGE, 303)
        set_session(response, request, token, None if flow.shared_computer else session.expires_at - now)
        _clear_flow(response, request)
        return response

    async def _proof(self, context: Context, code: str, flow: Flow) -> Proof:
        claims = await self.issuer.claims(code, flow)
        agent = named_agent(self.issuer.client, flow, claims, context.time_source.now())
        record = await read_one(context.store, AGENTS, agent_id(self.workspace, agent))
        # The id of the document is made of both names: a name with a slash in it must not reach into another workspace.
        if record is None or (record.workspace, record.id) != (self.workspace, agent):
            raise SignInFailed("no_agent", "the claim names no agent of the workspace")
        return Proof(self.workspace, agent, record.generation, ["desk"])

    async def _failed(self, request: Request, failed: SignInFailed) -> Response:
        _log.warning("sign_in_failed", reason=failed.reason, detail=str(failed))
        access: Authenticator = request.app.state.access
        if failed.reason not in ("refused", "unavailable"):
            await access.count_failure(request)
        response = RedirectResponse(f"{PAGE}#{ERROR}={failed.reason}", 303)
        _clear_flow(response, request)
        return response

    def _sealed(self, flow: Flow, context: Context) -> str:
        expires = int((context.time_source.now() + FLOW_LASTS).timestamp())
        return jwt.encode({**asdict(flow), "exp": expires}, self.secret, ALGORITHM, headers={"typ": TOKEN_TYPE})

    def _opened(self, token: str | None, context: Context) -> Flow:
        if token is None:
            raise SignInFailed("expired", "the browser did not begin to sign in, or too long ago")
        try:
            # The expiry is judged by the service's own clock. The algorithm is fixed, never taken from the token.
            decoded = jwt.decode_complete(token, self.secret, algorithms=[ALGORITHM], options={"verify_exp": False})
        except jwt.PyJWTError as error:
            raise SignInFailed("expired", "the cookie is not ours") from error
        claims = decoded["payload"]
        if decoded["header"].get("typ") != TOKEN_TYPE or context.time_source.now().timestamp() >= claims.pop("exp"):
            raise SignInFailed("expired", "signing in took too long")
        return Flow(**claims)


def _flow_token(request: Request) -> str | None:
    return request.cookies.get(COOKIE) or (request.cookies.get(LOOPBACK_COOKIE) if _on_loopback(request) else None)


def _set_flow(response: Response, request: Request, token: str) -> None:
    # Lax, not Strict: the browser must send it when the issuer sends it back.
    age = int(FLOW_LASTS.total_seconds())
    response.set_cookie(COOKIE, token, max_age=age, path="/", secure=True, httponly=True, samesite="lax")
    if _on_loopback(request):
        response.set_cookie(LOOPBACK_COOKIE, token, max_age=age, path="/", httponly=True, samesite="lax")


def _clear_flow(response: Response, request: Request) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    if _on_loopback(request):
        response.delete_cookie(LOOPBACK_COOKIE, path="/", httponly=True, samesite="lax")


def _on_loopback(request: Request) -> bool:
    return request.url.scheme == "http" and is_loopback(request.headers.get("host", ""))


# -- settings and routes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequiredSettings:
    """The settings without which there is no signing in by an issuer."""

    issuer: str
    client_id: str
    agent_claim: str
    workspace: str
    public_url: str


def require_settings(settings: Settings) -> RequiredSettings:
    """The settings of the issuer. Raises Misconfigured if one is missing, or if the issuer could be anybody."""
    found = {
        "PASOKH_OIDC_ISSUER": settings.oidc_issuer or "",
        "PASOKH_OIDC_CLIENT_ID": settings.oidc_client_id or "",
        "PASOKH_OIDC_AGENT_CLAIM": settings.oidc_agent_claim or "",
        "PASOKH_OIDC_WORKSPACE": settings.oidc_workspace or "",
        "PASOKH_PUBLIC_URL": settings.public_url or "",
    }
    if missing := [name for name, value in found.items() if not value]:
        raise Misconfigured(f"PASOKH_OIDC_ISSUER is set, so {', '.join(missing)} must be, too (docs/sign-in.md).")
    required = RequiredSettings(*found.values())
    if not required.issuer.startswith("https://") and not _is_on_this_machine(required.issuer):
        raise Misconfigured("PASOKH_OIDC_ISSUER must begin with https://: by what it signs, agents are known.")
    return required


def _is_on_this_machine(url: str) -> bool:
    return url.startswith("http://") and is_loopback(url.removeprefix("http://").partition("/")[0])


def build_router(issuer: IssuerRoutes | None) -> APIRouter:
    """The routes; without an issuer they are 404. The browser opens them, so that they need no key."""

    async def start(
        request: Request,
        context: ContextDep,
        shared_computer: Annotated[bool, Query(description="Whether others use the computer.")] = False,
    ) -> Response:
        """Send the browser to the issuer, to sign in there."""
        if issuer is None:
            raise NoIssuer
        return await issuer.start(request, context, shared_computer=shared_computer)

    async def callback(request: Request, context: ContextDep) -> Response:
        """The issuer sends the browser back here. It goes on to the page, signed in, or with the reason why not behind `#`."""
        if issuer is None:
            raise NoIssuer
        return await issuer.callback(request, context)

    router = APIRouter(prefix="/v1/desk/oidc", tags=["desk"], dependencies=[Depends(count_address)])
    described: dict[int | str, dict[str, Any]] = {
        303: {"description": "The browser goes on to `Location`"},
        **{status: {} for status in (403, 404, 422, 429, 503)},
    }
    for path, route in (("/start", start), ("/callback", callback)):
        router.add_api_route(path, route, status_code=303, response_class=Response, responses=described)
    return router
