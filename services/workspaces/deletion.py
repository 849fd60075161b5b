"""Deletes a workspace with everything in it, step by step. Any process may repeat any step after a crash.

First every partition of every group is told to skip the workspace's events (the gate, docs/adr/0018). Once all partitions
have read what was on its way, the documents are deleted, and then the gate is opened and the name is free again. From the gate until then
nothing is written for the workspace, so no document is left over or comes back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from schemas.commands import WORKSPACE_GATE, CommandResult, WorkspaceGate
from schemas.envelope import Event, encode
from schemas.values import instant_text
from services.platform.bus.port import ProducerRecord
from services.platform.core.identifiers import random_id
from services.platform.http.command_gateway import SOURCE
from services.platform.http.service import Context
from services.platform.processing.progress import ReadProgress
from services.platform.processing.resuming import ABANDONED_AFTER, resume_periodically
from services.platform.processing.workspaces import belongs_to
from services.platform.store.collections import ACCEPTED, OUTBOXES, OUTCOMES, ROWS, RUNTIME_COLLECTIONS, AcceptedCommand
from services.platform.store.port import Changes, Collection, Condition, Document, Key, Put, Query
from services.records.blobs import BLOB_PARTS
from services.records.configuration import CONFIGURATION_HEADS
from services.records.counters import COUNTERS
from services.records.polls import POLLS
from services.records.removals import REMOVALS, Removal, RemovalState

GRACE_SECONDS = 1.5
"""Seconds in which ingest may still write for the workspace: it caches accounts for one second."""
PAGE_SIZE = 500
PARTS_PAGE_SIZE = 20
"""The same for parts of files, each of which is a quarter of a megabyte."""
SPARED = frozenset({REMOVALS.name, COUNTERS.name, ROWS.name, OUTBOXES.name})
"""Collections that are not emptied: partition rows belong to no workspace, and `metrics` empties the counters itself."""

NAMED_BY_ID = frozenset({POLLS.name})
"""Collections whose documents contain their workspace only in the id."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Remover:
    """Deletes workspaces. `topics`: group → the topics it reads. `collections` returns every collection."""

    context: Context
    topics: Mapping[str, Sequence[str]]
    # Any: a collection of some model is none of every model.
    collections: Callable[[], Sequence[Collection[Any]]]
    grace_seconds: float = GRACE_SECONDS
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def _progress(self) -> ReadProgress:
        return ReadProgress(self.context.store, self.context.bus, self.topics, self.pause)

    async def begin(self, workspace: str, version: int, command: str) -> Removal:
        """Delete the head of the configuration, so that no request finds the workspace. Raises Fenced when it has changed."""
        now = self.context.time_source.now()
        removal = Removal(name=workspace, version=version, at=now, touched_at=now, command=command)
        head = Key(CONFIGURATION_HEADS.name, workspace)
        accepted = AcceptedCommand(workspace=workspace, request_hash="", at=now)
        puts = [_put(removal), Put(Key(ACCEPTED.name, command), accepted)]
        # One commit: from it on no request finds the workspace, and a crash leaves a removal that is resumed.
        changes = Changes([Condition(head, "version", version)], puts, [head])
        await self.context.store.commit(changes)
        return removal

    async def run(self, removal: Removal) -> None:
        """Carry out the remaining steps of a removal. Raises Unavailable, Unknown."""
        steps: list[tuple[RemovalState, Callable[[str, str], Awaitable[None]], RemovalState]] = [
            ("closing", self._close, "emptying"),
            ("emptying", self._empty, "opening"),
            ("opening", self._open, "done"),
        ]
        # The state is stored after its step: after a crash the step is repeated, and each may be.
        for state, step, following in steps:
            if removal.state == state:
                await step(removal.name, removal.command)
                removal = await self._record_progress(removal, following)
        log.info("workspace_removed", workspace=removal.name)

    async def _record_progress(self, removal: Removal, state: RemovalState) -> Removal:
        after = replace(removal, state=state, touched_at=self.context.time_source.now())
        puts, deletes = [_put(after)], list[Key]()
        if after.state == "done":
            # The outcome replaces the accepted command in the commit that frees the name.
            outcome = CommandResult(
                id=after.command, workspace=after.name, status="applied", result=after.name, at=after.touched_at
            )
            deletes.append(Key(ACCEPTED.name, after.command))
            puts.append(Put(Key(OUTCOMES.name, after.command), outcome))
        await self.context.store.commit(Changes(puts=puts, deletes=deletes))
        return after

    # -- closing and opening -------------------------------------------------------------------------------------------

    async def _close(self, workspace: str, _: str) -> None:
        await self._publish_gate(workspace, is_open=False)
        await self._progress.until(lambda rows: all(workspace in _closed(row) for row in rows.values()))
        # What ingest still publishes for a cached account must lie before the offsets that are awaited next.
        await self.pause(self.grace_seconds)
        await self._progress.until_read()

    async def _open(self, workspace: str, _: str) -> None:
        await self._publish_gate(workspace, is_open=True)
        await self._progress.until(lambda rows: not any(workspace in _closed(row) for row in rows.values()))

    async def _publish_gate(self, workspace: str, *, is_open: bool) -> None:
        now = self.context.time_source.now()
        event = Event(
            id=random_id(now),
            source=SOURCE,
            type=WORKSPACE_GATE,
            time=now,
            workspace=workspace,
            partitionkey=workspace,
            data=WorkspaceGate(workspace=workspace, is_open=is_open).model_dump(mode="json"),
        )
        value = encode(event)
        # The first topic of each group is enough: the gate is state of the group's partition, not of a topic.
        gated = sorted({topics[0] for topics in self.topics.values()})
        partitions = range(self.context.bus.partitions)
        await self.context.bus.publish(
            [ProducerRecord(topic, p, workspace, value) for topic in gated for p in partitions]
        )

    # -- emptying ------------------------------------------------------------------------------------------------------

    async def _empty(self, workspace: str, command: str) -> None:
        for collection in (*self.collections(), *RUNTIME_COLLECTIONS):
            if collection.name not in SPARED:
                await self._empty_collection(collection, workspace, command)

    async def _empty_collection(self, collection: Collection[Any], workspace: str, command: str) -> None:
        index = next((i for i in collection.indexes if i.fields[0] == "workspace"), None)
        after, limit = "", PARTS_PAGE_SIZE if collection.name == BLOB_PARTS.name else PAGE_SIZE
        while True:
            # A query needs no cursor: what it found is deleted, so that the next one finds the rest.
            if index is None:
                page = await self.context.store.scan(collection.name, after, limit)
            else:
                query = Query(collection.name, index.name, {"workspace": workspace}, limit=limit)
                page = (await self.context.store.query(query)).items
            # The accepted command stays until the end: its caller asks for its state.
            deletes = [
                Key(collection.name, i)
                for i, d in page
                if i != command and _workspace_of_document(collection, i, d) == workspace
            ]
            if deletes:
                await self.context.store.commit(Changes(deletes=deletes))
            if len(page) < limit:
                return
            after = page[-1][0]


def _put(removal: Removal) -> Put:
    return Put(Key(REMOVALS.name, removal.name), removal)


def _closed(row: Document) -> Sequence[object]:
    closed = row.get("closed")
    return closed if isinstance(closed, list) else ()


def _workspace_of_document(collection: Collection[Any], identity: str, document: Document) -> str | None:
    """The workspace that a document belongs to; None if it names none."""
    return identity.split("/", 1)[0] if collection.name in NAMED_BY_ID else belongs_to(document)


async def run_remover(remover: Remover) -> None:
    """Resume abandoned removals when it starts and then periodically. Runs until cancelled."""
    await resume_periodically(partial(resume_abandoned, remover), remover.pause, "removals_unavailable")


async def resume_abandoned(remover: Remover, abandoned_after: timedelta = ABANDONED_AFTER) -> int:
    """Resume the removals without progress for `abandoned_after`. Returns their number."""
    before = instant_text(remover.context.time_source.now() - abandoned_after)
    abandoned: list[Removal] = []
    for state in ("closing", "emptying", "opening"):
        query = Query(REMOVALS.name, "state", {"state": state}, below=before, limit=20)
        abandoned += [REMOVALS.decode(d) for _, d in (await remover.context.store.query(query)).items]
    for removal in abandoned:
        await remover.run(removal)
    return len(abandoned)
