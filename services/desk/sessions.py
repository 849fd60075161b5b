"""Sessions over REST: an agent signs in by a key or a code, sees where they are signed in, and signs out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.configuration import Scope
from schemas.values import Json
from services.desk.sign_in import new_code, new_session_secret, qr_rows, read_code, sign_in_url, spend_code, store_code
from services.desk.views import (
    DeskSessionBody,
    DeskSessionOpened,
    DeskSessionView,
    SignInBody,
    SignInLink,
    session_view,
)
from services.domain.session_lifetime import expiry, is_ended, renewed_end
from services.platform.http.auth import Authenticator, Principal, current_caller, require_scope
from services.platform.http.dependencies import ContextDep, Page, PageParamsDep, query_page
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, Forbidden, NotFound, Unauthorized, UnprocessableContent
from services.platform.http.service import Context
from services.platform.http.session_cookie import (
    clear_session,
    connection_of,
    require_no_form,
    require_same_origin,
    session_token,
    set_session,
)
from services.platform.store.port import Changes, Key, Put, Query
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.desk import DESK_SESSIONS, DeskSession, format_session
from services.records.keys import bound_agent, secret_digest
from services.rest.dependencies import ExistingWorkspace

_audit = structlog.get_logger("pasokh.audit")
CURRENT = "current"
"""Names the caller's own session in a path."""
MAX_DEVICE = 200

Caller = Annotated[Principal, Depends(current_caller)]


@dataclass(frozen=True, slots=True)
class Proof:
    """Who signs in, as a key, a code or an issuer proved it. `key` is the id of the key, '' without one; so is `agent` in a first run."""

    workspace: str
    agent: str
    generation: int
    scopes: Sequence[Scope]
    key: str = ""


async def require_safe_connection(request: Request, context: ContextDep) -> None:
    """Refuse to sign in from another page's form, and where secrets would travel in plain text. Raises Forbidden."""
    public_url = context.settings.public_url
    require_same_origin(request, public_url)
    require_no_form(request.headers)
    refuse_plain_http(request, public_url)


def refuse_plain_http(request: Request, public_url: str | None) -> None:
    """Raise Forbidden where the browser reaches us by plain http, and not on the machine itself."""
    if connection_of(request, public_url) == "http":
        raise Forbidden(
            "Signing in needs https: over plain http everybody on the way reads the key, and browsers drop the session. Put a proxy"
            " with a certificate in front of this server and set PASOKH_PUBLIC_URL to its address (docs/operations.md), or open"
            " the desk on the machine itself, at http://localhost.",
            title="Insecure connection",
        )


async def open_session(
    request: Request, body: Annotated[DeskSessionBody, Depends(JsonBody(DeskSessionBody))], context: ContextDep
) -> Response:
    """Sign in: the answer sets the cookie of a session. It replaces the session that the browser had."""
    now = context.time_source.now()
    if body.code is not None:
        return await _open_by_code(request, context, body.code, now, shared_computer=body.shared_computer)
    proof = await _proof_of_key(request, body.key)
    await _require_agent(request, context, proof)
    session, token = new_session(proof, request, now, shared_computer=body.shared_computer)
    await store_session(request, context, session)
    return _signed_in(request, session, token)


async def _open_by_code(
    request: Request, context: Context, code: SecretStr, now: datetime, *, shared_computer: bool
) -> Response:
    access: Authenticator = request.app.state.access
    try:
        key, record = await read_code(context.store, code.get_secret_value(), now)
        proof = Proof(record.workspace, record.agent, record.generation, record.scopes)
        session, token = new_session(proof, request, now, shared_computer=shared_computer)
        await _require_agent(request, context, proof)
        await spend_code(context.store, key, record, [_put(session)])
    except Unauthorized:
        await access.count_failure(request)
        raise
    if replaced := await replaced_session(request, context):
        await context.store.commit(Changes(deletes=replaced))
    return _signed_in(request, session, token)


async def _proof_of_key(request: Request, presented: SecretStr | None) -> Proof:
    access: Authenticator = request.app.state.access
    caller = await access.known(presented.get_secret_value()) if presented else None
    if caller is None:
        await access.count_failure(request)
        raise Unauthorized("This key is not known; it may have been deleted.")
    if caller.agent is None or caller.workspace is None:
        raise key_of_no_agent()
    if not caller.has_scope("desk"):
        raise Forbidden("Signing in needs a key with the scope `desk`.")
    return Proof(caller.workspace, caller.agent.id, caller.agent.generation, sorted(caller.scopes), caller.key)


def key_of_no_agent() -> Conflict:
    """The refusal of a caller who is bound to no agent."""
    detail = "This key is bound to no agent. Create one for the agent: POST /v1/keys with `agent` and the scope `desk`."
    return Conflict(detail, title="Key of no agent")


async def _require_agent(request: Request, context: Context, proof: Proof) -> None:
    """Raise Unauthorized if the agent was deleted."""
    found = await read_one(context.store, AGENTS, agent_id(proof.workspace, proof.agent))
    if bound_agent(found, proof.generation) is None:
        raise Unauthorized("This agent was deleted.")


def new_session(
    proof: Proof, request: Request, now: datetime, *, shared_computer: bool, lasts: timedelta | None = None
) -> tuple[DeskSession, str]:
    """A new session, and its token, which is stored nowhere. `lasts` None: as long as sessions of agents do."""
    identity, secret = new_session_secret()
    expires_at = now + lasts if lasts else expiry(now, shared_computer=shared_computer)
    session = DeskSession(
        id=identity,
        workspace=proof.workspace,
        agent=proof.agent,
        generation=proof.generation,
        key=proof.key,
        scopes=list(proof.scopes),
        digest=secret_digest(secret),
        created_at=now,
        used_at=now,
        expires_at=expires_at,
        ends_at=renewed_end(expires_at, now),
        shared_computer=shared_computer,
        device=request.headers.get("user-agent", "")[:MAX_DEVICE],
    )
    return session, format_session(identity, secret)


async def store_session(request: Request, context: Context, session: DeskSession) -> None:
    """Store a new session in place of the one that the browser had. Raises Unavailable."""
    await context.store.commit(Changes(puts=[_put(session)], deletes=await replaced_session(request, context)))


def _put(session: DeskSession) -> Put:
    return Put(Key(DESK_SESSIONS.name, session.id), session)


async def replaced_session(request: Request, context: Context) -> list[Key]:
    """The session that the browser presents, which the new one replaces; an empty list without one."""
    token = session_token(request)
    access: Authenticator = request.app.state.access
    known = await access.known_session(token) if token else None
    return [Key(DESK_SESSIONS.name, known.session)] if known and known.session else []


def record_signed_in(session: DeskSession, **by: str | None) -> None:
    """Write an audit log line: who signed in, and by what."""
    _audit.info("signed_in", workspace=session.workspace, agent=session.agent, session=session.id, **by)


def _signed_in(request: Request, session: DeskSession, token: str) -> Response:
    """The answer to who has signed in, with the cookie."""
    record_signed_in(session, key=session.key or None)
    body = DeskSessionOpened(workspace=session.workspace, agent=session.agent, expires_at=session.expires_at)
    response = JSONResponse(body.model_dump(mode="json"), status_code=201)
    # On a shared computer it ends with the browser, too.
    set_session(response, request, token, None if session.shared_computer else session.expires_at - session.created_at)
    return response


async def list_sessions(caller: Caller, context: ContextDep, params: PageParamsDep) -> Page[DeskSessionView]:
    """Where the agent of the caller is signed in, newest first."""
    if caller.agent is None or caller.workspace is None:
        raise key_of_no_agent()
    equals: dict[str, Json] = {"workspace": caller.workspace, "agent": caller.agent.id}
    query = Query(DESK_SESSIONS.name, "agent", equals, descending=True, limit=params.limit, after=params.cursor)
    page = await query_page(context.store, query)
    now = context.time_source.now()
    sessions = [DESK_SESSIONS.decode(document) for _, document in page.items]
    # Those of an agent of the same id who was deleted are over, and expire like the others.
    valid = [s for s in sessions if not is_ended(s.ends_at, now) and s.generation == caller.agent.generation]
    return Page(items=[session_view(session, caller.session) for session in valid], next=page.next)


async def end_session(request: Request, session: str, caller: Caller, context: ContextDep) -> Response:
    """Sign out: end a session of the caller's agent, or with the scope `admin` of any. `current` is the one of this request."""
    identity = caller.session if session == CURRENT and caller.session else session
    found = await read_one(context.store, DESK_SESSIONS, identity)
    if found is None or not _may_end(caller, found):
        raise NotFound(f"There is no session {session!r} that this caller can see.")
    await context.store.commit(Changes(deletes=[Key(DESK_SESSIONS.name, identity)]))
    response = Response(status_code=204)
    if identity == caller.session:
        clear_session(response, request)
    return response


def _may_end(caller: Principal, session: DeskSession) -> bool:
    if not caller.can_access_workspace(session.workspace):
        return False
    return caller.has_scope("admin") or (caller.agent is not None and caller.agent.id == session.agent)


async def existing_agent(configuration: ExistingWorkspace, agent: str, context: ContextDep) -> AgentRecord:
    """The path's agent. Raises NotFound."""
    record = await read_one(context.store, AGENTS, agent_id(configuration.workspace, agent))
    if record is None:
        raise NotFound(f"There is no agent {agent!r} in this workspace.")
    return record


async def create_sign_in_link(
    request: Request,
    agent: Annotated[AgentRecord, Depends(existing_agent)],
    body: Annotated[SignInBody, Depends(JsonBody(SignInBody, optional=True))],
    context: ContextDep,
) -> Response:
    """Make a link by which the agent signs in: it works once, for 15 minutes. Send it to nobody else."""
    if "desk" not in body.scopes and not {"write", "admin"} & set(body.scopes):
        raise UnprocessableContent(("/scopes", "The page needs the scope `desk`, or one that includes it."))
    code, stored = new_code(agent, body.scopes, context.time_source.now())
    await store_code(context.store, code, stored)
    base = context.settings.public_url or str(request.base_url)
    url = sign_in_url(base, code)
    link = SignInLink(url=url, expires_at=stored.expires_at, qr=qr_rows(url))
    return JSONResponse(link.model_dump(mode="json"), status_code=201)


async def count_address(request: Request) -> None:
    """Count a request that needs no key. Raises TooManyRequests."""
    access: Authenticator = request.app.state.access
    await access.check_address(request)


def build_routers() -> list[APIRouter]:
    """The routes; all but signing in state the scope that they need."""
    sessions = APIRouter(prefix="/v1/desk/sessions", tags=["desk"])
    desk = [Depends(require_scope("desk"))]
    sessions.add_api_route(
        "",
        open_session,
        methods=["POST"],
        dependencies=[Depends(count_address), Depends(require_safe_connection)],
        status_code=201,
        response_model=DeskSessionOpened,
    )
    sessions.add_api_route("", list_sessions, dependencies=desk, responses={409: {}})
    sessions.add_api_route(
        "/{session}", end_session, methods=["DELETE"], dependencies=desk, status_code=204, response_model=None
    )
    links = APIRouter(prefix="/v1/workspaces/{workspace}/agents/{agent}/sign-in", tags=["desk"])
    links.add_api_route(
        "",
        create_sign_in_link,
        methods=["POST"],
        dependencies=[Depends(require_scope("admin"))],
        status_code=201,
        response_model=SignInLink,
    )
    return [sessions, links]
