"""The SLA clocks of a conversation over REST."""

from fastapi import APIRouter, Depends

from schemas.sla import Clock
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep, Page, PageParamsDep, query_page
from services.platform.store.port import Query
from services.records.clocks import CLOCKS, to_view
from services.rest.dependencies import ExistingConversation


async def list_clocks(
    conversation: ExistingConversation, context: ContextDep, parameters: PageParamsDep
) -> Page[Clock]:
    """Every run of every clock, oldest first."""
    equals = {"workspace": conversation.workspace, "conversation": conversation.id}
    page = await query_page(
        context.store, Query(CLOCKS.name, "conversation", {**equals}, limit=parameters.limit, after=parameters.cursor)
    )
    return Page(items=[to_view(CLOCKS.decode(d)) for _, d in page.items], next=page.next)


def build_router() -> APIRouter:
    """The routes, for the wiring of this service."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/conversations/{conversation}", tags=["conversations"])
    router.add_api_route("/clocks", list_clocks, dependencies=[Depends(require_scope("read"))])
    return router
