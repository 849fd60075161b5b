"""What one owner of a partition wrote last: its next batches need not read it again."""

from collections.abc import Mapping
from itertools import islice

from pydantic import BaseModel

from services.platform.store.port import Key

MIN_CACHED = 512
"""Documents that are kept; up to twice as many are. A conversation is written some five times at first, then seldom."""

Written = Mapping[Key, BaseModel | None]
"""Documents by key; None for one that was removed."""


class DocumentCache(dict[Key, BaseModel | None]):
    """The documents of the last commits; those that were written first go first.

    Only its own commits change what a partition of a group writes (the fence), so what it wrote is what is there. What
    others write is never looked up here. Empty after any commit that may have failed, and after any decision that did.
    """

    def add(self, written: Written) -> None:
        """A commit of these has succeeded."""
        self.update(written)
        if len(self) > 2 * MIN_CACHED:
            for key in list(islice(self, len(self) - MIN_CACHED)):
                del self[key]
