"""The SLA clocks of a conversation over REST."""

from fastapi import APIRouter, Depends

from schemas.sla import Clock
from services.platform.http.auth import allowed
from services.platform.http.dependencies import Asked, In, Listing, queried
from services.platform.store.port import Query
from services.records.clocks import CLOCKS, ClockRecord
from services.records.lookups import ExistingConversation


async def list_clocks(conversation: ExistingConversation, context: In, asked: Asked) -> Listing[Clock]:
    """Every run of every clock, oldest first."""
    equals = {"workspace": conversation.workspace, "conversation": conversation.id}
    page = await queried(
        context.store, Query(CLOCKS.name, "conversation", {**equals}, limit=asked.limit, after=asked.cursor)
    )
    return Listing(items=[ClockRecord.model_validate(d).shown() for _, d in page.items], next=page.next)


def router_of() -> APIRouter:
    """The routes, for the wiring of this service."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/conversations/{conversation}", tags=["conversations"])
    router.add_api_route("/clocks", list_clocks, dependencies=[Depends(allowed("read"))])
    return router
