"""Tries a case without one: who would get it now, by which rule, and why. Nothing changes, and nothing is stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Depends
from pydantic import Field

from schemas.configuration import Match, WorkspaceConfiguration
from schemas.decision import Decision
from schemas.routing import TaskQueued
from services.domain.channel_capabilities import ChannelCapabilities
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.http.json_body import JsonBody
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Store
from services.records.agents import AGENTS, AgentRecord
from services.records.decisions import DecisionRecord
from services.records.tasks import TASKS, TaskRecord
from services.rest.dependencies import ExistingWorkspace
from services.router.agent_commands import AgentLanguageDep
from services.router.conversations.domain.routing_rules import RoutingAttributes, evaluate_rules
from services.router.dispatch.domain.dispatcher import Dispatcher
from services.router.dispatch.domain.explain import Explanation
from services.router.dispatch.domain.work import class_of_work
from services.router.dispatch.tasks import of_team, steps_due, waiting_task
from services.router.dispatch.workspace_state import (
    DispatchSettings,
    agents_query,
    dispatch_settings,
    tasks_query,
    to_agent,
    to_placement,
    to_task,
)
from services.router.sentences import decision_view

Outcome = Literal["assigned", "offered"]
Value = TypeVar("Value", bound=str)
TRIED = "tried"
"""The id that stands for the conversation, and for the decision about it."""


class ExplainBody(Match):
    """A case, by the conditions of routing rules. `waited_seconds`: as if it had waited so long.

    Of a list the first value counts, except of `tag`: a conversation may have several.
    """

    waited_seconds: Annotated[float, Field(ge=0, le=366 * 86400)] = 0.0


def build_router(capabilities: ChannelCapabilities) -> APIRouter:
    """The route. `capabilities` say how fast people talk on each channel."""

    async def explain(
        configuration: ExistingWorkspace,
        context: ContextDep,
        body: Annotated[ExplainBody, Depends(JsonBody(ExplainBody))],
        language: AgentLanguageDep,
    ) -> Decision:
        """Who would get such a case now, by which rule and why: a decision, as of a conversation. Nothing changes.

        It goes by what is stored: an assignment of the same moment may be missing.
        """
        settings, now = dispatch_settings(configuration), context.time_source.now()
        tried = _task(configuration, body, capabilities, now)
        agents, tasks = await asyncio.gather(
            _agents(context.store, configuration.workspace), _tasks(context.store, configuration.workspace)
        )
        # In a thread: the indexes of ten thousand agents take a while.
        agent, explanation = await asyncio.to_thread(_explain, settings, agents, tasks, tried)
        given: Outcome = "assigned" if tried.offer_seconds is None else "offered"
        record = DecisionRecord(
            id=TRIED,
            workspace=tried.workspace,
            key=tried.key,
            conversation=TRIED,
            at=now,
            outcome="waiting" if agent is None else given,
            agent=agent,
            summary="",
            reason=explanation.reason,
            requirement=tried.requirement,
            rule=tried.rule,
            candidates=explanation.candidates,
            excluded=explanation.excluded,
            config_version=tried.config_version,
        )
        return decision_view(record, language)

    router = APIRouter(prefix="/v1/workspaces/{workspace}/routing", tags=["configuration"])
    needed = [Depends(require_scope("read", for_agents=False))]
    router.add_api_route("/explain", explain, methods=["POST"], dependencies=needed)
    return router


def _explain(
    settings: DispatchSettings, agents: Sequence[AgentRecord], tasks: Sequence[TaskRecord], tried: TaskRecord
) -> tuple[str | None, Explanation]:
    waiting = sum(task.state == "waiting" and task.team == tried.team for task in tasks)
    dispatcher = Dispatcher()
    dispatcher.restore([to_agent(agent, settings) for agent in agents], [to_placement(task) for task in tasks])
    return dispatcher.explain(to_task(replace(tried, overflowed=tried.overflowed or _finds_full(tried, waiting))))


def _finds_full(tried: TaskRecord, waiting: int) -> bool:
    most = tried.overflow.max_waiting if tried.overflow is not None else None
    return most is not None and waiting >= most


def _task(
    configuration: WorkspaceConfiguration, body: ExplainBody, capabilities: ChannelCapabilities, now: datetime
) -> TaskRecord:
    """The task of such a case, as dispatch would have it after that wait."""
    channel, surface = _first(body.channel) or "", _first(body.surface) or "private"
    attributes = RoutingAttributes(
        channel=channel,
        surface=surface,
        language=_first(body.language),
        intent=_first(body.intent),
        sentiment=_first(body.sentiment),
        sensitive=bool(body.sensitive),
        tier=_first(body.tier),
        tags=(body.tag,) if isinstance(body.tag, str) else tuple(body.tag or ()),
    )
    routing, waited = evaluate_rules(attributes, configuration), timedelta(seconds=body.waited_seconds)
    queued = TaskQueued(
        conversation=TRIED,
        key="",
        workspace=configuration.workspace,
        channel=channel,
        account="",
        surface=surface,
        team=routing.team,
        requirement=routing.requirement,
        priority=routing.priority,
        queued_at=now - waited,
        relax=list(routing.relax),
        rule=routing.rule,
        config_version=routing.config_version,
    )
    work_class = class_of_work(surface, capabilities.paces.get(channel, "chat"))
    record = of_team(waiting_task(queued, work_class), dispatch_settings(configuration))
    longest = record.overflow.max_wait_seconds if record.overflow is not None else None
    is_long = longest is not None and waited.total_seconds() >= longest
    return replace(record, relaxed=steps_due(record.relax, waited), overflowed=is_long)


def _first(value: Value | Sequence[Value] | None) -> Value | None:
    if value is None or isinstance(value, str):
        return value
    return value[0] if value else None


async def _agents(store: Store, workspace: str) -> list[AgentRecord]:
    return [AGENTS.decode(found) async for _, found in all_documents(store, agents_query(workspace))]


async def _tasks(store: Store, workspace: str) -> list[TaskRecord]:
    return [TASKS.decode(found) async for _, found in all_documents(store, tasks_query(workspace))]
