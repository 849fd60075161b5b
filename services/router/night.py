"""What came in while it was closed, for an agent's page: how many wait since before it opened, and when the day ends."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from schemas.business_calendar import Calendar
from schemas.configuration import WorkspaceConfiguration
from schemas.values import Instant, instant_text
from services.domain.business_hours import open_span, opening_at
from services.domain.inbox import InboxView
from services.domain.opening_hours import calendar_of
from services.domain.viewer import Viewer
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.dependencies import ContextDep
from services.platform.store.port import Store
from services.rest.dependencies import ExistingWorkspace
from services.rest.viewer import viewer_of_agent
from services.router.inbox import Range, ranges
from services.router.inbox_routes import CountsQuery, inbox_agent


class NightView(BaseModel):
    """What waits for an answer since before it opened, and the hours of the agent's day."""

    mine: int = Field(description="That the agent has.")
    waiting: int = Field(description="Of the teams of the agent that no agent has accepted.")
    opened_at: Instant | None = Field(description="Since when it is open; null while it is closed, or without hours.")
    opens_at: Instant | None = Field(description="When it opens next; null while it is open, or without hours.")
    closes_at: Instant | None = Field(description="When it closes; null while it is closed, or without hours.")


async def show_night(
    configuration: ExistingWorkspace,
    context: ContextDep,
    caller: Annotated[Principal, Depends(current_caller)],
    query: Annotated[CountsQuery, Query()],
) -> NightView:
    """How many customers wait since before it opened: the first rows of `mine` and `waiting` in the order `waiting`.

    The hours are those of the first of the agent's teams that has some, else the workspace's. Without any, nothing is from the night.
    """
    agent = await inbox_agent(context, configuration.workspace, caller, query.agent)
    viewer = await viewer_of_agent(context.store, configuration.workspace, agent)
    now = context.time_source.now()
    calendar = hours_of(configuration, viewer.teams)
    if calendar is None:
        return NightView(mine=0, waiting=0, opened_at=None, opens_at=None, closes_at=None)
    span, (_, opens_at) = open_span(now, calendar), opening_at(now, calendar)
    opened_at, closes_at = span or (None, None)
    before = opened_at or now
    mine, waiting = await asyncio.gather(
        *(_count(context.store, configuration.workspace, viewer, view, before) for view in VIEWS)
    )
    return NightView(mine=mine, waiting=waiting, opened_at=opened_at, opens_at=opens_at, closes_at=closes_at)


VIEWS: tuple[InboxView, InboxView] = ("mine", "waiting")


def hours_of(configuration: WorkspaceConfiguration, teams: frozenset[str]) -> Calendar | None:
    """The opening hours of an agent of these teams; None: around the clock."""
    own = (configuration.teams[team].body.calendar for team in sorted(teams) if team in configuration.teams)
    return next((calendar for calendar in own if calendar is not None), calendar_of(configuration, ""))


async def _count(store: Store, workspace: str, viewer: Viewer, view: InboxView, before: datetime) -> int:
    # Who waits comes first in the order `waiting`, by the time since when.
    queries = [one.query(workspace, "waiting") for one in ranges(view, viewer) if isinstance(one, Range)]
    bound = f"1{instant_text(before)}"
    return sum(await asyncio.gather(*(store.count(replace(query, below=bound)) for query in queries)))


def build_router() -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/inbox", tags=["inbox"])
    router.add_api_route("/night", show_night, dependencies=[Depends(require_scope("read"))])
    return router
