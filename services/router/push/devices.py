"""The browsers of an agent that take notifications, over REST."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.responses import Response

from schemas.values import AgentLanguage, Instant, Json, RequestModel
from services.platform.core.settings import Settings
from services.platform.http.auth import Principal, current_caller, require_scope
from services.platform.http.client_address import host_and_port, validate_callback_url
from services.platform.http.dependencies import ContextDep
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import UnprocessableContent
from services.platform.http.service import Context
from services.platform.http.web_push import PushSender, subscription_of
from services.platform.store.port import Changes, Key, Put, Query
from services.platform.store.read_one import read_one
from services.records.push import PUSH_DEVICES, PushDevice, device_id
from services.rest.dependencies import ExistingWorkspace
from services.rest.refusals import not_found, refusal
from services.router.leases import OwnAgent

MAX_DEVICES = 20
Base64 = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+=*$")]
DeviceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class PushKeys(RequestModel):
    """The keys by which the browser opens messages."""

    p256dh: Base64 = Field(description="The public key of the browser, as base64url.")
    auth: Base64 = Field(description="The secret of the subscription, as base64url.")


class PushBody(RequestModel):
    """A subscription as the browser gives it (`PushSubscription.toJSON()`), and the language of its notifications."""

    endpoint: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="The address at the push service of the browser."
    )
    # Browsers name a time at which some subscriptions end; ours do not.
    expirationTime: float | None = Field(default=None, description="As the browser writes it; not used.")  # noqa: N815
    keys: PushKeys = Field(description="The keys of the subscription.")
    language: AgentLanguage = Field(default="en", description="The language of the notifications.")


class PushDeviceView(BaseModel):
    """A browser that takes notifications."""

    device: str = Field(description="The name that the browser chose for itself.")
    service: str = Field(description="The host of its push service.")
    language: AgentLanguage = Field(description="The language of its notifications.")
    created_at: Instant


class PushView(BaseModel):
    """What browsers subscribe with, and those that have."""

    public_key: str = Field(description="The `applicationServerKey` of this installation, as base64url.")
    devices: list[PushDeviceView] = Field(description="The browsers of the agent that take notifications.")


def device_view(record: PushDevice) -> PushDeviceView:
    service = record.endpoint.partition("://")[2].partition("/")[0]
    return PushDeviceView(device=record.device, service=service, language=record.language, created_at=record.created_at)


async def read_devices(context: Context, workspace: str, agent: str) -> list[PushDevice]:
    """The browsers of an agent. Raises Unavailable."""
    equals: dict[str, Json] = {"workspace": workspace, "agent": agent}
    page = await context.store.query(Query(PUSH_DEVICES.name, "agent", equals, limit=MAX_DEVICES))
    return [PUSH_DEVICES.decode(document) for _, document in page.items]


def check_subscription(body: PushBody, settings: Settings) -> None:
    """Raise UnprocessableContent for an address that is not called, or keys that are none."""
    wrong = validate_callback_url("/endpoint", body.endpoint, settings)
    if not wrong and not body.endpoint.startswith("https://") and not _may_be_plain(body.endpoint, settings):
        wrong = [("/endpoint", "Push services are called by https alone.")]
    try:
        subscription_of(body.endpoint, body.keys.p256dh, body.keys.auth)
    except ValueError:
        wrong.append(("/keys", "These are no keys of a subscription."))
    if wrong:
        raise UnprocessableContent(*wrong)


def _may_be_plain(endpoint: str, settings: Settings) -> bool:
    """Whether the operator allows this very target: a push service of their own network may have no certificate."""
    host, port = host_and_port(endpoint) or ("", 0)
    return settings.allow_private_targets or f"{host}:{port}" in settings.allowed_targets


def build_router(sender: PushSender, on_added: Callable[[], None]) -> APIRouter:
    """The routes. `sender` is the installation; `on_added` is called when there is a device."""
    desk = [Depends(require_scope("desk"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/agents/{agent}/push", tags=["agents"])

    async def show_push(_: ExistingWorkspace, agent: OwnAgent, context: ContextDep) -> PushView:
        """The key that browsers subscribe with, and the browsers of the agent that have."""
        devices = await read_devices(context, agent.workspace, agent.id)
        return PushView(public_key=sender.public_key, devices=[device_view(one) for one in devices])

    async def put_device(
        _: ExistingWorkspace,
        agent: OwnAgent,
        device: DeviceName,
        body: Annotated[PushBody, Depends(JsonBody(PushBody))],
        caller: Annotated[Principal, Depends(current_caller)],
        context: ContextDep,
        response: Response,
    ) -> PushDeviceView:
        """Let a browser take notifications. It ends with the session by which it was asked for."""
        check_subscription(body, context.settings)
        identity = device_id(agent.workspace, agent.id, device)
        known = await read_one(context.store, PUSH_DEVICES, identity)
        if known is None and len(await read_devices(context, agent.workspace, agent.id)) >= MAX_DEVICES:
            raise refusal(409, "Conflict", "too_many_devices", limit=MAX_DEVICES)
        record = PushDevice(
            workspace=agent.workspace,
            agent=agent.id,
            generation=agent.generation,
            device=device,
            endpoint=body.endpoint,
            p256dh=body.keys.p256dh,
            auth=body.keys.auth,
            language=body.language,
            session=caller.session or "",
            created_at=known.created_at if known else context.time_source.now(),
        )
        await context.store.commit(Changes(puts=[Put(Key(PUSH_DEVICES.name, identity), record)]))
        on_added()
        response.status_code = 200 if known else 201
        return device_view(record)

    async def delete_device(_: ExistingWorkspace, agent: OwnAgent, device: DeviceName, context: ContextDep) -> Response:
        """Send a browser no notifications any more."""
        identity = device_id(agent.workspace, agent.id, device)
        if await read_one(context.store, PUSH_DEVICES, identity) is None:
            raise not_found("unknown_device", device=device)
        await context.store.commit(Changes(deletes=[Key(PUSH_DEVICES.name, identity)]))
        return Response(status_code=204)

    router.add_api_route("", show_push, dependencies=desk)
    router.add_api_route("/{device}", put_device, methods=["PUT"], dependencies=desk, responses={409: {}})
    router.add_api_route(
        "/{device}", delete_device, methods=["DELETE"], dependencies=desk, status_code=204, response_model=None
    )
    return router
