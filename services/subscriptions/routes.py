"""Webhooks to integrators over REST: subscriptions, their ledger, and sending facts again."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi import Query as QueryOf
from pydantic import BaseModel, Field, model_validator

from schemas.commands import CommandResult
from schemas.configuration import Versioned, WorkspaceConfiguration
from schemas.envelope import Event, encode
from schemas.events import FACTS as FACT_TYPES
from schemas.values import InputInstant, Instant, Json, RequestModel, Slug
from schemas.webhooks import DeliveryAttempt, DeliveryState, Webhook, WebhookBody, WebhookReplay
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.errors import Fenced
from services.platform.core.identifiers import hashed_id, random_id
from services.platform.core.settings import Settings
from services.platform.http.auth import require_scope
from services.platform.http.client_address import validate_callback_url
from services.platform.http.command_gateway import request_hash
from services.platform.http.dependencies import (
    ContextDep,
    IdempotencyKey,
    IfMatch,
    Page,
    PageParams,
    PageParamsDep,
    Precondition,
    query_page,
)
from services.platform.http.if_match import etag
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, NotFound, UnprocessableContent
from services.platform.http.service import Context
from services.platform.http.standard_webhooks import decode_secret, new_secret
from services.platform.store.collections import FACTS, OUTCOMES
from services.platform.store.port import Changes, Condition, Key, Put, Query
from services.records.subscriptions import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_ENDPOINTS,
    DeliveryRecord,
)
from services.rest.dependencies import ExistingWorkspace
from services.workspaces.configuration_update import Mutation, Revision, update_configuration
from services.workspaces.mutations import REDACTED, require_workspace, stored_version
from services.workspaces.views import to_page

MAX_WEBHOOKS = 100
SECRET_ROTATION_PERIOD = timedelta(hours=24)
"""How long the secret before signs as well."""
REPLAY_TYPE = "pasokh.control.webhook_replay"


class WebhookView(BaseModel):
    """A subscription. `secret` is the secret in the answer that made it, `"set"` ever after.

    `disabled`: the endpoint answered 410 Gone since it was last written; writing it again switches it on.
    """

    id: str
    url: str
    types: list[str]
    secret: str
    disabled: bool = False


class WebhookDeliveryView(BaseModel):
    """One fact on its way to one subscription. `event` is the `webhook-id` of every try."""

    event: str
    type: str
    conversation: str | None
    state: DeliveryState
    attempts: int
    created_at: Instant
    next_try_at: Instant | None
    tries: list[DeliveryAttempt]


class DeliveryQuery(PageParams):
    """Which part of the ledger."""

    state: DeliveryState | None = None


class ReplayBody(RequestModel):
    """Either one `event`, or everything from `since` on and before `until` (now, when left out)."""

    event: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    since: InputInstant | None = None
    until: InputInstant | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "ReplayBody":
        if (self.event is None) == (self.since is None):
            raise ValueError("give either `event` or `since`")
        if self.until is not None and (self.since is None or self.until <= self.since):
            raise ValueError("`until` goes with an earlier `since`")
        return self


class ReplayAccepted(BaseModel):
    """What was asked for; the ledger shows what becomes of it."""

    id: str


WebhookIn = Annotated[WebhookBody, Depends(JsonBody(WebhookBody))]
ReplayIn = Annotated[ReplayBody, Depends(JsonBody(ReplayBody))]


async def existing_webhook(configuration: ExistingWorkspace, webhook: str) -> Versioned[Webhook]:
    """The path's subscription. Raises NotFound."""
    if webhook not in configuration.webhooks:
        raise _no_webhook(webhook)
    return configuration.webhooks[webhook]


ExistingWebhook = Annotated[Versioned[Webhook], Depends(existing_webhook)]


async def list_webhooks(
    configuration: ExistingWorkspace, context: ContextDep, page: PageParamsDep
) -> Page[WebhookView]:
    """By id."""
    off = {
        name for name, kept in configuration.webhooks.items() if await _is_deleted(context, configuration, name, kept)
    }
    shown = [(name, _view(name, k.body, disabled=name in off)) for name, k in configuration.webhooks.items()]
    return to_page(shown, page, "webhooks", configuration.workspace)


async def show_webhook(
    configuration: ExistingWorkspace, webhook: str, stored: ExistingWebhook, context: ContextDep, response: Response
) -> WebhookView:
    response.headers["ETag"] = etag(stored.version)
    return _view(webhook, stored.body, disabled=await _is_deleted(context, configuration, webhook, stored))


async def put_webhook(
    configuration: ExistingWorkspace,
    webhook: Slug,
    body: WebhookIn,
    condition: IfMatch,
    context: ContextDep,
    response: Response,
) -> WebhookView:
    """The answer shows a secret that was made for it, this once."""
    _refuse_wrong(body, context.settings)
    made = new_secret()
    workspace = configuration.workspace
    before, after = await update_configuration(context, workspace, _put(workspace, webhook, body, condition, made))
    response.status_code = 200 if before is not None and webhook in before.webhooks else 201
    kept = after.webhooks[webhook]
    response.headers["ETag"] = etag(kept.version)
    response.headers["Cache-Control"] = "no-store"
    return _view(webhook, kept.body, secret=made if kept.body.secret == made else None)


async def delete_webhook(
    configuration: ExistingWorkspace, webhook: str, condition: IfMatch, context: ContextDep
) -> None:
    """What still waits for it is given up."""
    await update_configuration(context, configuration.workspace, _delete(configuration.workspace, webhook, condition))


async def list_deliveries(
    configuration: ExistingWorkspace,
    webhook: str,
    _: ExistingWebhook,
    context: ContextDep,
    asked: Annotated[DeliveryQuery, QueryOf()],
) -> Page[WebhookDeliveryView]:
    """Newest first; settled ones are kept for 30 days. With `state`, a page may be shorter than `limit`."""
    equals: dict[str, Json] = {"workspace": configuration.workspace, "webhook": webhook}
    query = Query(WEBHOOK_DELIVERIES.name, "webhook", equals, descending=True, limit=asked.limit, after=asked.cursor)
    page = await query_page(context.store, query)
    found = [WEBHOOK_DELIVERIES.decode(document) for _, document in page.items]
    return Page(items=[_delivery_view(one) for one in found if asked.state in (None, one.state)], next=page.next)


async def replay(
    configuration: ExistingWorkspace,
    webhook: str,
    stored: ExistingWebhook,
    body: ReplayIn,
    repeat: IdempotencyKey,
    context: ContextDep,
    response: Response,
) -> ReplayAccepted:
    """Facts are posted again under the ids that they had; what is still on its way is left to itself."""
    workspace = configuration.workspace
    if await _is_deleted(context, configuration, webhook, stored):
        raise Conflict("The endpoint answered 410 Gone. Write the subscription again to switch it on, then replay.")
    partitions = await _partitions(context, workspace, body)
    now = context.time_source.now()
    identity = hashed_id("replay", workspace, repeat) if repeat else random_id(now)
    hashed = request_hash("POST", f"webhooks/{webhook}/replay", body.model_dump(mode="json"))
    response.headers["Location"] = f"/v1/workspaces/{workspace}/webhooks/{webhook}/deliveries"
    if repeat and await _is_repeated_request(context, identity, hashed):
        return ReplayAccepted(id=identity)
    until = body.until or (now if body.since is not None else None)
    asked = WebhookReplay(workspace=workspace, webhook=webhook, event=body.event, since=body.since, until=until)
    event = Event(
        id=identity,
        source="rest",
        type=REPLAY_TYPE,
        time=now,
        workspace=workspace,
        partitionkey=f"{workspace}/webhooks",
        data=asked.model_dump(mode="json"),
    )
    await context.bus.publish(
        [ProducerRecord("conversations", p, event.partitionkey, encode(event)) for p in partitions]
    )
    if repeat:
        # After it was published: whoever got no answer asks again, and facts may come twice but are never left out.
        await _store_request(
            context, CommandResult(id=identity, workspace=workspace, status="applied", request_hash=hashed, at=now)
        )
    return ReplayAccepted(id=identity)


async def _is_repeated_request(context: Context, identity: str, hashed: str) -> bool:
    """Whether this was asked before under its Idempotency-Key. Raises Conflict when something else was."""
    key = Key(OUTCOMES.name, identity)
    document = (await context.store.get_many([key])).get(key)
    if document is None:
        return False
    if CommandResult.model_validate(document).request_hash != hashed:
        raise Conflict("This Idempotency-Key was used for another request. Use a new one for a new request.")
    return True


async def _store_request(context: Context, outcome: CommandResult) -> None:
    key = Key(OUTCOMES.name, outcome.id)
    with suppress(Fenced):  # the same request, at the same time
        changes = Changes(conditions=[Condition(key)], puts=[Put(key, outcome.model_dump(mode="json"))])
        await context.store.commit(changes)


async def _partitions(context: Context, workspace: str, body: ReplayBody) -> list[int]:
    """Where the facts are that are asked for. Raises UnprocessableContent for one that there is not."""
    if body.event is None:
        return list(range(context.bus.partitions))
    key = Key(FACTS.name, body.event)
    document = (await context.store.get_many([key])).get(key)
    if document is None or document["workspace"] != workspace:
        raise UnprocessableContent(("/event", f"There is no fact {body.event!r} in this workspace."))
    return [partition_for(str(document["partitionkey"]), context.bus.partitions)]


async def _is_deleted(
    context: Context, configuration: WorkspaceConfiguration, webhook: str, stored: Versioned[Webhook]
) -> bool:
    equals: dict[str, Json] = {"workspace": configuration.workspace, "webhook": webhook}
    page = await context.store.query(Query(WEBHOOK_ENDPOINTS.name, "webhook", equals, limit=200))
    return any(WEBHOOK_ENDPOINTS.decode(document).gone == stored.version for _, document in page.items)


def _refuse_wrong(body: WebhookBody, settings: Settings) -> None:
    wrong = validate_callback_url("/url", body.url, settings)
    wrong += [
        (f"/types/{index}", f"No fact has a type that begins with {prefix!r}.")
        for index, prefix in enumerate(body.types)
        if not any(known.startswith(prefix) for known in FACT_TYPES)
    ]
    if body.secret not in (None, REDACTED):
        try:
            decode_secret(body.secret or "")
        except ValueError as error:
            wrong.append(("/secret", f"Not valid: {error}."))
    if wrong:
        raise UnprocessableContent(*wrong)


def _put(workspace: str, webhook: str, body: WebhookBody, condition: Precondition, made: str) -> Mutation:
    """Always a new version, so that writing it again switches an endpoint that was gone on."""

    def edit(current: WorkspaceConfiguration | None, stamp: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        earlier = current.webhooks.get(webhook)
        condition.check(stored_version(earlier))
        if earlier is None and len(current.webhooks) >= MAX_WEBHOOKS:
            raise Conflict(f"A workspace has at most {MAX_WEBHOOKS} webhooks. Delete one first.")
        if earlier is None and body.secret == REDACTED:
            raise UnprocessableContent(
                ("/secret", 'There is no earlier value that "set" could stand for; leave it out.')
            )
        full = _limit_reached(body, earlier.body if earlier else None, made, stamp.at)
        after = Versioned[Webhook](body=full, version=stamp.version, at=stamp.at)
        webhooks = {**current.webhooks, webhook: after}
        return current.model_copy(update={"webhooks": webhooks, "version": stamp.version})

    return edit


def _limit_reached(body: WebhookBody, earlier: Webhook | None, made: str, at: datetime) -> Webhook:
    if earlier is None:
        given = body.secret or made
        return Webhook(url=body.url, types=body.types, secret=given)
    if body.secret in (None, REDACTED, earlier.secret):
        return earlier.model_copy(update={"url": body.url, "types": body.types})
    return Webhook(
        url=body.url,
        types=body.types,
        secret=body.secret or earlier.secret,
        previous=earlier.secret,
        previous_until=at + SECRET_ROTATION_PERIOD,
    )


def _delete(workspace: str, webhook: str, condition: Precondition) -> Mutation:
    def edit(current: WorkspaceConfiguration | None, stamp: Revision) -> WorkspaceConfiguration:
        current = require_workspace(workspace, current)
        if webhook not in current.webhooks:
            raise _no_webhook(webhook)
        condition.check(current.webhooks[webhook].version)
        left = {name: kept for name, kept in current.webhooks.items() if name != webhook}
        return current.model_copy(update={"webhooks": left, "version": stamp.version})

    return edit


def _no_webhook(webhook: str) -> NotFound:
    return NotFound(f"There is no webhook {webhook!r} in this workspace.")


def _view(identity: str, body: Webhook, *, secret: str | None = None, disabled: bool = False) -> WebhookView:
    return WebhookView(id=identity, url=body.url, types=body.types, secret=secret or REDACTED, disabled=disabled)


def _delivery_view(one: DeliveryRecord) -> WebhookDeliveryView:
    return WebhookDeliveryView(
        event=one.event,
        type=one.type,
        conversation=one.conversation,
        state=one.state,
        attempts=one.attempts,
        created_at=one.at,
        next_try_at=one.next_at,
        tries=one.recent_attempts,
    )


def build_router() -> APIRouter:
    """The routes; writing one needs `admin`, because it sends the workspace's facts elsewhere."""
    read, admin = [Depends(require_scope("read"))], [Depends(require_scope("admin"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/webhooks", tags=["webhooks"])
    add, one = router.add_api_route, "/{webhook}"
    add("", list_webhooks, dependencies=read)
    add(one, show_webhook, dependencies=read)
    add(one, put_webhook, methods=["PUT"], dependencies=admin)
    add(one, delete_webhook, methods=["DELETE"], dependencies=admin, status_code=204)
    add(f"{one}/deliveries", list_deliveries, dependencies=read)
    add(f"{one}/replay", replay, methods=["POST"], dependencies=admin, status_code=202)
    return router
