"""What one owner of a partition wrote last: its next batches need not read it again."""

from collections.abc import Iterator, Mapping
from itertools import islice

from pydantic import BaseModel

from services.runtime.store.port import Key

LEAST = 512
"""Documents that are kept; up to twice as many are. A conversation is written some five times at first, then seldom."""

Written = Mapping[Key, BaseModel | None]
"""Documents by key; None for one that was removed."""


class Kept(Written):
    """The documents of the last commits.

    Only its own commits change what a partition of a group writes (the fence), so what it wrote is what is there. What
    others write is never looked up here. Empty after any commit that may have failed, and after any decision that did.
    """

    def __init__(self) -> None:
        self._documents: dict[Key, BaseModel | None] = {}

    def __getitem__(self, key: Key) -> BaseModel | None:
        return self._documents[key]

    def __contains__(self, key: object) -> bool:
        return key in self._documents

    def __iter__(self) -> Iterator[Key]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def keep(self, written: Written) -> None:
        """A commit of these has succeeded."""
        self._documents.update(written)
        surplus = len(self._documents) - LEAST
        if surplus > LEAST:
            self._documents = dict(islice(self._documents.items(), surplus, None))

    def clear(self) -> None:
        """Nothing is known any more."""
        self._documents.clear()
