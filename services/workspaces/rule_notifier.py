"""Announces new routing rules to dispatch when they are written, and again until the announcement is published."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from schemas.envelope import Event, encode
from schemas.routing import RulesChanged
from schemas.topics import topic_for
from schemas.values import instant_text
from services.platform.bus.port import ProducerRecord, partition_for
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.core.identifiers import hashed_id
from services.platform.http.command_gateway import SOURCE
from services.platform.http.service import Context
from services.platform.store.port import Changes, Condition, Key, Query
from services.records.configuration import ANNOUNCEMENTS, Announcement

INTERVAL_SECONDS = 5.0
ABANDONED_AFTER = timedelta(seconds=2)
"""An announcement older than this was left by a process that died or could not reach the bus."""
RULES_CHANGED = "pasokh.routing.rules_changed"

log = structlog.get_logger(__name__)


async def announce(context: Context, announcement: Announcement) -> None:
    """Publish the announcement. `run_announcer` repeats a failed one; a repeated announcement changes nothing."""
    # The id follows from the version: each attempt publishes the same event.
    event = Event(
        id=hashed_id("rules", announcement.workspace, str(announcement.version)),
        source=SOURCE,
        type=RULES_CHANGED,
        time=context.time_source.now(),
        workspace=announcement.workspace,
        partitionkey=announcement.workspace,
        data=RulesChanged(version=announcement.version).model_dump(mode="json"),
    )
    partition = partition_for(announcement.workspace, context.bus.partitions)
    key = Key(ANNOUNCEMENTS.name, announcement.workspace)
    try:
        # First published, then deleted: a crash in between repeats the announcement, which dispatch drops by its version.
        await context.bus.publish(
            [ProducerRecord(topic_for(RULES_CHANGED).name, partition, announcement.workspace, encode(event))]
        )
        # Fenced: newer rules were written meanwhile, and are announced by whoever wrote them.
        await context.store.commit(Changes(conditions=[Condition(key, "version", announcement.version)], deletes=[key]))
    except (Fenced, Unavailable, Unknown):
        log.warning("rule_notification_failed", workspace=announcement.workspace, version=announcement.version)


async def announce_abandoned(context: Context) -> int:
    """Publish the abandoned announcements. Returns their number. Raises Unavailable."""
    before = instant_text(context.time_source.now() - ABANDONED_AFTER)
    page = await context.store.query(Query(ANNOUNCEMENTS.name, "at", below=before, limit=100))
    for _, document in page.items:
        await announce(context, ANNOUNCEMENTS.decode(document))
    return len(page.items)


async def run_announcer(context: Context, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Publish abandoned announcements periodically. Runs until cancelled."""
    while True:
        try:
            await announce_abandoned(context)
        except Unavailable:
            log.warning("rule_notifications_unavailable")
        await pause(INTERVAL_SECONDS)
