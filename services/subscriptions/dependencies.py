"""What routes of webhook subscriptions share: the subscription of the path, and whether it is switched off."""

from typing import Annotated

from fastapi import Depends

from schemas.configuration import Versioned
from schemas.values import Json
from schemas.webhooks import Webhook
from services.platform.http.service import Context
from services.platform.store.port import Query
from services.records.subscriptions import WEBHOOK_ENDPOINTS
from services.rest.dependencies import ExistingWorkspace
from services.subscriptions.mutations import no_webhook

MAX_PARTITIONS = 200


async def existing_webhook(configuration: ExistingWorkspace, webhook: str) -> Versioned[Webhook]:
    """The subscription of the path. Raises NotFound."""
    if webhook not in configuration.webhooks:
        raise no_webhook(webhook)
    return configuration.webhooks[webhook]


ExistingWebhook = Annotated[Versioned[Webhook], Depends(existing_webhook)]


async def is_disabled(context: Context, workspace: str, webhook: str, subscription: Versioned[Webhook]) -> bool:
    """Whether the endpoint answered 410 Gone to this version of the subscription. Raises Unavailable."""
    # Each partition calls the endpoint on its own and has a document of its own; one 410 is enough.
    equals: dict[str, Json] = {"workspace": workspace, "webhook": webhook}
    page = await context.store.query(Query(WEBHOOK_ENDPOINTS.name, "webhook", equals, limit=MAX_PARTITIONS))
    return any(WEBHOOK_ENDPOINTS.decode(document).gone == subscription.version for _, document in page.items)
