"""The routes of webhook subscriptions: subscriptions themselves, their deliveries, and replays (`replay.py`)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi import Query as QueryOf

from schemas.values import Json, Slug
from schemas.webhooks import WebhookBody
from services.platform.http.auth import require_scope
from services.platform.http.dependencies import ContextDep, IfMatch, Page, PageParamsDep, query_page
from services.platform.http.if_match import etag
from services.platform.http.json_body import JsonBody
from services.platform.http.standard_webhooks import new_secret
from services.platform.store.port import Query
from services.records.subscriptions import WEBHOOK_DELIVERIES
from services.rest.dependencies import ExistingWorkspace
from services.subscriptions import mutations
from services.subscriptions.dependencies import ExistingWebhook, is_disabled
from services.subscriptions.replay import replay
from services.subscriptions.views import (
    DeliveryQuery,
    WebhookDeliveryView,
    WebhookView,
    to_delivery_view,
    to_webhook_view,
)
from services.workspaces.configuration_update import update_configuration
from services.workspaces.views import to_page

WebhookIn = Annotated[WebhookBody, Depends(JsonBody(WebhookBody))]


async def list_webhooks(
    configuration: ExistingWorkspace, context: ContextDep, page: PageParamsDep
) -> Page[WebhookView]:
    """By id."""
    # A query for each of at most `MAX_WEBHOOKS` subscriptions, because its endpoints alone know whether one is
    # switched off.
    views = []
    for webhook, subscription in configuration.webhooks.items():
        disabled = await is_disabled(context, configuration.workspace, webhook, subscription)
        views.append((webhook, to_webhook_view(webhook, subscription.body, disabled=disabled)))
    return to_page(views, page, "webhooks", configuration.workspace)


async def show_webhook(
    configuration: ExistingWorkspace,
    webhook: str,
    subscription: ExistingWebhook,
    context: ContextDep,
    response: Response,
) -> WebhookView:
    response.headers["ETag"] = etag(subscription.version)
    disabled = await is_disabled(context, configuration.workspace, webhook, subscription)
    return to_webhook_view(webhook, subscription.body, disabled=disabled)


async def put_webhook(
    configuration: ExistingWorkspace,
    webhook: Slug,
    body: WebhookIn,
    condition: IfMatch,
    context: ContextDep,
    response: Response,
) -> WebhookView:
    """The answer shows a secret that was made for the subscription, this once."""
    mutations.check_body(body, context.settings)
    workspace, secret = configuration.workspace, new_secret()
    edit = mutations.put_webhook(workspace, webhook, body, condition, secret)
    before, after = await update_configuration(context, workspace, edit)
    response.status_code = 200 if before is not None and webhook in before.webhooks else 201
    subscription = after.webhooks[webhook]
    response.headers["ETag"] = etag(subscription.version)
    # The answer may hold a secret: no cache between us and the caller may keep it.
    response.headers["Cache-Control"] = "no-store"
    is_new_secret = subscription.body.secret == secret
    return to_webhook_view(webhook, subscription.body, secret=secret if is_new_secret else None)


async def delete_webhook(
    configuration: ExistingWorkspace, webhook: str, condition: IfMatch, context: ContextDep
) -> None:
    """Pending deliveries are given up."""
    edit = mutations.delete_webhook(configuration.workspace, webhook, condition)
    await update_configuration(context, configuration.workspace, edit)


async def list_deliveries(
    configuration: ExistingWorkspace,
    webhook: str,
    _: ExistingWebhook,
    context: ContextDep,
    params: Annotated[DeliveryQuery, QueryOf()],
) -> Page[WebhookDeliveryView]:
    """Newest first. Deliveries are kept for 30 days. With `state`, a page may be shorter than `limit`."""
    equals: dict[str, Json] = {"workspace": configuration.workspace, "webhook": webhook}
    query = Query(WEBHOOK_DELIVERIES.name, "webhook", equals, descending=True, limit=params.limit, after=params.cursor)
    page = await query_page(context.store, query)
    records = [WEBHOOK_DELIVERIES.decode(document) for _, document in page.items]
    items = [to_delivery_view(record) for record in records if params.state in (None, record.state)]
    return Page(items=items, next=page.next)


def build_router() -> APIRouter:
    """The routes of subscriptions. Writing needs the scope `admin`: it sends the workspace's facts elsewhere."""
    read, admin = [Depends(require_scope("read", for_agents=False))], [Depends(require_scope("admin"))]
    router = APIRouter(prefix="/v1/workspaces/{workspace}/webhooks", tags=["webhooks"])
    add, one = router.add_api_route, "/{webhook}"
    add("", list_webhooks, dependencies=read)
    add(one, show_webhook, dependencies=read)
    add(one, put_webhook, methods=["PUT"], dependencies=admin)
    add(one, delete_webhook, methods=["DELETE"], dependencies=admin, status_code=204)
    add(f"{one}/deliveries", list_deliveries, dependencies=read)
    add(f"{one}/replay", replay, methods=["POST"], dependencies=admin, status_code=202)
    return router
