"""The end of a wrap-up over REST: the agent says that what was to be written down is done."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from schemas.routing import WrapUpEnd
from services.platform.http.auth import require_scope
from services.platform.http.command_gateway import Command, command_id, request_hash
from services.platform.http.dependencies import ContextDep, IdempotencyKey, Wait, accepted_response
from services.platform.http.json_body import JsonBody
from services.rest.dependencies import ExistingWorkspace
from services.router.agent_commands import AgentCommandsDep
from services.router.agent_views import AgentView, WrapUpEndBody, agent_view
from services.router.agents import ManagedAgent, read_agent


async def end_wrap_up(
    configuration: ExistingWorkspace,
    agent: ManagedAgent,
    body: Annotated[WrapUpEndBody, Depends(JsonBody(WrapUpEndBody, optional=True))],
    context: ContextDep,
    repeat: IdempotencyKey,
    wait: Wait,
    commands: AgentCommandsDep,
) -> Response:
    """Free the units of what the agent wraps up: of one conversation, or of all. Where nothing is wrapped up, nothing changes."""
    digest = request_hash("POST", f"{agent.id}/wrap-up/end", body.model_dump(mode="json"))
    data = WrapUpEnd(agent=agent.id, wrapped_up=body.conversation, request_hash=digest)
    workspace = configuration.workspace
    identity = command_id(context.time_source, workspace, repeat)
    command = Command(
        identity, "pasokh.routing.wrap_up_end", workspace, workspace, data, digest, repeatable=repeat is not None
    )
    outcome = await commands.execute(command, wait)
    stored = await read_agent(context, workspace, agent.id) if outcome else None
    if stored is None:
        return accepted_response(command)
    return JSONResponse(agent_view(stored).model_dump(mode="json"))


def build_router() -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/agents", tags=["agents"])
    router.add_api_route(
        "/{agent}/wrap-up/end",
        end_wrap_up,
        methods=["POST"],
        response_model=AgentView,
        dependencies=[Depends(require_scope("desk"))],
    )
    return router
