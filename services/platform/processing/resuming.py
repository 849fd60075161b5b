"""Resumes work of several steps, such as a deletion, that a process began and did not end: its record says how far it came."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from services.platform.core.errors import Fenced, Unavailable, Unknown

INTERVAL_SECONDS = 5.0
ABANDONED_AFTER = timedelta(seconds=60)
"""Work without progress for this long was abandoned by a process that died."""

log = structlog.get_logger(__name__)


async def resume_periodically(
    resume: Callable[[timedelta], Awaitable[object]], pause: Callable[[float], Awaitable[None]], failed: str
) -> None:
    """Resume what was abandoned at the start and then periodically. Runs until cancelled.

    `resume` is told for how long there was no progress. `failed` is the log event when it cannot go on now.
    """
    # A process that starts takes everything unfinished for abandoned: most often it is the one that had died.
    abandoned_after = timedelta()
    while True:
        try:
            await resume(abandoned_after)
            abandoned_after = ABANDONED_AFTER
        except (Fenced, Unavailable, Unknown):
            log.warning(failed)
        await pause(INTERVAL_SECONDS)
