"""The route that sends facts again: it publishes a `WebhookReplay`, which the processor `webhooks` carries out."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Response

from schemas.commands import CommandResult
from schemas.envelope import Event, encode
from schemas.webhooks import WEBHOOK_REPLAY, WebhookReplay
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.errors import Fenced
from services.platform.core.identifiers import hashed_id, random_id
from services.platform.http.command_gateway import request_hash, require_same_request
from services.platform.http.dependencies import ContextDep, IdempotencyKey
from services.platform.http.json_body import JsonBody
from services.platform.http.problems import Conflict, UnprocessableContent
from services.platform.http.service import Context
from services.platform.store.collections import FACTS, OUTCOMES
from services.platform.store.port import Changes, Condition, Key, Put
from services.platform.store.read_one import read_one
from services.rest.dependencies import ExistingWorkspace
from services.subscriptions.dependencies import ExistingWebhook, is_disabled
from services.subscriptions.views import ReplayAccepted, ReplayBody

ReplayIn = Annotated[ReplayBody, Depends(JsonBody(ReplayBody))]


async def replay(
    configuration: ExistingWorkspace,
    webhook: str,
    subscription: ExistingWebhook,
    body: ReplayIn,
    idempotency_key: IdempotencyKey,
    context: ContextDep,
    response: Response,
) -> ReplayAccepted:
    """Facts are posted again under the ids that they had. A delivery that is pending or in flight stays as it is."""
    workspace, now = configuration.workspace, context.time_source.now()
    if await is_disabled(context, workspace, webhook, subscription):
        raise Conflict("The endpoint answered 410 Gone. Write the subscription again to switch it on, then replay.")
    partitions = await _partitions(context, workspace, body)
    identity = hashed_id("replay", workspace, idempotency_key) if idempotency_key else random_id(now)
    hashed = request_hash("POST", f"webhooks/{webhook}/replay", body.model_dump(mode="json"))
    response.headers["Location"] = f"/v1/workspaces/{workspace}/webhooks/{webhook}/deliveries"
    if idempotency_key and await _is_repeated_request(context, identity, hashed):
        return ReplayAccepted(id=identity)
    event = _replay_event(identity, workspace, webhook, body, now)
    await context.bus.publish(
        [ProducerRecord("conversations", partition, event.partitionkey, encode(event)) for partition in partitions]
    )
    if idempotency_key:
        # Stored after the publish: a caller whose request got no answer repeats it, so facts may come twice but none is
        # left out.
        outcome = CommandResult(id=identity, workspace=workspace, status="applied", request_hash=hashed, at=now)
        await _store_outcome(context, outcome)
    return ReplayAccepted(id=identity)


async def _partitions(context: Context, workspace: str, body: ReplayBody) -> list[int]:
    """The partitions that own the facts to send again. Raises UnprocessableContent for a fact that does not exist."""
    if body.event is None:
        return list(range(context.bus.partitions))
    key = Key(FACTS.name, body.event)
    document = (await context.store.get_many([key])).get(key)
    if document is None or document["workspace"] != workspace:
        raise UnprocessableContent(("/event", f"There is no fact {body.event!r} in this workspace."))
    return [partition_for(str(document["partitionkey"]), context.bus.partitions)]


def _replay_event(identity: str, workspace: str, webhook: str, body: ReplayBody, now: datetime) -> Event:
    # A span without an end ends now: facts that come later are delivered anyway.
    until = body.until or (now if body.since is not None else None)
    data = WebhookReplay(workspace=workspace, webhook=webhook, event=body.event, since=body.since, until=until)
    return Event(
        id=identity,
        source="rest",
        type=WEBHOOK_REPLAY,
        time=now,
        workspace=workspace,
        partitionkey=f"{workspace}/webhooks",
        data=data.model_dump(mode="json"),
    )


async def _is_repeated_request(context: Context, identity: str, hashed: str) -> bool:
    """Whether this request was accepted before under its Idempotency-Key. Raises Conflict when another request was."""
    earlier = await read_one(context.store, OUTCOMES, identity)
    if earlier is None:
        return False
    require_same_request(earlier, hashed)
    return True


async def _store_outcome(context: Context, outcome: CommandResult) -> None:
    key = Key(OUTCOMES.name, outcome.id)
    # Fenced: the same request came twice at the same time, and the other one stored its outcome.
    with suppress(Fenced):
        await context.store.commit(Changes(conditions=[Condition(key)], puts=[Put(key, outcome)]))
