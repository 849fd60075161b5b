"""The first run: who owns the installation sets up a workspace in the browser, before there is any agent who could sign in.

A one-time code, made at a terminal of the installation alone, opens a session that may set up one new workspace, and nothing else.
"""

from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.values import instant_text
from services.desk.sessions import (
    Proof,
    count_address,
    new_session,
    replaced_session,
    require_safe_connection,
)
from services.desk.sign_in import PAGE, unknown_code
from services.desk.views import FirstRunBody, FirstRunOpened
from services.domain.session_lifetime import CODE_LASTS, FIRST_RUN_LASTS
from services.platform.core.errors import Fenced
from services.platform.http.auth import Authenticator
from services.platform.http.dependencies import ContextDep
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, Unauthorized
from services.platform.http.session_cookie import set_session
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Changes, Condition, Key, Put, Query, Store
from services.platform.store.read_one import read_one
from services.records.configuration import CONFIGURATION_HEADS
from services.records.desk import DESK_SESSIONS, FIRST_RUN_CODES, FirstRunCode
from services.records.keys import new_secret, secret_digest

_audit = structlog.get_logger("pasokh.audit")


# -- the code ----------------------------------------------------------------------------------------------------------


async def make_code(store: Store, now: datetime) -> tuple[str, FirstRunCode]:
    """A new code of 256 random bits, of which the hash is stored; the codes before it work no more. Raises Unavailable."""
    code, record = new_secret(), FirstRunCode(created_at=now, expires_at=now + CODE_LASTS)
    key = Key(FIRST_RUN_CODES.name, secret_digest(code))
    await store.commit(
        Changes(conditions=[Condition(key)], puts=[Put(key, record)], deletes=await _stored_codes(store))
    )
    return code, record


def first_run_url(base: str, code: str) -> str:
    """The address of the page that sets up a workspace. What follows `#` is sent to no server and stands in no log."""
    return f"{base.rstrip('/')}{PAGE}#first-run={code}"


async def has_workspace(store: Store) -> bool:
    """Whether any workspace was set up. Raises Unavailable."""
    page = await store.query(Query(CONFIGURATION_HEADS.name, "workspace", limit=1))
    return bool(page.items)


async def _stored_codes(store: Store) -> list[Key]:
    return [
        Key(FIRST_RUN_CODES.name, identity)
        async for identity, _ in all_documents(store, Query(FIRST_RUN_CODES.name, "expiry"))
    ]


# -- the session -------------------------------------------------------------------------------------------------------


async def open_first_run(
    request: Request, body: Annotated[FirstRunBody, Depends(JsonBody(FirstRunBody))], context: ContextDep
) -> Response:
    """Begin to set up a new workspace: the answer sets the cookie of a session that may do so for an hour.

    The code comes from the first start or from `pasokh first-run`. It is used up only by a workspace that does not exist yet.
    """
    access: Authenticator = request.app.state.access
    store, now = context.store, context.time_source.now()
    try:
        unspent = await _read_code(store, body.code.get_secret_value(), now)
    except Unauthorized:
        await access.count_failure(request)
        raise
    if await read_one(store, CONFIGURATION_HEADS, body.workspace) is not None:
        raise _exists(body.workspace)
    session, token = new_session(
        Proof(body.workspace, "", 0, ["admin"]), request, now, shared_computer=False, lasts=FIRST_RUN_LASTS
    )
    changes = Changes(
        # Of two who use a code at once one has it, and no workspace is taken over that is written in between.
        conditions=[unspent, Condition(Key(CONFIGURATION_HEADS.name, body.workspace))],
        puts=[Put(Key(DESK_SESSIONS.name, session.id), session)],
        deletes=[*await _stored_codes(store), *await replaced_session(request, context)],
    )
    try:
        await store.commit(changes)
    except Fenced as error:
        raise unknown_code() from error
    _audit.info("first_run_begun", workspace=body.workspace, session=session.id)
    opened = FirstRunOpened(workspace=body.workspace, expires_at=session.expires_at)
    response = JSONResponse(opened.model_dump(mode="json"), status_code=201)
    set_session(response, request, token, FIRST_RUN_LASTS)
    return response


async def _read_code(store: Store, code: str, now: datetime) -> Condition:
    """The condition that a valid code was not used up. Raises Unauthorized, Unavailable."""
    key = Key(FIRST_RUN_CODES.name, secret_digest(code))
    record = await read_one(store, FIRST_RUN_CODES, key.id)
    if record is None or now >= record.expires_at:
        raise unknown_code()
    return Condition(key, "expires_at", instant_text(record.expires_at))


def _exists(workspace: str) -> Conflict:
    detail = f"There is a workspace {workspace!r} already. Choose another id; the link still works."
    return Conflict(detail, title="Workspace exists")


def build_router() -> APIRouter:
    """The route, which needs no key: the code is the proof."""
    router = APIRouter(prefix="/v1/desk/first-run", tags=["desk"])
    router.add_api_route(
        "",
        open_first_run,
        methods=["POST"],
        dependencies=[Depends(count_address), Depends(require_safe_connection)],
        status_code=201,
        response_model=FirstRunOpened,
        responses={409: {}},
    )
    return router
