"""An agent's inbox over REST: the rows of a view, and how many each view has."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from schemas.values import RequestModel, Slug
from schemas.visible import Visible
from services.domain.inbox import InboxSort, InboxView
from services.domain.viewer import Viewer
from services.platform.http.auth import BoundAgent, Principal, current_caller, require_scope
from services.platform.http.dependencies import ContextDep, Page
from services.platform.http.service import Context
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import refusal, unprocessable
from services.rest.viewer import viewer_of_agent
from services.router.agents import read_agent, unknown_agent
from services.router.inbox import count_views, read_inbox
from services.router.inbox_rows import InboxRow, read_rows

OF_AGENT = "Whose inbox; a key that is bound to an agent may leave it out, and names no other."


class CountsQuery(RequestModel):
    """Whose inbox it is."""

    agent: Slug | None = Field(default=None, description=OF_AGENT)


class InboxQuery(CountsQuery):
    """Which rows, and in which order."""

    view: InboxView = Field(
        default="mine",
        description="`mine`: what the agent has. `waiting`: what no agent has accepted, of their teams. `team`: everything "
        "open of their teams that they may see. `done`: what is resolved and not closed yet, of the same. `mentions`: to which "
        "notes call them. `snoozed`: what the agent has that rests, and what rests in their teams without an agent; neither is in "
        "the first two.",
    )
    sort: InboxSort = Field(
        default="waiting",
        description="`due`: what is due first. `waiting`: whose customer waits longest. `newest`: the latest message first.",
    )
    q: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), Visible] | None = Field(
        default=None,
        description="In the customer's name, the person, the subject or the id. Case, accents, and the Arabic or Persian form of a letter or digit do not matter.",
    )
    limit: int = Field(default=50, ge=1, le=100)
    cursor: str | None = Field(default=None, max_length=2000)


class InboxCounts(BaseModel):
    """How many conversations each view has."""

    mine: int = Field(description="That the agent has.")
    waiting: int = Field(description="Of the teams of the agent that no agent has accepted.")
    team: int = Field(description="Open ones of their teams.")
    snoozed: int = Field(description="That rest: the agent's own, and those of their teams that no agent has.")
    mentions: int = Field(description="To which notes call them, until they write there.")
    done: int = Field(description="Resolved ones, until they are closed.")


async def inbox_agent(context: Context, workspace: str, caller: Principal, named: str | None) -> BoundAgent:
    """The agent whose inbox it is: who the caller is bound to, else the named one.

    Raises CommandRejected (403, 422), Unavailable.
    """
    bound = caller.agent
    if bound is not None and named not in (None, bound.id):
        raise refusal(403, "Another agent", "inbox_of_other", agent=bound.id)
    if bound is not None:
        return bound
    if named is None:
        raise unprocessable("/query/agent", "inbox_of_nobody")
    record = await read_agent(context, workspace, named)
    if record is None:
        raise unknown_agent(named, "/query/agent")
    return BoundAgent(record.id, record.generation, frozenset(record.body.teams), record.body.role == "lead")


async def _viewer(context: Context, workspace: str, caller: Principal, named: str | None) -> Viewer:
    return await viewer_of_agent(context.store, workspace, await inbox_agent(context, workspace, caller, named))


async def list_inbox(
    configuration: ExistingWorkspace,
    context: ContextDep,
    caller: Annotated[Principal, Depends(current_caller)],
    query: Annotated[InboxQuery, Query()],
) -> Page[InboxRow]:
    """The conversations of a view in an order, as the agent may see them. Only a page of a search may be short."""
    viewer = await _viewer(context, configuration.workspace, caller, query.agent)
    page = await read_inbox(
        context.store,
        configuration.workspace,
        viewer,
        query.view,
        query.sort,
        limit=query.limit,
        cursor=query.cursor,
        search=query.q,
    )
    rows = await read_rows(context.store, page.cases)
    return Page(items=[row.shown(viewer, query.sort) for row in rows], next=page.next)


async def count_inbox(
    configuration: ExistingWorkspace,
    context: ContextDep,
    caller: Annotated[Principal, Depends(current_caller)],
    query: Annotated[CountsQuery, Query()],
) -> InboxCounts:
    """How many conversations each view has: the length of its list."""
    viewer = await _viewer(context, configuration.workspace, caller, query.agent)
    counts = await count_views(context.store, configuration.workspace, viewer)
    return InboxCounts.model_validate(counts)


def build_router() -> APIRouter:
    """The routes of an inbox."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/inbox", tags=["inbox"])
    read = [Depends(require_scope("read"))]
    router.add_api_route("", list_inbox, dependencies=read)
    router.add_api_route("/counts", count_inbox, dependencies=read)
    return router
