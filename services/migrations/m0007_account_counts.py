"""Calls of accounts: `counts` and `counted_since`. An earlier version that consumes beside this one would not count.

What is published and never counted as consumed looks lost, so that processes of earlier versions must end: the step stops
them as every step does.
"""

from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document

NO_COUNTS: Document = {"received": 0, "published": 0, "rejected": 0, "failed": 0}


def add_counts(calls: Document) -> Document:
    """The calls with counts of nothing, unless there are counts already."""
    return {"counts": dict(NO_COUNTS), "counted_since": None, **calls}


STEP = Migration(number=7, name="account counts", rewrites=(Rewrite("account_calls", add_counts),))
