"""Migrations: numbered steps that bring the documents of an older version into the shape that this version reads.

They run at start, before anything serves. The number of the last finished step is the version of the data. A step
rewrites one collection after another in batches; each commit holds the rewritten documents and how far the migration
is, so that a process that is killed loses nothing and does nothing twice. One process at a time works: every commit
holds only if the progress document is as this process left it. Before the first step the partition rows are fenced,
so that no process of an older version commits a batch any more (docs/adr/0024).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from schemas.values import Contract
from services.platform.core.errors import Fenced, Misconfigured, Unknown
from services.platform.core.time_source import TimeSource
from services.platform.store.codec import codec_for
from services.platform.store.collections import LAYOUT, LAYOUT_KEY, OUTBOXES, ROWS
from services.platform.store.migration_steps import Migration, Rewrite, apply, apply_all, latest_version
from services.platform.store.port import Changes, Collection, Condition, Document, Key, Put, Store

log = structlog.get_logger(__name__)

BATCH_DOCUMENTS = 200
LEASE_SECONDS = 5.0
"""Another process takes over when the one that migrates has committed nothing for so long."""
POLL_SECONDS = 0.25
PROGRESS_KEY = Key(LAYOUT.name, "data")
NEWER = (
    "the data are of version {data}, and this version of Pasokh knows {known} at most. Install the version that wrote them, "
    "or restore a backup that was taken before the upgrade"
)
OLDER = (
    "the data are of version {data}, and this version of Pasokh works on version {known}. Stop the processes of the older "
    "version, then start this one, or run: pasokh migrate"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the data of a store are migrated.

    `version` is the last finished step; `target` the one that the running migration ends with. `rewrite` and `after`
    are the place in the next step: which of its rewrites, and the id of the last document handled. `revision` rises
    with every commit. `owner` is the process that migrates.
    """

    version: int
    target: int
    rewrite: int = 0
    after: str = ""
    revision: int = 0
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The version of the data (None: there are none yet), the one that this version of Pasokh writes, and the steps between."""

    version: int | None
    latest: int
    pending: Sequence[Migration]


async def read_status(store: Store, migrations: Sequence[Migration]) -> Status:
    """Raises Unavailable, and Misconfigured for data of a newer version."""
    progress = await _read_progress(store)
    latest = latest_version(migrations)
    if progress is None:
        return Status(None, latest, ())
    _refuse_newer(progress, latest)
    return Status(progress.version, latest, _pending(progress, migrations))


async def require_current(store: Store, migrations: Sequence[Migration]) -> None:
    """Raises Misconfigured unless the data are of the version that these steps lead to, or there are none yet."""
    status = await read_status(store, migrations)
    if status.version is not None and status.version != status.latest:
        raise Misconfigured(OLDER.format(data=status.version, known=status.latest))


async def count_changes(store: Store, migrations: Sequence[Migration]) -> dict[str, int]:
    """Collection → how many of its documents the pending steps would change. Changes nothing. Raises as `read_status`."""
    pending = (await read_status(store, migrations)).pending
    await _prepare_left(store, pending)
    counts: dict[str, int] = {}
    for name in dict.fromkeys(rewrite.collection for step in pending for rewrite in step.rewrites):
        counts[name] = 0
        async for identity, document in _documents(store, name):
            before = (Key(name, identity), document)
            counts[name] += await apply_all(store, pending, *before) != before
    return counts


async def migrate(
    store: Store,
    migrations: Sequence[Migration],
    time_source: TimeSource,
    owner: str,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Return once the data are of the version that these steps lead to, whichever process brought them there.

    `owner` names this process; a start under the same name goes on at once. The collections of the steps must be
    prepared. Raises Misconfigured for data of a newer version and for a document that a step cannot rewrite;
    Unavailable.
    """
    await _Migrator(store, migrations, time_source, owner, pause).run()


@dataclass(slots=True)
class _Migrator:
    store: Store
    migrations: Sequence[Migration]
    time_source: TimeSource
    owner: str
    pause: Callable[[float], Awaitable[None]]
    progress: Progress = field(default_factory=lambda: Progress(version=0, target=0))

    async def run(self) -> None:
        while await self._claim():
            try:
                await self._finish()
            except (Fenced, Unknown) as error:
                # Another process took over, an older one committed meanwhile, or the result was lost: the store says which.
                log.warning("migration_rereads_progress", reason=type(error).__name__)
                await self.pause(POLL_SECONDS)

    async def _claim(self) -> bool:
        """Wait until this process may migrate; returns False when no step is left."""
        # The lease is measured here, from the last change of the revision: clocks of two processes need not agree.
        seen, seen_at = -1, self.time_source.monotonic()
        while True:
            found = await _read_progress(self.store)
            if found is None:
                found = await self._mark_new()
            latest = latest_version(self.migrations)
            _refuse_newer(found, latest)
            if found.version == latest:
                return False
            if found.revision != seen:
                seen, seen_at = found.revision, self.time_source.monotonic()
            is_left = self.time_source.monotonic() - seen_at >= LEASE_SECONDS
            if (found.owner in (None, self.owner) or is_left) and await self._take_over(found, latest):
                return True
            log.info("migration_waits", owner=found.owner, version=found.version, target=found.target)
            await self.pause(POLL_SECONDS)

    async def _mark_new(self) -> Progress:
        """Mark an empty store as of the latest version: there is no document to rewrite."""
        latest = latest_version(self.migrations)
        new = Progress(version=latest, target=latest, revision=1)
        try:
            await self.store.commit(Changes([Condition(PROGRESS_KEY)], [Put(PROGRESS_KEY, new)]))
        except (Fenced, Unknown):
            return await _read_progress(self.store) or new
        return new

    async def _take_over(self, found: Progress, latest: int) -> bool:
        self.progress = found
        try:
            await self._commit(replace(found, owner=self.owner, target=latest))
        except (Fenced, Unknown):
            return False
        log.info("migration_started", version=found.version, target=latest)
        return True

    async def _finish(self) -> None:
        """Fence the rows, then do what is left of the pending steps."""
        # Fenced first: a batch of an older process would write documents of the old shape behind the rewrite.
        await _prepare_left(self.store, self.migrations)
        await self._fence_rows()
        for step in _pending(self.progress, self.migrations):
            changed = 0
            while self.progress.version != step.number:
                changed += await self._advance(step)
            log.info("migration_step_finished", number=step.number, step=step.name, documents=changed)
        log.info("migration_finished", version=self.progress.version)

    async def _fence_rows(self) -> None:
        """Give every partition row the number and the version that no process of an older version goes on from.

        The rewrites of rows are part of it, new names of groups among them. An outbox that its owner has left moves to the
        new number with its row.
        """
        pending = _pending(self.progress, self.migrations)
        async for identity, row in _documents(self.store, ROWS.name):
            number, version = row["seq"], row.get("version", 0)
            if not isinstance(number, int) or not isinstance(version, int):
                raise Misconfigured(f"the row {identity} has no number")
            if version >= self.progress.target:
                continue
            key = Key(ROWS.name, identity)
            target, rewritten = await apply_all(self.store, pending, key, row)
            fenced: Document = {**(rewritten or row), "seq": number + 1, "version": self.progress.target}
            left = Key(OUTBOXES.name, f"{identity}/{number}")
            moved = Key(OUTBOXES.name, f"{target.id}/{number + 1}")
            outbox = (await self.store.get_many([left])).get(left)
            await self._commit(
                self.progress,
                conditions=[Condition(key, "seq", number)],
                puts=[Put(target, fenced), *([Put(moved, outbox)] if outbox is not None else [])],
                deletes=[*([key] if key != target else []), *([left] if outbox is not None else [])],
            )

    async def _advance(self, step: Migration) -> int:
        """One batch of the step; how many documents it changed."""
        at = self.progress
        if at.rewrite == len(step.rewrites):
            is_last = step.number == at.target
            owner = None if is_last else self.owner
            await self._commit(replace(at, version=step.number, rewrite=0, after="", owner=owner))
            return 0
        rewrite = step.rewrites[at.rewrite]
        # Rows were rewritten when they were fenced.
        batch = [] if rewrite.collection == ROWS.name else await self._read(rewrite.collection, at.after)
        puts, deletes = await self._edits(step, rewrite, batch)
        is_full = len(batch) == BATCH_DOCUMENTS
        following = replace(at, after=batch[-1][0]) if is_full else replace(at, rewrite=at.rewrite + 1, after="")
        await self._commit(following, puts=puts, deletes=deletes)
        return max(len(puts), len(deletes))

    async def _edits(
        self, step: Migration, rewrite: Rewrite, batch: Sequence[tuple[str, Document]]
    ) -> tuple[list[Put], list[Key]]:
        """The puts and the deletes that bring these documents into their new shape and place."""
        puts: list[Put] = []
        deletes: list[Key] = []
        for identity, document in batch:
            source = Key(rewrite.collection, identity)
            target, changed = await apply(self.store, step, rewrite, source, document)
            if changed is None or target != source:
                deletes.append(source)
            if changed is not None and (target, changed) != (source, document):
                puts.append(Put(target, changed))
        return puts, deletes

    async def _read(self, collection: str, after: str) -> list[tuple[str, Document]]:
        return await self.store.scan(collection, after, BATCH_DOCUMENTS)

    async def _commit(
        self,
        progress: Progress,
        *,
        conditions: Sequence[Condition] = (),
        puts: Sequence[Put] = (),
        deletes: Sequence[Key] = (),
    ) -> None:
        """Commit these changes together with the progress, unless another process has taken over meanwhile."""
        revision = self.progress.revision
        ours = Condition(PROGRESS_KEY, "revision", revision) if revision else Condition(PROGRESS_KEY)
        following = replace(progress, revision=revision + 1)
        await self.store.commit(Changes([ours, *conditions], [Put(PROGRESS_KEY, following), *puts], deletes))
        self.progress = following


async def _read_progress(store: Store) -> Progress | None:
    """None: nothing was ever stored. Data without progress are from before there were migrations."""
    found = await store.get_many([PROGRESS_KEY, LAYOUT_KEY])
    if PROGRESS_KEY in found:
        return codec_for(Progress).decode(found[PROGRESS_KEY])
    return Progress(version=0, target=0) if LAYOUT_KEY in found else None


def _refuse_newer(progress: Progress, latest: int) -> None:
    if max(progress.version, progress.target) > latest:
        raise Misconfigured(NEWER.format(data=max(progress.version, progress.target), known=latest))


def _pending(progress: Progress, migrations: Sequence[Migration]) -> Sequence[Migration]:
    return [step for step in migrations if step.number > progress.version]


async def _prepare_left(store: Store, steps: Sequence[Migration]) -> None:
    """Collections that documents move out of are declared nowhere else."""
    left = dict.fromkeys(rewrite.collection for step in steps for rewrite in step.rewrites if rewrite.into)
    await store.prepare([Collection(name, Contract, writer="any") for name in left])


async def _documents(store: Store, collection: str) -> AsyncIterator[tuple[str, Document]]:
    after = ""
    while batch := await store.scan(collection, after, BATCH_DOCUMENTS):
        for identity, document in batch:
            yield identity, document
        after = batch[-1][0]
