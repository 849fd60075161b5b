"""Customers of several persons over REST: read with what joins them, their timeline; leads join and part persons."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.customer import JoinPersons, PartPersons
from services.domain.conversation_state import Contact
from services.domain.customer_state import CustomerRecord, IdentityGraph
from services.domain.viewer import Viewer
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.command_gateway import Command, command_id, request_hash
from services.platform.http.dependencies import (
    ContextDep,
    IdempotencyKey,
    Page,
    PageParams,
    Wait,
    accepted_response,
)
from services.platform.http.json_body import JsonBody
from services.platform.http.service import Context
from services.platform.store.read_one import read_one
from services.records.conversations import PERSONS
from services.records.customers import CUSTOMERS, IDENTITY_GRAPHS
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import not_found, refusal, unprocessable
from services.rest.viewer import ViewerDep, can_see_person
from services.rest.views import MessageView
from services.router.agent_commands import AgentCommandsDep
from services.router.agents import require_agent
from services.router.customer_views import CustomerView, JoinBody, PartBody, customer_view
from services.router.identities import visible_others, visible_persons
from services.router.timeline import timeline_page

Caller = Annotated[Principal, Depends(current_caller)]


def may_decide(caller: Caller) -> Principal:
    """The caller, who has the scope `admin` or is a lead. Raises CommandRejected (403)."""
    if caller.has_scope("admin") or (caller.agent is not None and caller.agent.is_lead):
        return caller
    raise refusal(403, "Not a lead", "only_lead_joins")


async def existing_customer(request: Request, context: ContextDep, viewer: ViewerDep) -> CustomerRecord:
    """The path's customer, when it is of the path's workspace and the caller may see one of its persons. Raises NotFound."""
    customer, _ = await _visible_customer(
        context, viewer, request.path_params["workspace"], request.path_params["customer"]
    )
    return customer


async def _visible_customer(
    context: Context, viewer: Viewer, workspace: str, customer: str
) -> tuple[CustomerRecord, list[Contact]]:
    """A customer with those of its persons who may be seen, at least one. Raises NotFound."""
    found = await read_one(context.store, CUSTOMERS, customer)
    seen = await _visible_persons(context, viewer, found) if found is not None and found.workspace == workspace else []
    if found is None or not seen:
        raise not_found("no_customer", customer=customer)
    return found, seen


ExistingCustomer = Annotated[CustomerRecord, Depends(existing_customer)]


async def show_customer(
    _: ExistingWorkspace, customer: ExistingCustomer, context: ContextDep, viewer: ViewerDep
) -> CustomerView:
    """A customer of several persons, and what joins them."""
    return await _view(context, viewer, customer)


async def list_timeline(
    _: ExistingWorkspace,
    customer: ExistingCustomer,
    context: ContextDep,
    viewer: ViewerDep,
    page: Annotated[PageParams, Query()],
) -> Page[MessageView]:
    """The messages of a customer on all channels, newest first. A page may be shorter than `limit`: there is more while `next` is given."""
    return await timeline_page(context.store, customer.workspace, customer.persons, viewer, page)


async def join_persons(
    configuration: ExistingWorkspace,
    body: Annotated[JoinBody, Depends(JsonBody(JoinBody))],
    context: ContextDep,
    viewer: ViewerDep,
    repeat: IdempotencyKey,
    wait: Wait,
    commands: AgentCommandsDep,
) -> Response:
    """Make one customer of these persons, and of all persons of the customers that they belong to. What a lead parted is joined again."""
    workspace = configuration.workspace
    digest = request_hash("POST", f"{workspace}/customers", body.model_dump(mode="json"))
    accepted_at = context.time_source.now()
    data = JoinPersons(persons=body.persons, agent=body.agent, accepted_at=accepted_at, request_hash=digest)
    identity = command_id(context.time_source, workspace, repeat)
    command = Command(
        identity, "pasokh.identity.join", workspace, workspace, data, digest, repeatable=repeat is not None
    )

    async def admit() -> None:
        await require_agent(context, workspace, body.agent)
        for number, person in enumerate(body.persons):
            contact = await read_one(context.store, PERSONS, f"{workspace}/{person}")
            if contact is None or not await can_see_person(context.store, viewer, contact):
                raise unprocessable(f"/persons/{number}", "unknown_customer", person=person)

    outcome = await commands.execute(command, wait, admit)
    customer = await read_one(context.store, CUSTOMERS, outcome.result or "") if outcome else None
    # None: it was not applied in time, or the persons were parted again since.
    if customer is None:
        return accepted_response(command)
    return JSONResponse((await _view(context, viewer, customer)).model_dump(mode="json"))


async def part_persons(
    configuration: ExistingWorkspace,
    customer: str,
    body: Annotated[PartBody, Depends(JsonBody(PartBody))],
    context: ContextDep,
    viewer: ViewerDep,
    repeat: IdempotencyKey,
    wait: Wait,
    commands: AgentCommandsDep,
) -> Response:
    """Part these persons from the customer's other persons. The same evidence, and what comes later, does not join them again."""
    workspace = configuration.workspace
    digest = request_hash("POST", f"{customer}/part", body.model_dump(mode="json"))
    data = PartPersons(
        customer=customer,
        persons=body.persons,
        agent=body.agent,
        accepted_at=context.time_source.now(),
        request_hash=digest,
    )
    identity = command_id(context.time_source, workspace, repeat)
    command = Command(
        identity, "pasokh.identity.part", workspace, workspace, data, digest, repeatable=repeat is not None
    )

    # Checked only for a new command: the first may have left no customer of that id.
    async def admit() -> None:
        _, contacts = await _visible_customer(context, viewer, workspace, customer)
        await require_agent(context, workspace, body.agent)
        seen = {contact.person for contact in contacts}
        for person in body.persons:
            if person not in seen:
                raise unprocessable("/persons", "not_of_customer", person=person)

    outcome = await commands.execute(command, wait, admit)
    return Response(status_code=204) if outcome else accepted_response(command)


async def _view(context: Context, viewer: Viewer, customer: CustomerRecord) -> CustomerView:
    graph = await read_one(context.store, IDENTITY_GRAPHS, customer.graph) or IdentityGraph(
        workspace=customer.workspace
    )
    contacts = await _visible_persons(context, viewer, customer)
    return customer_view(
        customer, graph, contacts, await visible_others(context.store, viewer, graph, customer.persons)
    )


async def _visible_persons(context: Context, viewer: Viewer, customer: CustomerRecord) -> list[Contact]:
    """The persons of a customer who may be seen, in their order."""
    return await visible_persons(context.store, viewer, customer.workspace, customer.persons)


def build_router() -> APIRouter:
    """The routes; each states the scope that it needs."""
    read, decide = [Depends(require_scope("read"))], [Depends(require_scope("desk")), Depends(may_decide)]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/customers", tags=["customers"])
    add = router.add_api_route
    add("", join_persons, methods=["POST"], dependencies=decide, response_model=CustomerView)
    add("/{customer}", show_customer, dependencies=read)
    add("/{customer}/timeline", list_timeline, dependencies=read)
    add("/{customer}/part", part_persons, methods=["POST"], dependencies=decide, status_code=204, response_model=None)
    return router
