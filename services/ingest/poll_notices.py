"""Tells the collector that a platform has something which must be fetched: a webhook that only names ids."""

from collections.abc import Sequence
from datetime import datetime

from schemas.accounts import POLL_NOW, AccountChanged
from schemas.envelope import Event, encode
from services.channels.port import Account
from services.platform.bus.port import Bus, ProducerRecord, partition_for
from services.platform.core.identifiers import random_id


async def publish_poll_now(bus: Bus, account: Account, now: datetime, fetch: Sequence[str] = ()) -> None:
    """Ask the collector to poll an account now, and return once the bus has that durably. `fetch`: what was named (`FetchesNamed`).

    The collector makes one poll of many notices. Raises Unavailable, Unknown.
    """
    named = AccountChanged(workspace=account.workspace, channel=account.channel, account=account.id, fetch=list(fetch))
    event = Event(
        id=random_id(now),
        source="ingest",
        type=POLL_NOW,
        time=now,
        workspace=account.workspace,
        partitionkey=named.name,
        data=named.model_dump(mode="json"),
    )
    await bus.publish(
        [ProducerRecord("accounts", partition_for(named.name, bus.partitions), named.name, encode(event))]
    )
