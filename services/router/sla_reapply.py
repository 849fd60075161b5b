"""Reapplies the current SLA policies to every open conversation of a workspace: one command, which dispatch fans out."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from schemas.routing import ReapplySlaPolicies
from services.platform.http.auth import require_scope
from services.platform.http.command_gateway import Command, command_id, request_hash
from services.platform.http.dependencies import CommandsDep, ContextDep, IdempotencyKey, Wait, accepted_response
from services.platform.http.json_body import JsonBody
from services.rest.dependencies import ExistingWorkspace
from services.router.agents import require_agent
from services.router.views import ReapplyBody


class ReapplyResult(BaseModel):
    """The result of reapplying SLA policies."""

    conversations: int = Field(description="How many open conversations follow the current policies.", ge=0)


async def reapply_all(
    configuration: ExistingWorkspace,
    body: Annotated[ReapplyBody, Depends(JsonBody(ReapplyBody, optional=True))],
    repeat: IdempotencyKey,
    wait: Wait,
    commands: CommandsDep,
    context: ContextDep,
) -> Response:
    """Recompute running clocks from their start by the current policies; clocks of a policy that is gone are cancelled."""
    workspace = configuration.workspace
    request = request_hash("POST", f"{workspace}/sla/reapply", body.model_dump(mode="json"))
    data = ReapplySlaPolicies(agent=body.agent, accepted_at=context.time_source.now(), request_hash=request)
    # Keyed by the workspace: dispatch knows its open conversations, and sends one command to each.
    identity = command_id(context.time_source, workspace, repeat)
    command = Command(
        identity, "pasokh.routing.reapply_sla", workspace, workspace, data, request, repeatable=repeat is not None
    )

    async def admit() -> None:
        await require_agent(context, workspace, body.agent)

    outcome = await commands.execute(command, wait, admit)
    if outcome is None:
        return accepted_response(command)
    return JSONResponse(ReapplyResult(conversations=int(outcome.result or 0)).model_dump())


def build_router() -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}", tags=["configuration"])
    router.add_api_route(
        "/sla/reapply",
        reapply_all,
        methods=["POST"],
        dependencies=[Depends(require_scope("admin"))],
        response_model=ReapplyResult,
    )
    return router
