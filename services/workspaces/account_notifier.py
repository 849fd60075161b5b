"""Notifies delivery and the collector that an account was written or deleted, so that messages held for new credentials are sent."""

import structlog

from schemas.accounts import ACCOUNT_CHANGED, AccountChanged
from schemas.envelope import Event, encode
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.identifiers import random_id
from services.platform.http.service import Context

_log = structlog.get_logger(__name__)


async def publish_account_changed(context: Context, workspace: str, name: str) -> None:
    """Publish that the account `channel/account` was written or deleted.

    Never raises: the account is stored already, and delivery retries held messages by timers in any case.
    """
    channel, account = name.split("/", 1)
    payload, now = AccountChanged(workspace=workspace, channel=channel, account=account), context.time_source.now()
    event = Event(
        id=random_id(now),
        source="rest",
        type=ACCOUNT_CHANGED,
        time=now,
        workspace=workspace,
        partitionkey=payload.name,
        data=payload.model_dump(mode="json"),
    )
    value = encode(event)
    try:
        # Messages of one account may wait in any partition of `outbound`; one partition of `accounts` looks after it.
        senders = [ProducerRecord("outbound", p, event.partitionkey, value) for p in range(context.bus.partitions)]
        collector = ProducerRecord(
            "accounts", partition_for(payload.name, context.bus.partitions), event.partitionkey, value
        )
        await context.bus.publish([*senders, collector])
    except (Unavailable, Unknown) as error:
        _log.warning("account_change_publish_failed", workspace=workspace, account=name, reason=str(error))
