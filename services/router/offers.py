"""Answers to offers over REST: commands on `routing`, which dispatch alone applies."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from schemas.routing import OfferAccept, OfferDecline
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.command_gateway import Command, command_id, request_hash
from services.platform.http.dependencies import ContextDep, IdempotencyKey, Wait, accepted_response
from services.platform.http.json_body import JsonBody
from services.platform.http.service import Context
from services.platform.store.port import Key
from services.records.offers import OFFERS, OfferRecord
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import not_found
from services.router.agent_commands import AgentCommandsDep
from services.router.views import AcceptBody, DeclineBody, OfferView, offer_view


class OfferRequest:
    """A request about the path's offer: sends its command and answers with the offer."""

    def __init__(
        self,
        configuration: ExistingWorkspace,
        offer: str,
        caller: Annotated[Principal, Depends(current_caller)],
        context: ContextDep,
        repeat: IdempotencyKey,
        wait: Wait,
        commands: AgentCommandsDep,
    ) -> None:
        self.workspace, self.offer, self.caller, self.context = configuration.workspace, offer, caller, context
        self._idempotency_key, self._wait, self._commands = repeat, wait, commands

    async def execute(self, kind: str, agent: str, data: OfferAccept | OfferDecline) -> Response:
        """Send the command and wait for its outcome: 200 with the offer, 202 when it takes longer. Raises CommandRejected."""
        # An offer of somebody else is as unknown as none; dispatch holds to it again.
        await read_offer(self.context, self.workspace, self.offer, agent)
        identity = command_id(self.context.time_source, self.workspace, self._idempotency_key)
        repeatable = self._idempotency_key is not None
        command = Command(identity, kind, self.workspace, self.workspace, data, data.request_hash, repeatable)
        if await self._commands.execute(command, self._wait) is None:
            return accepted_response(command)
        after = await read_offer(self.context, self.workspace, self.offer, agent)
        return JSONResponse(offer_view(after).model_dump(mode="json"))


OfferRequestDep = Annotated[OfferRequest, Depends()]


async def read_offer(context: Context, workspace: str, offer: str, agent: str) -> OfferRecord:
    """The record of an offer that was made to this agent. Raises CommandRejected (404)."""
    key = Key(OFFERS.name, offer)
    document = (await context.store.get_many([key])).get(key)
    record = OFFERS.decode(document) if document else None
    if record is None or (record.workspace, record.agent) != (workspace, agent):
        raise not_found("unknown_offer", offer=offer, agent=agent)
    return record


async def accept(
    request: OfferRequestDep, body: Annotated[AcceptBody, Depends(JsonBody(AcceptBody, optional=True))]
) -> Response:
    """Accept an offer: the conversation is assigned to the agent. 409 `offer_ended`, if it ended before."""
    data = OfferAccept(
        agent=body.agent,
        offer=request.offer,
        accepted_at=request.context.time_source.now(),
        request_hash=request_hash("POST", f"{request.offer}/accept", body.model_dump(mode="json")),
    )
    return await request.execute("pasokh.routing.offer_accept", body.agent, data)


async def decline(
    request: OfferRequestDep, body: Annotated[DeclineBody, Depends(JsonBody(DeclineBody, optional=True))]
) -> Response:
    """Decline an offer: the conversation waits at its old place. Without a reason it counts as a missed offer."""
    data = OfferDecline(
        agent=body.agent,
        offer=request.offer,
        reason=body.reason,
        request_hash=request_hash("POST", f"{request.offer}/decline", body.model_dump(mode="json")),
    )
    return await request.execute("pasokh.routing.offer_decline", body.agent, data)


def build_router() -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1/workspaces/{workspace}/offers", tags=["agents"])
    for action, route in (("accept", accept), ("decline", decline)):
        router.add_api_route(
            f"/{{offer}}/{action}",
            route,
            methods=["POST"],
            dependencies=[Depends(require_scope("desk"))],
            response_model=OfferView,
        )
    return router
