"""The beats of an agent's page over REST: each renews the lease of the agent, which dispatch looks at."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from schemas.configuration import WorkspaceConfiguration
from schemas.routing import LeaseRenewed
from schemas.signals import AgentSignal
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.command_gateway import Command, command_id
from services.platform.http.dependencies import CommandsDep, ContextDep
from services.platform.http.json_body import JsonBody
from services.platform.http.service import Context
from services.platform.store.port import Changes, Key, Put
from services.platform.store.read_one import read_one
from services.records.agents import AgentRecord, agent_id
from services.records.conversations import CONVERSATIONS
from services.records.leases import LEASE_RETENTION, LEASES, LeaseRecord
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import refusal
from services.rest.viewer import read_viewer
from services.router.agent_views import BeatBody
from services.router.agents import ExistingAgent
from services.router.dispatch.domain.presence import PageLease, heard
from services.router.dispatch.presence import presence_of
from services.router.dispatch.workspace_state import dispatch_settings
from services.router.signals import show_signal


async def own_agent(agent: ExistingAgent, caller: Annotated[Principal, Depends(current_caller)]) -> AgentRecord:
    """The path's agent, as whom the caller speaks: a key or session of an agent as that one only.

    Raises CommandRejected (403).
    """
    if caller.agent is None or caller.agent.id == agent.id:
        return agent
    raise refusal(403, "Another agent", "page_of_other", agent=caller.agent.id)


OwnAgent = Annotated[AgentRecord, Depends(own_agent)]


async def beat(
    configuration: ExistingWorkspace,
    agent: OwnAgent,
    body: Annotated[BeatBody, Depends(JsonBody(BeatBody, optional=True))],
    context: ContextDep,
    commands: CommandsDep,
    caller: Annotated[Principal, Depends(current_caller)],
) -> Response:
    """The agent's page is there: the answer to each `beat` of its stream. From the first one on, its silence lowers the presence.

    Agents whose desk never sends this have no such lease.
    """
    now = context.time_source.now()
    lease = await _renewed(context, agent, body, now)
    key = Key(LEASES.name, agent_id(agent.workspace, agent.id))
    await context.store.commit(Changes(puts=[Put(key, lease)]))
    if _must_tell(agent, lease, configuration, now):
        data = LeaseRenewed(agent=agent.id, at=now, input_at=lease.input_at, push=lease.push)
        identity = command_id(context.time_source, agent.workspace, None)
        await commands.send(
            Command(identity, "pasokh.routing.lease_renewed", agent.workspace, agent.workspace, data, "")
        )
    if body.viewing is not None:
        await _show_viewing(context, agent, body, caller)
    return Response(status_code=204)


async def _show_viewing(context: Context, agent: AgentRecord, body: BeatBody, caller: Principal) -> None:
    """Tell colleagues where the agent is. A conversation that they may not see any more is passed over."""
    case = await read_one(context.store, CONVERSATIONS, body.viewing or "")
    viewer = await read_viewer(context.store, agent.workspace, caller)
    if case is None or case.workspace != agent.workspace or not viewer.can_see(case):
        return
    kind, source = body.typing or "viewing", caller.session or caller.key
    shown = AgentSignal(conversation=case.id, agent=agent.id, name=agent.body.name, kind=kind, source=source)
    await show_signal(context, agent.workspace, shown)


async def _renewed(context: Context, agent: AgentRecord, body: BeatBody, now: datetime) -> LeaseRecord:
    key = Key(LEASES.name, agent_id(agent.workspace, agent.id))
    document = (await context.store.get_many([key])).get(key)
    known = LEASES.decode(document) if document else None
    touched = [known.input_at] if known is not None and known.input_at is not None else []
    if body.idle_seconds is not None:
        touched.append(now - timedelta(seconds=body.idle_seconds))
    return LeaseRecord(
        workspace=agent.workspace,
        agent=agent.id,
        beat_at=now,
        # Of several pages the one that was touched last.
        input_at=max(touched, default=None),
        push=body.push,
        visible_at=now if body.visible else (known.visible_at if known else None),
        expires_at=now + LEASE_RETENTION,
    )


def _must_tell(agent: AgentRecord, lease: LeaseRecord, configuration: WorkspaceConfiguration, now: datetime) -> bool:
    """Whether dispatch has to know: the lease begins, or lifts what lowers the presence. All else it sees when it looks."""
    before, settings = presence_of(agent), dispatch_settings(configuration).presence
    return agent.leased_at is None or heard(before, PageLease(now, lease.input_at, lease.push), settings, now) != before


def build_router() -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/agents", tags=["agents"])
    router.add_api_route(
        "/{agent}/beat",
        beat,
        methods=["POST"],
        status_code=204,
        response_model=None,
        dependencies=[Depends(require_scope("desk"))],
    )
    return router
