"""What a migration is made of: numbered steps, each of which rewrites the documents of some collections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.platform.core.errors import Misconfigured
from services.platform.store.port import Document, Key, Query, Store


def unchanged(document: Document) -> Document | None:
    """A change that leaves every document as it is."""
    return document


@dataclass(frozen=True, slots=True)
class Related:
    """A change of a document that takes others of its owner: what `query` finds (one page; None: nothing is needed)."""

    query: Callable[[Document], Query | None]
    change: Callable[[Document, Sequence[Document]], Document | None]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The documents of one collection in a new shape.

    `change` gets a document as it is stored and returns it as it shall be; None deletes it. It is pure, and returns a
    document that is in the new shape already as it is. `related` follows on `change` where other documents decide too;
    no rewrite of the same step may change those. `into` is the collection that the documents move to; nothing but the
    migration knows the old one then. `new_id` makes the new id of a document from its old id and the changed
    document; None: the id stays.
    """

    collection: str
    change: Callable[[Document], Document | None] = unchanged
    into: str | None = None
    related: Related | None = None
    new_id: Callable[[str, Document], str] | None = None

    def target(self, identity: str, changed: Document) -> Key:
        """Where a document that had this id rests once it is changed."""
        return Key(self.into or self.collection, self.new_id(identity, changed) if self.new_id else identity)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. `number` is the version of the data after it; numbers rise, and a step that was released never changes."""

    number: int
    name: str
    rewrites: Sequence[Rewrite]


def latest_version(migrations: Sequence[Migration]) -> int:
    """The version of the data after all steps; 0 without any."""
    return migrations[-1].number if migrations else 0


async def apply_all(
    store: Store, steps: Sequence[Migration], key: Key, document: Document
) -> tuple[Key, Document | None]:
    """Where a document rests behind all of these steps, and what it is then; None: it is deleted."""
    changed: Document | None = document
    for step in steps:
        for rewrite in step.rewrites:
            if rewrite.collection == key.collection and changed is not None:
                key, changed = await apply(store, step, rewrite, key, changed)
    return key, changed


async def apply(
    store: Store, step: Migration, rewrite: Rewrite, key: Key, document: Document
) -> tuple[Key, Document | None]:
    try:
        changed, related = rewrite.change(document), rewrite.related
        query = related.query(changed) if related is not None and changed is not None else None
        if related is not None and query is not None and changed is not None:
            changed = related.change(changed, [one for _, one in (await store.query(query)).items])
        return (key, None) if changed is None else (rewrite.target(key.id, changed), changed)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Misconfigured(
            f"step {step.number} ({step.name}) cannot rewrite {key.collection}/{key.id} ({type(error).__name__}). "
            "Nothing of it was changed; the version before still works on a backup that was taken before the upgrade"
        ) from error
