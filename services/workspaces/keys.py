"""API keys over REST: create, list, delete. A key limited to a workspace sees and creates only keys of that workspace."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.responses import JSONResponse

from schemas.commands import CommandResult
from schemas.configuration import KeyBody
from services.platform.core.errors import Fenced
from services.platform.core.identifiers import hashed_id
from services.platform.http.auth import Principal, require_scope
from services.platform.http.command_gateway import request_hash
from services.platform.http.dependencies import ContextDep, IdempotencyKey, Page, PageParamsDep, query_page
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, Forbidden, NotFound, UnprocessableContent
from services.platform.http.service import Context
from services.platform.store.collections import OUTCOMES
from services.platform.store.port import Changes, Condition, Key, Put, Query
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.configuration import read_configuration
from services.records.keys import KEYS, KeyRecord, format_key, new_key
from services.workspaces.views import KeyCreated, KeyView, key_view

Admin = Annotated[Principal, Depends(require_scope("admin"))]


async def list_keys(caller: Admin, context: ContextDep, params: PageParamsDep) -> Page[KeyView]:
    """The keys, newest first. A key that is limited to a workspace lists the keys of that workspace."""
    index, equals = ("created", {}) if caller.workspace is None else ("workspace", {"workspace": caller.workspace})
    query = Query(KEYS.name, index, {**equals}, descending=True, limit=params.limit, after=params.cursor)
    page = await query_page(context.store, query)
    views = [key_view(KEYS.decode(document)) for _, document in page.items]
    return Page(items=views, next=page.next)


async def create_key(
    caller: Admin, body: Annotated[KeyBody, Depends(JsonBody(KeyBody))], repeat: IdempotencyKey, context: ContextDep
) -> Response:
    """Create a key. Only this response contains the secret: a repeat with the same Idempotency-Key gets null instead."""
    await _require_access(caller, body, context)
    agent = await _named_agent(body, context)
    # Without an agent as earlier versions hashed it, so that a request that is repeated over an upgrade is still known.
    unhashed = set() if body.agent else {"agent"}
    request = request_hash("POST", "/v1/keys", body.model_dump(mode="json", exclude=unhashed))
    outcome = Key(OUTCOMES.name, hashed_id("key", caller.key, repeat)) if repeat else None
    if outcome and (earlier := await read_one(context.store, OUTCOMES, outcome.id)):
        return _repeated_response(earlier, body, request)
    record, secret = new_key(body, context.time_source.now(), agent)
    try:
        await context.store.commit(_changes(record, outcome, request))
    except Fenced:
        # A concurrent request with the same Idempotency-Key was first.
        earlier = await read_one(context.store, OUTCOMES, outcome.id) if outcome else None
        if earlier is None:
            raise
        return _repeated_response(earlier, body, request)
    created = KeyCreated(**key_view(record).model_dump(), secret=format_key(record.id, secret))
    return JSONResponse(created.model_dump(mode="json"), status_code=201, headers={"Cache-Control": "no-store"})


async def delete_key(key: str, caller: Admin, context: ContextDep) -> None:
    """Delete a key. Every process refuses it within a second."""
    record = await read_one(context.store, KEYS, key)
    if record is None or (caller.workspace is not None and record.workspace != caller.workspace):
        raise NotFound(f"There is no key {key!r} that this key can see.")
    await context.store.commit(Changes(deletes=[Key(KEYS.name, key)]))


async def _require_access(caller: Principal, body: KeyBody, context: Context) -> None:
    if body.workspace is None:
        if caller.workspace is not None:
            raise Forbidden(f"This key is limited to the workspace {caller.workspace!r}; give that as `workspace`.")
        return
    # One answer for a workspace that does not exist and one of others, so that ids cannot be probed.
    if (
        not caller.can_access_workspace(body.workspace)
        or await read_configuration(context.store, body.workspace) is None
    ):
        raise UnprocessableContent(("/workspace", f"There is no workspace {body.workspace!r} that this key can see."))


async def _named_agent(body: KeyBody, context: Context) -> AgentRecord | None:
    if body.workspace is None or body.agent is None:
        return None
    agent = await read_one(context.store, AGENTS, agent_id(body.workspace, body.agent))
    if agent is None:
        raise UnprocessableContent(("/agent", f"There is no agent {body.agent!r} in this workspace."))
    return agent


def _changes(record: KeyRecord, outcome: Key | None, request_hash: str) -> Changes:
    key = Put(Key(KEYS.name, record.id), record)
    if outcome is None:
        return Changes(puts=[key])
    result = CommandResult(
        id=outcome.id,
        workspace=record.workspace,
        status="applied",
        result=record.id,
        created=True,
        request_hash=request_hash,
        at=record.created_at,
    )
    # The outcome must not exist: of two concurrent requests with one Idempotency-Key, one creates a key.
    return Changes(conditions=[Condition(outcome)], puts=[key, Put(outcome, result)])


def _repeated_response(earlier: CommandResult, body: KeyBody, request_hash: str) -> Response:
    if earlier.request_hash != request_hash or earlier.result is None:
        raise Conflict("This Idempotency-Key was used for another request. Use a new one for a new request.")
    # A view without the secret, which is not stored. The hashes agree, so that the body is the first request's.
    scopes = list(dict.fromkeys(body.scopes))
    view = KeyView(
        id=earlier.result,
        name=body.name,
        workspace=body.workspace,
        agent=body.agent,
        scopes=scopes,
        created_at=earlier.at,
    )
    return JSONResponse(view.model_dump(mode="json"), status_code=201)


def build_router() -> APIRouter:
    """The routes; all of them need `admin`."""
    router = APIRouter(prefix="/v1/keys", tags=["keys"])
    router.add_api_route("", list_keys)
    router.add_api_route("", create_key, methods=["POST"], status_code=201, response_model=KeyCreated)
    router.add_api_route("/{key}", delete_key, methods=["DELETE"], status_code=204)
    return router
