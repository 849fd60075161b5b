"""Notifies delivery that an account was written, so that messages held by refused credentials are sent at once."""

import structlog

from schemas.accounts import AccountChanged
from schemas.envelope import Event, encode
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.identifiers import random_id
from services.platform.http.service import Context

ACCOUNT_CHANGED = "pasokh.control.account_changed"
_log = structlog.get_logger(__name__)


async def publish_account_changed(context: Context, workspace: str, name: str) -> None:
    """Tell every partition of `outbound`, and `accounts`, that `channel/account` is another, or none, from now on.

    Never raises: the account is written already, and what is held is tried again before long in any case.
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
        senders = [ProducerRecord("outbound", p, event.partitionkey, value) for p in range(context.bus.partitions)]
        watcher = ProducerRecord(
            "accounts", partition_for(workspace, context.bus.partitions), event.partitionkey, value
        )
        await context.bus.publish([*senders, watcher])
    except (Unavailable, Unknown) as error:
        _log.warning("account_change_publish_failed", workspace=workspace, account=name, reason=str(error))
