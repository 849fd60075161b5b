"""Documents that a batch need not read: what this owner of a partition wrote last, and what never changes."""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice

from services.platform.store.codec import StoredRecord
from services.platform.store.port import Key

MIN_CACHED = 512
"""Documents that are kept; up to twice as many are. A conversation is written some five times at first, then seldom."""

Written = Mapping[Key, StoredRecord | None]
"""Documents by key; None for one that was removed."""


class DocumentCache(dict[Key, StoredRecord | None]):
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


IMMUTABLE_DOCUMENTS = 512


class ImmutableDocuments:
    """Documents of collections whose documents never change once they are written, of all groups of one process.

    Those that were not used for longest go first.
    """

    def __init__(self, limit: int = IMMUTABLE_DOCUMENTS) -> None:
        self._limit = limit
        self._documents: OrderedDict[Key, StoredRecord] = OrderedDict()

    def get(self, key: Key) -> StoredRecord | None:
        """The document; None when it has to be read."""
        found = self._documents.get(key)
        if found is not None:
            self._documents.move_to_end(key)
        return found

    def add(self, key: Key, document: StoredRecord) -> None:
        """Keep a document that was read."""
        self._documents[key] = document
        if len(self._documents) > self._limit:
            self._documents.popitem(last=False)
