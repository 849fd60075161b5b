"""Named points in the life of a batch, where a test may kill, stop or fail the process."""

from collections.abc import Awaitable, Callable

BATCH_READ = "batch_read"
INPUTS_KNOWN = "inputs_known"
DOCUMENTS_READ = "documents_read"
DECIDED = "decided"
COMMITTED = "committed"
PUBLISHED = "published"
SETTLED = "settled"
FAILPOINTS = (BATCH_READ, INPUTS_KNOWN, DOCUMENTS_READ, DECIDED, COMMITTED, PUBLISHED, SETTLED)

Hook = Callable[[str], Awaitable[None]]
"""Called with the name of each point that is passed."""


async def no_failpoint(point: str) -> None:
    """The hook of production, which does nothing."""
