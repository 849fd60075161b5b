"""Files that the installation itself holds: what came inside a mail, what an agent or a visitor of a chat sends.

A file is a `Blob` and its parts, documents like all others: one store port carries them on every engine, and backup, the
deletion of a workspace and expiry need no second way (docs/adr/0030). The parts are written first, so that a blob that can
be read is whole. A repeat writes the same documents again.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.identity import PersonKey
from schemas.values import Instant
from services.platform.core.identifiers import hashed_id
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Changes, Collection, Expiry, Index, Key, Put, Store

PART_BYTES = 192 * 1024
"""Bytes of a file in one document; as base64 a third more."""
PARTS_PER_COMMIT = 4
RETENTION = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """What is known of a file. `person` is the key of the customer whose it is, None for a file of our own side.

    `digest` is the SHA-256 of its bytes in hex; `media_type` is what was found in them, never what a sender claims.
    """

    workspace: str
    person: str | None = None
    media_type: str
    size_bytes: int
    digest: str
    parts: int
    at: Instant
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobPart:
    """A part of a file: `content` is base64. Its id is the blob's id, a slash, and the part's number from 0."""

    workspace: str
    at: Instant
    content: str


_EXPIRY = Expiry("at", RETENTION)
BLOBS = Collection(
    "blobs", Blob, writer="any", indexes=(Index("at", ("at",)), Index("person", ("person", "at"))), expires=_EXPIRY
)
BLOB_PARTS = Collection(
    "blob_parts", BlobPart, writer="any", indexes=(Index("at", ("at",)),), immutable=True, expires=_EXPIRY
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
    media_type: str,
    at: datetime,
    person: PersonKey | None = None,
    name: str | None = None,
) -> Blob:
    """Store a file. Raises Unavailable, Unknown; then a repeat does no harm."""
    parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
    blob = Blob(
        workspace=workspace,
        person=str(person) if person else None,
        media_type=media_type,
        size_bytes=len(content),
        digest=hashlib.sha256(content).hexdigest(),
        parts=len(parts),
        at=at,
        name=name,
    )
    puts = [
        Put(_part_key(identity, number), BlobPart(workspace=workspace, at=at, content=base64.b64encode(part).decode()))
        for number, part in enumerate(parts)
    ]
    for start in range(0, len(puts), PARTS_PER_COMMIT):
        await store.commit(Changes(puts=puts[start : start + PARTS_PER_COMMIT]))
    await store.commit(Changes(puts=[Put(Key(BLOBS.name, identity), blob)]))
    return blob


async def read_blob(reader: Reader, workspace: str, identity: str) -> Blob | None:
    """What is known of a file of this workspace; None when there is no such file. Raises Unavailable."""
    key = Key(BLOBS.name, identity)
    document = (await reader.get_many([key])).get(key)
    blob = BLOBS.decode(document) if document is not None else None
    return blob if blob is not None and blob.workspace == workspace else None


async def read_content(reader: Reader, identity: str, blob: Blob) -> AsyncIterator[bytes]:
    """The bytes of a file, part by part. Raises LookupError when a part is not there any more, Unavailable."""
    for key in _part_keys(identity, blob):
        document = (await reader.get_many([key])).get(key)
        if document is None:
            raise LookupError(f"part {key.id} of the file is gone")
        yield base64.b64decode(BLOB_PARTS.decode(document).content)


async def delete_blob(store: Store, identity: str, blob: Blob) -> None:
    """Delete a file: first what names it, so that nobody reads half of it. Raises Unavailable, Unknown."""
    await store.commit(Changes(deletes=[Key(BLOBS.name, identity)]))
    keys = list(_part_keys(identity, blob))
    for start in range(0, len(keys), PARTS_PER_COMMIT):
        await store.commit(Changes(deletes=keys[start : start + PARTS_PER_COMMIT]))


def _part_keys(identity: str, blob: Blob) -> Iterator[Key]:
    return (_part_key(identity, number) for number in range(blob.parts))


def _part_key(identity: str, number: int) -> Key:
    return Key(BLOB_PARTS.name, f"{identity}/{number}")
