"""Keeps what is read from documents fresh for the scrape, without taking the process from its work."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource

MAX_SHARE = 0.02
"""The part of a process's time that goes into reading: a thousand agents are read less often than ten."""
LONGEST_PAUSE_SECONDS = 30.0
"""However long a reading took: it may have waited for a broker that is restarted."""

log = structlog.get_logger()


async def refresh_forever(
    refresh: Callable[[], Awaitable[None]], time_source: TimeSource, interval_seconds: float, failed_event: str
) -> None:
    """Refresh for as long as the process runs. A refresh that raises Unavailable is logged as `failed_event`."""
    while True:
        began, pause = time_source.monotonic(), interval_seconds
        try:
            await refresh()
        except Unavailable:
            log.warning(failed_event)
        else:
            # In proportion to the time that a refresh takes, so that many agents do not take the process from its work.
            took = time_source.monotonic() - began
            pause = max(interval_seconds, min(took / MAX_SHARE, LONGEST_PAUSE_SECONDS))
        await asyncio.sleep(pause)
