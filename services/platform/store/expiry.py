"""Deletes what is past the expiry of its collection, for as long as the process runs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.store.collections import ACCEPTED, OUTCOMES
from services.platform.store.port import Store

INTERVAL_SECONDS = 3600.0
BATCH_SIZE = 500
EXPIRING = (ACCEPTED, OUTCOMES)
"""In the order in which they are purged: that a command was accepted goes before its outcome, so that none is shown as pending
again."""

log = structlog.get_logger(__name__)


async def purge_expired(store: Store, now: datetime) -> int:
    """Delete what is expired at `now`, in batches; how many documents. Raises Unavailable, Unknown."""
    deleted = 0
    for collection in EXPIRING:
        while batch := await store.delete_expired(collection.name, now, BATCH_SIZE):
            deleted += batch
            if batch < BATCH_SIZE:
                break
    return deleted


async def run_purger(
    store: Store, time_source: TimeSource, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Purge for as long as the process runs. Another replica may do the same: whoever comes second finds nothing."""
    while True:
        await pause(INTERVAL_SECONDS)
        try:
            if deleted := await purge_expired(store, time_source.now()):
                log.info("expired_documents_deleted", documents=deleted)
        except (Unavailable, Unknown) as error:
            log.warning("expiry_failed", reason=str(error))
