"""Work that is repeated for as long as a context is open."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from services.platform.core.errors import Unavailable, Unknown

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def periodic(work: Callable[[], Awaitable[object]], seconds: float) -> AsyncIterator[None]:
    """Do `work` every `seconds` while the context is open. A failure is logged, and the next round tries again."""
    task = asyncio.create_task(_repeat(work, seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(work: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        try:
            await work()
        except (Unavailable, Unknown) as error:
            logger.warning("bus_unavailable", error=str(error))
        except Exception:
            logger.exception("bus_background_failed")
        await asyncio.sleep(seconds)
