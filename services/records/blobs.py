"""Files that the installation itself holds: what came inside a mail, what an agent or a visitor of a chat sends.

A file is a `Blob` and its parts, documents like all others: one store port carries them on every engine, and backup and
the deletion of a workspace need no second way (docs/adr/0030). The parts are written first, so that a blob that can
be read is whole. A repeat writes the same documents again.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Literal

from schemas.identity import PersonKey
from schemas.values import OMITTED_IF_EMPTY, Instant, instant_text
from services.domain.media_types import HEAD_BYTES, stored_as
from services.platform.core.errors import Unavailable, Unknown
from services.platform.core.identifiers import hashed_id
from services.platform.processing.unit_of_work import Reader, UnitOfWork
from services.platform.store.all_pages import all_documents
from services.platform.store.port import Changes, Collection, Condition, Expiry, Index, Key, Put, Query, Store

IntendedKind = Literal["voice", "sticker"]
"""Kinds of files that are a picture or a sound by their bytes, and something else by what their sender means."""
PART_BYTES = 192 * 1024
"""Bytes of a file in one document; as base64 a third more."""
PARTS_PER_COMMIT = 4
RETENTION = timedelta(days=365)
UNUSED_RETENTION = timedelta(hours=24)
"""How long a file is stored that was uploaded and that no message has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileClaims:
    """What the sender of a file says about it."""

    name: str | None = None
    kind: IntendedKind | None = None


NOTHING_CLAIMED = FileClaims()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """What is known of a file. `person` is the key of the customer who sent it or gets it, None while nobody does.

    `digest` is the SHA-256 of its bytes in hex; `media_type` is what was found in them, never what a sender claims. `kind` is
    what an agent means it as, where its bytes do not show it: a voice note, a sticker.
    """

    workspace: str
    person: str | None = None
    media_type: str
    size_bytes: int
    digest: str
    parts: int
    at: Instant
    expires_at: Instant
    name: str | None = None
    kind: Annotated[IntendedKind | None, OMITTED_IF_EMPTY] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobPart:
    """A part of a file: `content` is base64. Its id is the blob's id, a slash, and the part's number from 0."""

    workspace: str
    at: Instant
    content: str


# Who deletes a blob deletes its parts with it (`purge_blobs`), so blobs do not expire as other documents do. The expiry of
# the parts is for those whose blob was never written, because the process died.
BLOBS = Collection(
    "blobs",
    Blob,
    writer="any",
    indexes=(
        Index("expiry", ("expires_at",)),
        Index("person", ("person", "at")),
        Index("workspace", ("workspace", "at")),
    ),
)
BLOB_PARTS = Collection(
    "blob_parts",
    BlobPart,
    writer="any",
    indexes=(Index("at", ("at",)), Index("workspace", ("workspace", "at"))),
    immutable=True,
    expires=Expiry("at", RETENTION + timedelta(days=2)),
)


def customer_blob_id(person: PersonKey, digest: str) -> str:
    """The id of a customer's file: the same for every repeat, another for every other person."""
    return hashed_id(str(person), digest)


async def write_blob(
    store: Store,
    identity: str,
    content: bytes,
    *,
    workspace: str,
    at: datetime,
    person: PersonKey | None = None,
    name: str | None = None,
) -> Blob:
    """Store a file that is in memory. Raises Unavailable, Unknown; then a repeat does no harm."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    claims = FileClaims(name=name)
    return await write_chunks(store, identity, chunks(), workspace=workspace, at=at, person=person, claims=claims)


async def write_chunks(
    store: Store,
    identity: str,
    chunks: AsyncIterator[bytes],
    *,
    workspace: str,
    at: datetime,
    keep: timedelta = RETENTION,
    person: PersonKey | None = None,
    claims: FileClaims = NOTHING_CLAIMED,
) -> Blob:
    """Store a file as it comes; of a large one only `PARTS_PER_COMMIT` parts are in memory.

    Raises Unavailable, Unknown, and what `chunks` raises. Then what was stored of it is deleted again, and a
    repeat does no harm.
    """
    digest, head, size, parts = hashlib.sha256(), b"", 0, 0
    try:
        async for group in _part_groups(chunks):
            head = head or group[0][:HEAD_BYTES]
            for part in group:
                digest.update(part)
            size += sum(map(len, group))
            await store.commit(Changes(puts=_part_puts(identity, parts, group, workspace, at)))
            parts += len(group)
        blob = Blob(
            workspace=workspace,
            person=str(person) if person else None,
            media_type=stored_as(head, claims.name),
            size_bytes=size,
            digest=digest.hexdigest(),
            parts=parts,
            at=at,
            expires_at=at + keep,
            name=claims.name,
            kind=claims.kind,
        )
        await store.commit(Changes(puts=[Put(Key(BLOBS.name, identity), blob)]))
    except BaseException:
        # What cannot be deleted now expires. A repeat under the same id leaves alone what was stored before it.
        with suppress(Unavailable, Unknown):
            if await read_blob(store, workspace, identity) is None:
                await _delete_parts(store, identity, parts)
        raise
    return blob


async def _part_groups(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """The bytes in parts, as many together as go into one commit."""
    pending, room = bytearray(), PART_BYTES * PARTS_PER_COMMIT
    async for chunk in chunks:
        pending += chunk
        while len(pending) >= room:
            yield _split(bytes(pending[:room]))
            del pending[:room]
    if pending:
        yield _split(bytes(pending))


def _split(content: bytes) -> list[bytes]:
    return [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]


def _part_puts(identity: str, first: int, group: list[bytes], workspace: str, at: datetime) -> list[Put]:
    contents = [base64.b64encode(part).decode() for part in group]
    return [
        Put(_part_key(identity, first + number), BlobPart(workspace=workspace, at=at, content=content))
        for number, content in enumerate(contents)
    ]


async def read_blobs(reader: Reader, workspace: str, identities: list[str]) -> dict[str, Blob]:
    """What is known of files of this workspace, by id; without those that do not exist. Raises Unavailable."""
    keys = [Key(BLOBS.name, identity) for identity in identities]
    found = {key.id: BLOBS.decode(document) for key, document in (await reader.get_many(keys)).items()}
    return {identity: blob for identity, blob in found.items() if blob.workspace == workspace}


async def read_blob(reader: Reader, workspace: str, identity: str) -> Blob | None:
    """What is known of a file of this workspace; None when there is no such file. Raises Unavailable."""
    return (await read_blobs(reader, workspace, [identity])).get(identity)


async def read_content(reader: Reader, identity: str, blob: Blob, first: int = 0) -> AsyncIterator[bytes]:
    """The bytes of a file from the byte `first` on, part by part; parts before it are not read.

    Raises LookupError when a part is not there any more, Unavailable.
    """
    # Every part but the last has the same size.
    skipped, within = divmod(first, PART_BYTES)
    for key in islice(_part_keys(identity, blob.parts), skipped, None):
        document = (await reader.get_many([key])).get(key)
        if document is None:
            raise LookupError(f"part {key.id} of the file is gone")
        yield base64.b64decode(BLOB_PARTS.decode(document).content)[within:]
        within = 0


async def assign_blobs(store: Store, blobs: Mapping[str, Blob], person: str) -> None:
    """Store files for the full time, as those of this person key. Raises Fenced when one is gone, Unavailable, Unknown."""
    keys = {identity: Key(BLOBS.name, identity) for identity in blobs}
    changed = {i: replace(blob, person=person, expires_at=blob.at + RETENTION) for i, blob in blobs.items()}
    puts = [Put(keys[i], blob) for i, blob in changed.items() if blob != blobs[i]]
    if puts:
        conditions = [Condition(put.key, "digest", blobs[put.key.id].digest) for put in puts]
        await store.commit(Changes(conditions=conditions, puts=puts))


async def person_blobs(store: Store, person: PersonKey) -> dict[str, Blob]:
    """Every file that a customer sent or got, by id. Raises Unavailable."""
    query = Query(BLOBS.name, "person", {"person": str(person)})
    return {identity: BLOBS.decode(document) async for identity, document in all_documents(store, query)}


async def delete_blob(store: Store, identity: str, blob: Blob) -> None:
    """Delete a file: first what names it, so that nobody reads half of it. Raises Unavailable, Unknown."""
    await store.commit(Changes(deletes=[Key(BLOBS.name, identity)]))
    await _delete_parts(store, identity, blob.parts)


async def _delete_parts(store: Store, identity: str, parts: int) -> None:
    keys = list(_part_keys(identity, parts))
    for start in range(0, len(keys), PARTS_PER_COMMIT):
        await store.commit(Changes(deletes=keys[start : start + PARTS_PER_COMMIT]))


def delete_in_batch(work: UnitOfWork, identity: str, size_bytes: int) -> None:
    """Delete a file of this size with the changes of a batch."""
    work.delete(BLOBS, identity)
    for key in _part_keys(identity, -(-size_bytes // PART_BYTES)):
        work.delete(BLOB_PARTS, key.id)


async def purge_blobs(store: Store, now: datetime) -> int:
    """Delete the files that are past their time, with their parts; how many. Raises Unavailable, Unknown."""
    deleted = 0
    while True:
        page = await store.query(Query(BLOBS.name, "expiry", below=instant_text(now), limit=50))
        for identity, document in page.items:
            await delete_blob(store, identity, BLOBS.decode(document))
        deleted += len(page.items)
        if not page.items:
            return deleted


def _part_keys(identity: str, parts: int) -> Iterator[Key]:
    return (_part_key(identity, number) for number in range(parts))


def _part_key(identity: str, number: int) -> Key:
    return Key(BLOB_PARTS.name, f"{identity}/{number}")
