"""Forgets what became of commands once none of them can come again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog

from schemas.topics import DEDUPE_RETENTION_SECONDS
from schemas.values import instant_text
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.store.collections import ACCEPTED, OUTCOMES
from services.platform.store.port import Changes, Collection, Key, Query, Store

EVERY_SECONDS = 3600.0
BATCH_SIZE = 500

log = structlog.get_logger(__name__)


async def purge_expired(store: Store, now: datetime) -> int:
    """Remove what is older than `DEDUPE_RETENTION_SECONDS`; how many documents. Raises Unavailable, Unknown, Fenced.

    That a command was accepted goes before its outcome, so that none is shown as pending again.
    """
    return await _forget(store, ACCEPTED, now - DEDUPE_RETENTION_SECONDS) + await _forget(
        store, OUTCOMES, now - DEDUPE_RETENTION_SECONDS
    )


# Any: a collection of some model is none of every model.
async def _forget(store: Store, collection: Collection[Any], before: datetime) -> int:
    forgotten = 0
    while True:
        page = await store.query(Query(collection.name, "at", below=instant_text(before), limit=BATCH_SIZE))
        if page.items:
            await store.commit(Changes(deletes=[Key(collection.name, identity) for identity, _ in page.items]))
        forgotten += len(page.items)
        if len(page.items) < BATCH_SIZE:
            return forgotten


async def run_purger(
    store: Store, clock: TimeSource, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Forget for as long as the process runs. Another replica may do the same: whoever comes second finds nothing."""
    while True:
        await pause(EVERY_SECONDS)
        try:
            if forgotten := await purge_expired(store, clock.now()):
                log.info("commands_forgotten", documents=forgotten)
        except (Unavailable, Unknown, Fenced):
            log.warning("commands_not_forgotten")
