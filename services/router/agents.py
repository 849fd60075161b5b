"""Agents and their presence over REST: writes are commands on `routing`, which dispatch alone applies."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.configuration import DEFAULT_TEAM, AgentBody, PresenceBody, WorkspaceConfiguration
from schemas.routing import AgentDeleted, AgentPut, PresenceSet
from schemas.values import Slug
from services.platform.host.service import Context
from services.platform.http.auth import allowed
from services.platform.http.command_gateway import Command, command_id, request_hash
from services.platform.http.dependencies import Asked, IfMatch, In, Listing, Wait, Waiting, accepted, etag, queried
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Invalid, NotFound
from services.platform.store.port import Key, Query
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.lookups import ExistingWorkspace
from services.records.unmet import warnings_of
from services.router.views import AgentShown, AgentWritten, PresenceShown, shown_agent


async def agent_of(context: Context, workspace: str, agent: str) -> AgentRecord | None:
    """An agent as dispatch last wrote it."""
    key = Key(AGENTS.name, agent_id(workspace, agent))
    document = (await context.store.get_many([key])).get(key)
    return AgentRecord.model_validate(document) if document else None


async def existing_agent(request: Request, context: In) -> AgentRecord:
    """The path's agent. Raises NotFound."""
    agent = request.path_params["agent"]
    found = await agent_of(context, request.path_params["workspace"], agent)
    if found is None:
        raise NotFound(f"There is no agent {agent!r} in this workspace.")
    return found


ExistingAgent = Annotated[AgentRecord, Depends(existing_agent)]


async def list_agents(configuration: ExistingWorkspace, context: In, asked: Asked) -> Listing[AgentShown]:
    """By id."""
    query = Query(
        AGENTS.name, "workspace", {"workspace": configuration.workspace}, limit=asked.limit, after=asked.cursor
    )
    page = await queried(context.store, query)
    return Listing(items=[shown_agent(AgentRecord.model_validate(d)) for _, d in page.items], next=page.next)


async def show_agent(_: ExistingWorkspace, agent: ExistingAgent, response: Response) -> AgentShown:
    response.headers["ETag"] = etag(agent.version)
    return shown_agent(agent)


async def show_presence(_: ExistingWorkspace, agent: ExistingAgent, response: Response) -> PresenceShown:
    response.headers["ETag"] = etag(agent.presence_version)
    return PresenceShown(status=agent.presence)


async def put_agent(
    configuration: ExistingWorkspace,
    agent: Slug,
    body: Annotated[AgentBody, Depends(JsonBody(AgentBody))],
    condition: IfMatch,
    wait: Wait,
    commands: Waiting,
    context: In,
) -> Response:
    """What the agent may take is given at once. `warnings` say which routing rules nobody could ever meet."""
    refuse_unknown_teams(configuration, body)
    asked = request_hash("PUT", agent, body.model_dump(mode="json"))
    data = AgentPut(agent=agent, body=body, if_match=condition.header, request_hash=asked)
    command = _command(context, configuration.workspace, "pasokh.routing.agent_put", data)
    outcome = await commands.carry_out(command, wait)
    written = await agent_of(context, configuration.workspace, agent) if outcome else None
    if outcome is None or written is None:
        return accepted(command)
    warnings = await warnings_of(context.store, configuration)
    shown = AgentWritten(**dict(shown_agent(written)), warnings=warnings).model_dump(mode="json")
    return JSONResponse(shown, 201 if outcome.created else 200, headers={"ETag": etag(written.version)})


async def delete_agent(
    configuration: ExistingWorkspace,
    agent: ExistingAgent,
    condition: IfMatch,
    wait: Wait,
    commands: Waiting,
    context: In,
) -> Response:
    """The agent's open conversations go back to the queue."""
    data = AgentDeleted(agent=agent.id, if_match=condition.header, request_hash=request_hash("DELETE", agent.id, None))
    command = _command(context, configuration.workspace, "pasokh.routing.agent_deleted", data)
    outcome = await commands.carry_out(command, wait)
    return Response(status_code=204) if outcome else accepted(command)


async def put_presence(
    configuration: ExistingWorkspace,
    agent: ExistingAgent,
    body: Annotated[PresenceBody, Depends(JsonBody(PresenceBody))],
    condition: IfMatch,
    wait: Wait,
    commands: Waiting,
    context: In,
) -> Response:
    asked = request_hash("PUT", f"{agent.id}/presence", body.model_dump(mode="json"))
    data = PresenceSet(agent=agent.id, status=body.status, if_match=condition.header, request_hash=asked)
    command = _command(context, configuration.workspace, "pasokh.routing.presence_set", data)
    outcome = await commands.carry_out(command, wait)
    written = await agent_of(context, configuration.workspace, agent.id) if outcome else None
    if outcome is None or written is None:
        return accepted(command)
    shown = PresenceShown(status=written.presence).model_dump()
    return JSONResponse(shown, headers={"ETag": etag(written.presence_version)})


def refuse_unknown_teams(configuration: WorkspaceConfiguration, body: AgentBody) -> None:
    """Raise Invalid for each team that the workspace does not have; `default` always exists."""
    unknown = [(i, t) for i, t in enumerate(body.teams) if t != DEFAULT_TEAM and t not in configuration.teams]
    if unknown:
        sentence = "There is no team {!r}. Make it first: PUT …/teams/{}."
        raise Invalid(*[(f"/teams/{index}", sentence.format(team, team)) for index, team in unknown])


def _command(context: Context, workspace: str, kind: str, data: AgentPut | AgentDeleted | PresenceSet) -> Command:
    identity = command_id(context.clock, workspace, None)
    return Command(identity, kind, workspace, workspace, data, data.request_hash)


def router_of() -> APIRouter:
    """The routes; each states the scope that it needs."""
    read, desk, admin = [Depends(allowed("read"))], [Depends(allowed("desk"))], [Depends(allowed("admin"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/agents", tags=["agents"])
    add = router.add_api_route
    add("", list_agents, dependencies=read)
    add("/{agent}", show_agent, dependencies=read)
    add("/{agent}", put_agent, methods=["PUT"], dependencies=admin, response_model=AgentWritten)
    add("/{agent}", delete_agent, methods=["DELETE"], dependencies=admin, status_code=204, response_model=None)
    add("/{agent}/presence", show_presence, dependencies=read)
    add("/{agent}/presence", put_presence, methods=["PUT"], dependencies=desk, response_model=PresenceShown)
    return router
