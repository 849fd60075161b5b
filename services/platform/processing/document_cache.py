"""Documents that a batch need not read: what this owner of a partition wrote last, and what never changes."""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice

from services.platform.store.codec import StoredRecord
from services.platform.store.port import Key

MIN_CACHED = 512
"""Documents that stay at least; twice as many are cached at most. A conversation is written some five times at first, then
seldom."""

Written = Mapping[Key, StoredRecord | None]
"""Documents by key; None for one that was removed."""


class DocumentCache(dict[Key, StoredRecord | None]):
    """The documents of the last commits; those that were written first go first.

    The fence makes every commit of a partition its owner's, so a document that the owner wrote last is the stored one. That
    does not hold for collections of other writers: those are always read. The cache is cleared after any commit that may
    have failed, and after any decision that failed.
    """

    def add(self, written: Written) -> None:
        """A commit of these has succeeded."""
        self.update(written)
        if len(self) > 2 * MIN_CACHED:
            # A dict iterates in the order of first insertion: the documents that were first written longest ago go.
            for key in list(islice(self, len(self) - MIN_CACHED)):
                del self[key]


IMMUTABLE_DOCUMENTS = 512


class ImmutableDocuments:
    """Documents of collections that are declared `immutable`, of all groups of one process.

    The least recently used go first.
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
