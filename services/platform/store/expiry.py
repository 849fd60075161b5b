"""Deletes documents that are past the expiry of their collection, for as long as the process runs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import structlog

from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.store.collections import ACCEPTED, DEAD_LETTERS, OUTCOMES
from services.platform.store.port import Collection, Store

INTERVAL_SECONDS = 3600.0
BATCH_SIZE = 500
# Any: a collection of some model is none of every model.
AnyCollection: TypeAlias = Collection[Any]

log = structlog.get_logger(__name__)


def expiring_collections(collections: Iterable[AnyCollection]) -> Sequence[AnyCollection]:
    """The collections that declare `expires`, in the order in which they are purged.

    `accepted_commands` goes before `outcomes`: an accepted command without an outcome is shown as pending.
    """
    runtime: Sequence[AnyCollection] = (ACCEPTED, OUTCOMES, DEAD_LETTERS)
    every = {collection.name: collection for collection in (*runtime, *collections)}
    return [collection for collection in every.values() if collection.expires is not None]


async def purge_expired(store: Store, collections: Sequence[AnyCollection], now: datetime) -> int:
    """Delete what is expired at `now`, in batches; how many documents. Raises Unavailable, Unknown."""
    deleted = 0
    for collection in collections:
        while batch := await store.delete_expired(collection.name, now, BATCH_SIZE):
            deleted += batch
            if batch < BATCH_SIZE:
                break
    return deleted


async def run_purger(
    store: Store,
    collections: Sequence[AnyCollection],
    time_source: TimeSource,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    extra: Sequence[Callable[[Store, datetime], Awaitable[int]]] = (),
) -> None:
    """Purge these collections for as long as the process runs. A replica that does the same finds nothing left.

    `extra` purge what is more than single documents; each returns how many it deleted.
    """
    while True:
        await pause(INTERVAL_SECONDS)
        try:
            deleted = await purge_expired(store, collections, time_source.now())
            for purge in extra:
                deleted += await purge(store, time_source.now())
            if deleted:
                log.info("expired_documents_deleted", documents=deleted)
        except (Unavailable, Unknown) as error:
            log.warning("expiry_failed", reason=str(error))
