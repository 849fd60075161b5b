"""Canned answers over REST: read by the agents of their teams, written by admins, and by leads for their teams."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi import Query as QueryOf

from schemas.configuration import DEFAULT_TEAM, WorkspaceConfiguration
from schemas.values import Slug
from services.desk.canned_views import CannedBody, CannedQuery, CannedView, canned_view
from services.domain.canned_answers import FILLED, CannedAnswer, collides, is_for, misspelt_variables
from services.domain.viewer import Viewer
from services.platform.core.errors import Fenced
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.dependencies import ContextDep, IfMatch, Page, query_page
from services.platform.http.if_match import etag
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, Forbidden, NotFound, UnprocessableContent
from services.platform.http.service import Context
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Changes, Condition, Key, Put, Query
from services.platform.store.read_one import read_one
from services.records.canned_answers import CANNED_ANSWERS, canned_id
from services.rest.dependencies import ExistingWorkspace
from services.rest.viewer import ViewerDep

MAX_ANSWERS = 2000
Caller = Annotated[Principal, Depends(current_caller)]


def may_write(caller: Caller) -> Principal:
    """The caller, who has the scope `admin` or is a lead. Raises Forbidden."""
    if caller.has_scope("admin") or (caller.agent is not None and caller.agent.is_lead):
        return caller
    raise Forbidden("Canned answers are written by leads, and with a key that has the scope `admin`.")


Writer = Annotated[Principal, Depends(may_write)]


def _is_seen(viewer: Viewer, answer: CannedAnswer) -> bool:
    return not viewer.is_limited or is_for(answer, viewer.teams)


def _require_own_teams(caller: Principal, teams: Iterable[str]) -> None:
    """Raise Forbidden for a lead, unless all of these teams are theirs, and there is one."""
    if caller.has_scope("admin") or caller.agent is None:
        return
    named = set(teams)
    if not named or not named <= caller.agent.teams:
        own = ", ".join(sorted(caller.agent.teams))
        detail = f"A lead writes the canned answers of their own teams ({own}). The others need the scope `admin`."
        raise Forbidden(detail, title="Not your team")


async def list_canned(
    configuration: ExistingWorkspace,
    viewer: ViewerDep,
    context: ContextDep,
    params: Annotated[CannedQuery, QueryOf()],
) -> Page[CannedView]:
    """The canned answers by title: an agent gets those of their teams. A page may be short; the last has no `next`."""
    equals = {"workspace": configuration.workspace}
    query = Query(CANNED_ANSWERS.name, "workspace", equals, limit=params.limit, after=params.cursor)
    page = await query_page(context.store, query)
    answers = [CANNED_ANSWERS.decode(document) for _, document in page.items]
    wanted = {None, params.language}
    seen = [a for a in answers if _is_seen(viewer, a) and (params.language is None or a.language in wanted)]
    return Page(items=[canned_view(answer) for answer in seen], next=page.next)


async def show_canned(
    configuration: ExistingWorkspace, answer: str, viewer: ViewerDep, context: ContextDep, response: Response
) -> CannedView:
    found = await read_one(context.store, CANNED_ANSWERS, canned_id(configuration.workspace, answer))
    if found is None or not _is_seen(viewer, found):
        raise no_answer(answer)
    response.headers["ETag"] = etag(found.version)
    return canned_view(found)


async def put_canned(
    caller: Writer,
    configuration: ExistingWorkspace,
    answer: Slug,
    body: Annotated[CannedBody, Depends(JsonBody(CannedBody))],
    condition: IfMatch,
    context: ContextDep,
    response: Response,
) -> CannedView:
    """Create or replace a canned answer. A lead writes those of their own teams."""
    _check(configuration, body)
    _require_own_teams(caller, body.teams)
    workspace = configuration.workspace
    earlier = await read_one(context.store, CANNED_ANSWERS, canned_id(workspace, answer))
    if earlier is not None:
        _require_own_teams(caller, earlier.teams)
    condition.check(earlier.version if earlier else None)
    made = CannedAnswer(
        workspace=workspace,
        id=answer,
        title=body.title,
        text=body.text,
        language=body.language,
        teams=body.teams,
        shortcut=body.shortcut,
        version=earlier.version + 1 if earlier else 1,
        updated_at=context.time_source.now(),
    )
    await _refuse_collision(context, made, is_new=earlier is None)
    await _write(context, earlier, made)
    response.status_code = 200 if earlier else 201
    response.headers["ETag"] = etag(made.version)
    return canned_view(made)


async def delete_canned(
    caller: Writer, configuration: ExistingWorkspace, answer: str, condition: IfMatch, context: ContextDep
) -> None:
    earlier = await read_one(context.store, CANNED_ANSWERS, canned_id(configuration.workspace, answer))
    if earlier is None:
        raise no_answer(answer)
    _require_own_teams(caller, earlier.teams)
    condition.check(earlier.version)
    await _write(context, earlier, None)


async def _write(context: Context, earlier: CannedAnswer | None, after: CannedAnswer | None) -> None:
    """Store the change. Raises Conflict when somebody else changed the answer meanwhile."""
    one = after or earlier
    if one is None:
        return
    key = Key(CANNED_ANSWERS.name, canned_id(one.workspace, one.id))
    unchanged = Condition(key, "version", earlier.version if earlier else None)
    changes = Changes([unchanged], [Put(key, after)]) if after else Changes([unchanged], deletes=[key])
    try:
        await context.store.commit(changes)
    except Fenced:
        raise Conflict("Somebody else changed this canned answer meanwhile. Read it again.") from None


def _check(configuration: WorkspaceConfiguration, body: CannedBody) -> None:
    """Raise UnprocessableContent for teams that do not exist, and for variables that nothing fills."""
    unknown = [
        (f"/teams/{index}", f"There is no team {team!r}. Create it first: PUT …/teams/{team}.")
        for index, team in enumerate(body.teams)
        if team != DEFAULT_TEAM and team not in configuration.teams
    ]
    known = ", ".join(f"{{{name}}}" for name in sorted(FILLED))
    unknown += [
        ("/text", f"Nothing fills {{{name}}}. What is filled in by itself: {known}.")
        for name in misspelt_variables(body.text)
    ]
    if unknown:
        raise UnprocessableContent(*unknown)


async def _refuse_collision(context: Context, made: CannedAnswer, *, is_new: bool) -> None:
    """Raise Conflict for a shortcut that another answer has, or where the workspace has too many answers."""
    if made.shortcut is None and not is_new:
        return
    count = 0
    query = Query(CANNED_ANSWERS.name, "workspace", {"workspace": made.workspace})
    async for _, document in all_documents(context.store, query):
        count += 1
        other = CANNED_ANSWERS.decode(document)
        if collides(made, other):
            raise Conflict(f"The canned answer {other.id!r} has this shortcut already.", title="Shortcut is taken")
    if is_new and count >= MAX_ANSWERS:
        raise Conflict(f"A workspace has at most {MAX_ANSWERS} canned answers. Delete some first.")


def no_answer(answer: str) -> NotFound:
    """The refusal of a canned answer that does not exist, or is of teams of others."""
    return NotFound(f"There is no canned answer {answer!r} in this workspace.")


def build_router() -> APIRouter:
    """The routes; each states the scope that it needs."""
    read, write = [Depends(require_scope("read"))], [Depends(require_scope("desk")), Depends(may_write)]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/canned", tags=["desk"])
    router.add_api_route("", list_canned, dependencies=read)
    router.add_api_route("/{answer}", show_canned, dependencies=read)
    router.add_api_route("/{answer}", put_canned, methods=["PUT"], dependencies=write, responses={409: {}})
    router.add_api_route(
        "/{answer}", delete_canned, methods=["DELETE"], dependencies=write, status_code=204, responses={409: {}}
    )
    return router
