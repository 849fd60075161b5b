"""Agents and their presence over REST: writes are commands on `routing`, which dispatch alone applies."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.configuration import (
    DEFAULT_TEAM,
    MYSELF,
    AgentBody,
    PresenceBody,
    WorkspaceConfiguration,
    WorkspaceSettings,
)
from schemas.routing import AgentDeleted, AgentPut, PresenceSet
from schemas.values import Slug
from services.platform.http.auth import Principal, caller_in_scope, current_caller, require_scope
from services.platform.http.command_gateway import Command, command_id, request_hash
from services.platform.http.dependencies import (
    ContextDep,
    IfMatch,
    Page,
    PageParamsDep,
    Wait,
    accepted_response,
    query_page,
)
from services.platform.http.if_match import etag
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import CommandRejected
from services.platform.http.service import Context
from services.platform.store.port import Key, Query
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.unmet import read_warnings
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import not_found, refusal, unprocessable
from services.rest.viewer import ViewerDep, visible_agents
from services.router.agent_commands import AgentCommandsDep
from services.router.agent_views import AgentSaved, AgentView, PresenceView, agent_view, own_view, presence_view


async def read_agent(context: Context, workspace: str, agent: str) -> AgentRecord | None:
    """The record of an agent; None without one. Only dispatch writes it."""
    key = Key(AGENTS.name, agent_id(workspace, agent))
    document = (await context.store.get_many([key])).get(key)
    return AGENTS.decode(document) if document else None


async def require_agent(context: Context, workspace: str, agent: str | None) -> None:
    """Raise CommandRejected (422) for an agent that does not exist. None, who acts in nobody's name, is no agent."""
    if agent is not None and await read_agent(context, workspace, agent) is None:
        raise unknown_agent(agent)


def unknown_agent(agent: str, pointer: str = "/agent") -> CommandRejected:
    """The problem of a body that names an agent who does not exist."""
    return unprocessable(pointer, "unknown_agent", agent=agent)


async def existing_agent(request: Request, context: ContextDep, viewer: ViewerDep) -> AgentRecord:
    """The path's agent, or for `me` the one that the caller's key is bound to. Raises CommandRejected (404, 409)."""
    agent, caller = request.path_params["agent"], caller_in_scope(request.scope)
    bound = caller.agent if caller else None
    named = bound.id if bound and agent == MYSELF else agent
    record = await read_agent(context, request.path_params["workspace"], named)
    if record is not None and viewer.can_see_agent(record.id, record.body.teams):
        return record
    # An agent of this id may remain from a version in which agents could have it: it can be read and deleted.
    if agent == MYSELF and bound is None:
        raise refusal(409, "Key of no agent", "key_of_no_agent")
    raise not_found("unknown_agent", agent=named)


ExistingAgent = Annotated[AgentRecord, Depends(existing_agent)]


async def managed_agent(agent: ExistingAgent, caller: Annotated[Principal, Depends(current_caller)]) -> AgentRecord:
    """The path's agent, whose presence the caller may set: their own, or as a lead that of a colleague.

    Raises CommandRejected (403).
    """
    bound = caller.agent
    if bound is None or bound.id == agent.id or (bound.is_lead and not bound.teams.isdisjoint(agent.body.teams)):
        return agent
    raise refusal(403, "Another agent", "presence_of_other", agent=bound.id)


ManagedAgent = Annotated[AgentRecord, Depends(managed_agent)]


async def list_agents(
    configuration: ExistingWorkspace, context: ContextDep, viewer: ViewerDep, params: PageParamsDep
) -> Page[AgentView]:
    """The agents of a workspace, by id: for a caller who is bound to an agent, those of their teams."""
    query = Query(
        AGENTS.name, "workspace", {"workspace": configuration.workspace}, limit=params.limit, after=params.cursor
    )
    page = await query_page(context.store, query)
    seen = visible_agents(viewer, [AGENTS.decode(document) for _, document in page.items])
    return Page(items=[agent_view(record) for record in seen], next=page.next)


async def show_agent(
    configuration: ExistingWorkspace,
    agent: ExistingAgent,
    response: Response,
    caller: Annotated[Principal, Depends(current_caller)],
) -> AgentView:
    """An agent. To the agent themself it also says by which settings their page goes."""
    response.headers["ETag"] = etag(agent.version)
    if caller.agent is None or caller.agent.id != agent.id:
        return agent_view(agent)
    return own_view(agent, configuration.profile.body.settings or WorkspaceSettings())


async def show_presence(_: ExistingWorkspace, agent: ExistingAgent, response: Response) -> PresenceView:
    response.headers["ETag"] = etag(agent.presence_version)
    return presence_view(agent)


async def put_agent(
    configuration: ExistingWorkspace,
    agent: Slug,
    body: Annotated[AgentBody, Depends(JsonBody(AgentBody))],
    condition: IfMatch,
    wait: Wait,
    commands: AgentCommandsDep,
    context: ContextDep,
) -> Response:
    """Write an agent; dispatch assigns waiting tasks at once. `warnings` name routing rules that no agent can meet.

    `me` is no id: in paths it stands for the agent that the caller's key is bound to.
    """
    if agent == MYSELF:
        raise unprocessable("/path/agent", "me_is_reserved")
    refuse_unknown_teams(configuration, body)
    request = request_hash("PUT", agent, body.model_dump(mode="json"))
    data = AgentPut(agent=agent, body=body, if_match=condition.header, request_hash=request)
    command = _command(context, configuration.workspace, "pasokh.routing.agent_put", data)
    outcome = await commands.execute(command, wait)
    stored = await read_agent(context, configuration.workspace, agent) if outcome else None
    # None: dispatch has not answered in time, or another caller deleted the agent since.
    if outcome is None or stored is None:
        return accepted_response(command)
    warnings = await read_warnings(context.store, configuration)
    view = AgentSaved(**dict(agent_view(stored)), warnings=warnings).model_dump(mode="json")
    return JSONResponse(view, 201 if outcome.created else 200, headers={"ETag": etag(stored.version)})


async def delete_agent(
    configuration: ExistingWorkspace,
    agent: ExistingAgent,
    condition: IfMatch,
    wait: Wait,
    commands: AgentCommandsDep,
    context: ContextDep,
) -> Response:
    """The agent's open conversations go back to the queue."""
    data = AgentDeleted(agent=agent.id, if_match=condition.header, request_hash=request_hash("DELETE", agent.id, None))
    command = _command(context, configuration.workspace, "pasokh.routing.agent_deleted", data)
    outcome = await commands.execute(command, wait)
    return Response(status_code=204) if outcome else accepted_response(command)


async def put_presence(
    configuration: ExistingWorkspace,
    agent: ManagedAgent,
    body: Annotated[PresenceBody, Depends(JsonBody(PresenceBody))],
    condition: IfMatch,
    wait: Wait,
    commands: AgentCommandsDep,
    context: ContextDep,
) -> Response:
    request = request_hash("PUT", f"{agent.id}/presence", body.model_dump(mode="json"))
    data = PresenceSet(
        agent=agent.id,
        status=body.status,
        reason=body.reason,
        open_work=body.open_work,
        after_current=body.after_current,
        if_match=condition.header,
        request_hash=request,
    )
    command = _command(context, configuration.workspace, "pasokh.routing.presence_set", data)
    outcome = await commands.execute(command, wait)
    stored = await read_agent(context, configuration.workspace, agent.id) if outcome else None
    if outcome is None or stored is None:
        return accepted_response(command)
    view = presence_view(stored).model_dump(mode="json")
    return JSONResponse(view, headers={"ETag": etag(stored.presence_version)})


def refuse_unknown_teams(configuration: WorkspaceConfiguration, body: AgentBody) -> None:
    """Raise CommandRejected (422) for teams that the workspace does not have; `default` always exists."""
    unknown = [(i, t) for i, t in enumerate(body.teams) if t != DEFAULT_TEAM and t not in configuration.teams]
    if unknown:
        raise unprocessable(f"/teams/{unknown[0][0]}", "unknown_team", team=", ".join(team for _, team in unknown))


def _command(context: Context, workspace: str, kind: str, data: AgentPut | AgentDeleted | PresenceSet) -> Command:
    identity = command_id(context.time_source, workspace, None)
    return Command(identity, kind, workspace, workspace, data, data.request_hash)


def build_router() -> APIRouter:
    """The routes; each states the scope that it needs."""
    read, desk_scope, admin = (
        [Depends(require_scope("read"))],
        [Depends(require_scope("desk"))],
        [Depends(require_scope("admin"))],
    )
    router = APIRouter(prefix="/v1/workspaces/{workspace}/agents", tags=["agents"])
    add = router.add_api_route
    add("", list_agents, dependencies=read)
    # `me` of a key that is bound to no agent.
    of_no_agent: dict[int | str, dict[str, Any]] = {409: {}}
    add("/{agent}", show_agent, dependencies=read, responses=of_no_agent)
    add("/{agent}", put_agent, methods=["PUT"], dependencies=admin, response_model=AgentSaved)
    add("/{agent}", delete_agent, methods=["DELETE"], dependencies=admin, status_code=204, response_model=None)
    add("/{agent}/presence", show_presence, dependencies=read, responses=of_no_agent)
    add("/{agent}/presence", put_presence, methods=["PUT"], dependencies=desk_scope, response_model=PresenceView)
    return router
