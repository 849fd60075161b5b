"""Workspaces, teams, routing rules and SLA policies over REST."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from schemas.configuration import DEFAULT_TEAM, RoutingBody, SlaBody, TeamBody, WorkspaceBody, WorkspaceConfiguration
from schemas.values import Json, Slug
from services.platform.http.auth import Principal, require_scope
from services.platform.http.dependencies import (
    ContextDep,
    IfMatch,
    Page,
    PageParamsDep,
    query_page,
    reject_cursor,
)
from services.platform.http.if_match import etag
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, UnprocessableContent
from services.platform.http.service import Context
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Query
from services.records.agents import AGENTS
from services.records.canned_answers import CANNED_ANSWERS
from services.records.configuration import CONFIGURATION_HEADS, read_configuration
from services.records.tasks import TASK_STATES, TASKS
from services.records.unmet import read_warnings
from services.rest.dependencies import ExistingWorkspace
from services.text.own import validate_own_identifiers
from services.workspaces import mutations
from services.workspaces.configuration_update import update_configuration
from services.workspaces.views import (
    RoutingView,
    TeamView,
    WorkspaceView,
    all_teams,
    team_view,
    to_page,
    workspace_view,
)

ReadScope = Annotated[Principal, Depends(require_scope("read"))]


async def list_workspaces(caller: ReadScope, context: ContextDep, params: PageParamsDep) -> Page[WorkspaceView]:
    """The workspaces that the key can see, by id."""
    if caller.workspace is not None:
        if params.cursor is not None:
            # A list of one workspace has no second page, so that this cursor was not given by it.
            raise reject_cursor()
        workspaces, following = [caller.workspace], None
    else:
        query = Query(CONFIGURATION_HEADS.name, "workspace", limit=params.limit, after=params.cursor)
        page = await query_page(context.store, query)
        workspaces, following = [identity for identity, _ in page.items], page.next
    found = [(w, await read_configuration(context.store, w)) for w in workspaces]
    return Page(items=[workspace_view(w, c.profile.body) for w, c in found if c is not None], next=following)


async def show_workspace(configuration: ExistingWorkspace, response: Response) -> WorkspaceView:
    response.headers["ETag"] = etag(configuration.profile.version)
    return workspace_view(configuration.workspace, configuration.profile.body)


async def put_workspace(
    workspace: Slug,
    body: Annotated[WorkspaceBody, Depends(JsonBody(WorkspaceBody))],
    condition: IfMatch,
    context: ContextDep,
    response: Response,
) -> WorkspaceView:
    if body.own is not None and (wrong := validate_own_identifiers(body.own)):
        raise UnprocessableContent(*wrong)
    before, after = await update_configuration(context, workspace, mutations.put_workspace(workspace, body, condition))
    _config_response(response, created=before is None, version=after.profile.version)
    return workspace_view(workspace, body)


async def list_teams(configuration: ExistingWorkspace, page: PageParamsDep) -> Page[TeamView]:
    """The teams of a workspace, by id. The team `default` always exists."""
    views = [(team, team_view(team, body)) for team, body in all_teams(configuration).items()]
    return to_page(views, page, "teams", configuration.workspace)


async def show_team(configuration: ExistingWorkspace, team: str, response: Response) -> TeamView:
    teams = all_teams(configuration)
    if team not in teams:
        raise mutations.no_team(team)
    stored = configuration.teams.get(team)
    response.headers["ETag"] = etag(stored.version if stored else 0)
    return team_view(team, teams[team])


async def put_team(
    configuration: ExistingWorkspace,
    team: Slug,
    body: Annotated[TeamBody, Depends(JsonBody(TeamBody))],
    condition: IfMatch,
    context: ContextDep,
    response: Response,
) -> TeamView:
    workspace = configuration.workspace
    before, after = await update_configuration(context, workspace, mutations.put_team(workspace, team, body, condition))
    existed = team == DEFAULT_TEAM or (before is not None and team in before.teams)
    _config_response(response, created=not existed, version=after.teams[team].version)
    return team_view(team, body)


async def delete_team(configuration: ExistingWorkspace, team: str, condition: IfMatch, context: ContextDep) -> None:
    """Delete a team. Refused while rules, policies or agents name the team, or open conversations are with it."""
    # Not atomic with the deletion: agents belong to dispatch. An agent that is written in between keeps the name of a team
    # that no rule can name any more.
    if team in configuration.teams:
        await _require_no_agents(context, configuration.workspace, team)
        await _require_no_open_tasks(context, configuration.workspace, team)
        await _require_no_canned_answers(context, configuration.workspace, team)
    await update_configuration(
        context, configuration.workspace, mutations.delete_team(configuration.workspace, team, condition)
    )


async def show_routing(configuration: ExistingWorkspace, context: ContextDep, response: Response) -> RoutingView:
    """The routing rules. `warnings` list the requirements that no agent of the workspace meets."""
    response.headers["ETag"] = etag(mutations.stored_version(configuration.routing) or 0)
    return await _routing_view(context, configuration)


async def _routing_view(context: Context, configuration: WorkspaceConfiguration) -> RoutingView:
    rules = configuration.routing.body.rules if configuration.routing else []
    return RoutingView(rules=rules, warnings=await read_warnings(context.store, configuration))


async def put_routing(
    configuration: ExistingWorkspace,
    body: Annotated[RoutingBody, Depends(JsonBody(RoutingBody))],
    condition: IfMatch,
    context: ContextDep,
    response: Response,
) -> RoutingView:
    """Replace the routing rules. Waiting conversations are routed again and keep their positions in the queue."""
    workspace = configuration.workspace
    before, after = await update_configuration(context, workspace, mutations.put_routing(workspace, body, condition))
    existed = before is not None and before.routing is not None
    _config_response(response, created=not existed, version=mutations.stored_version(after.routing) or 0)
    return await _routing_view(context, after)


async def show_sla(configuration: ExistingWorkspace, response: Response) -> SlaBody:
    """The SLA policies; none until they are written."""
    response.headers["ETag"] = etag(mutations.stored_version(configuration.sla) or 0)
    return configuration.sla.body if configuration.sla else SlaBody(policies=[])


async def put_sla(
    configuration: ExistingWorkspace,
    body: Annotated[SlaBody, Depends(JsonBody(SlaBody))],
    condition: IfMatch,
    context: ContextDep,
    response: Response,
) -> SlaBody:
    workspace = configuration.workspace
    before, after = await update_configuration(context, workspace, mutations.put_sla(workspace, body, condition))
    existed = before is not None and before.sla is not None
    _config_response(response, created=not existed, version=mutations.stored_version(after.sla) or 0)
    return body


def _config_response(response: Response, *, created: bool, version: int) -> None:
    response.status_code = 201 if created else 200
    response.headers["ETag"] = etag(version)


async def _require_no_agents(context: Context, workspace: str, team: str) -> None:
    async for _, document in all_documents(context.store, Query(AGENTS.name, "workspace", {"workspace": workspace})):
        agent = AGENTS.decode(document)
        if team in agent.body.teams:
            raise Conflict(f"The agent {agent.id!r} is in the team {team!r}. Give its agents other teams first.")


async def _require_no_open_tasks(context: Context, workspace: str, team: str) -> None:
    """Raise Conflict for open conversations: in a team that does not exist they would wait for ever."""
    for state in TASK_STATES:
        equals: dict[str, Json] = {"workspace": workspace, "state": state}
        async for _, document in all_documents(context.store, Query(TASKS.name, "state", equals)):
            if document["team"] == team:
                raise Conflict(f"Open conversations are with the team {team!r}. Resolve them first.")


async def _require_no_canned_answers(context: Context, workspace: str, team: str) -> None:
    async for _, document in all_documents(
        context.store, Query(CANNED_ANSWERS.name, "workspace", {"workspace": workspace})
    ):
        answer = CANNED_ANSWERS.decode(document)
        if team in answer.teams:
            raise Conflict(f"The canned answer {answer.id!r} is for the team {team!r}. Change or delete it first.")


def build_router() -> APIRouter:
    """The routes; each states the scope that it needs."""
    read, admin = [Depends(require_scope("read"))], [Depends(require_scope("admin"))]
    router = APIRouter(prefix="/v1/workspaces", tags=["configuration"])
    add = router.add_api_route
    add("", list_workspaces)
    add("/{workspace}", show_workspace, dependencies=read)
    add("/{workspace}", put_workspace, methods=["PUT"], dependencies=admin)
    add("/{workspace}/teams", list_teams, dependencies=read)
    add("/{workspace}/teams/{team}", show_team, dependencies=read)
    add("/{workspace}/teams/{team}", put_team, methods=["PUT"], dependencies=admin)
    add("/{workspace}/teams/{team}", delete_team, methods=["DELETE"], dependencies=admin, status_code=204)
    for path, show, put in (("routing", show_routing, put_routing), ("sla", show_sla, put_sla)):
        whole = f"/{{workspace}}/{path}"
        add(whole, show, dependencies=read, response_model_exclude_none=True)
        add(whole, put, methods=["PUT"], dependencies=admin, response_model_exclude_none=True)
    return router
