"""Files in every adapter of the store: whole, without a size that breaks them, gone when they are deleted."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.identity import PersonKey
from services.platform.core.errors import Fenced
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.store.port import Changes, Collection, Key, Put, Store
from services.records.blobs import (
    BLOB_PARTS,
    BLOBS,
    PART_BYTES,
    RETENTION,
    UNUSED_RETENTION,
    Blob,
    BlobPart,
    assign_blobs,
    customer_blob_id,
    delete_blob,
    delete_in_batch,
    person_blobs,
    purge_blobs,
    read_blob,
    read_content,
    write_blob,
    write_chunks,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SARA = PersonKey("acme", "email:support:sara@example.com")


@pytest.fixture(autouse=True)
async def prepared(store: Store) -> None:
    await store.prepare([BLOBS, BLOB_PARTS])


async def put(store: Store, identity: str, content: bytes, at: datetime = AT) -> Blob:
    return await write_blob(store, identity, content, workspace="acme", at=at, person=SARA, name="رسید.png")


async def chunked(content: bytes, size: int = 10) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def content(store: Store, identity: str) -> bytes:
    blob = await read_blob(store, "acme", identity)
    assert blob is not None
    return b"".join([part async for part in read_content(store, identity, blob)])


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 7 * PART_BYTES + 3])
async def test_a_file_is_read_as_it_was_written(store: Store, size: int) -> None:
    written = os.urandom(size)
    blob = await put(store, "b1", written)
    assert (blob.size_bytes, blob.name, await read_blob(store, "acme", "b1")) == (size, "رسید.png", blob)
    assert await content(store, "b1") == written


async def test_a_repeat_is_the_same_file(store: Store) -> None:
    for _ in range(2):
        await put(store, "b1", b"the same")
    assert await content(store, "b1") == b"the same"
    assert len(await store.scan(BLOBS.name, "", 10)) == len(await store.scan(BLOB_PARTS.name, "", 10)) == 1


async def test_another_workspace_has_no_such_file(store: Store) -> None:
    await put(store, "b1", b"ours")
    assert await read_blob(store, "other", "b1") is None


async def test_a_deleted_file_leaves_nothing(store: Store) -> None:
    blob = await put(store, "b1", bytes(5 * PART_BYTES))
    await put(store, "b2", b"stays")
    await delete_blob(store, "b1", blob)
    assert await read_blob(store, "acme", "b1") is None
    assert [identity for identity, _ in await store.scan(BLOB_PARTS.name, "", 100)] == ["b2/0"]
    assert await content(store, "b2") == b"stays"


async def test_a_file_whose_parts_are_gone_is_said_to_be_gone(store: Store) -> None:
    blob = await put(store, "b1", b"x")
    await store.delete_expired(BLOB_PARTS.name, AT + RETENTION + timedelta(days=3), 10)
    with pytest.raises(LookupError):
        [part async for part in read_content(store, "b1", blob)]


async def test_a_deleted_message_takes_its_largest_file_along_in_one_commit(store: Store) -> None:
    size, large, other = 100_000_000, b"x" * 100, b"y"
    blob = await put(store, "b1", large)
    # Of a hundred megabytes the parts are as many, here with little in them.
    numbers = range(-(-size // PART_BYTES))
    part = BlobPart(workspace="acme", at=AT, content="")
    for start in range(0, len(numbers), 100):
        keys = [Key(BLOB_PARTS.name, f"b1/{number}") for number in numbers[start : start + 100]]
        await store.commit(Changes(puts=[Put(key, part) for key in keys]))
    await store.commit(Changes(puts=[Put(Key(BLOBS.name, "b1"), replace(blob, size_bytes=size, parts=len(numbers)))]))
    await put(store, "b2", other)

    deletes: list[Key] = []

    class Batch(UnitOfWork):
        """Collects what is deleted."""

        def __init__(self) -> None: ...

        def delete(self, collection: Collection[Any], identity: str) -> None:
            deletes.append(Key(collection.name, identity))

    delete_in_batch(Batch(), "b1", size)
    await store.commit(Changes(deletes=deletes))
    assert [identity for identity, _ in await store.scan(BLOBS.name, "", 10)] == ["b2"]
    assert [identity for identity, _ in await store.scan(BLOB_PARTS.name, "", 10)] == ["b2/0"]
    assert await content(store, "b2") == other


async def test_files_expire_with_their_parts(store: Store) -> None:
    await put(store, "old", bytes(PART_BYTES + 1))
    await put(store, "new", b"new", AT + timedelta(days=1))
    assert await purge_blobs(store, AT + RETENTION + timedelta(seconds=1)) == 1
    assert [identity for identity, _ in await store.scan(BLOB_PARTS.name, "", 100)] == ["new/0"]
    assert await content(store, "new") == b"new"


async def test_an_unused_file_is_stored_for_a_day_and_an_assigned_one_for_a_year(store: Store) -> None:
    for identity in ("unused", "sent"):
        await write_chunks(store, identity, chunked(b"x"), workspace="acme", at=AT, keep=UNUSED_RETENTION)
    sent = await read_blob(store, "acme", "sent")
    assert sent is not None
    await assign_blobs(store, {"sent": sent}, str(SARA))
    assert await purge_blobs(store, AT + UNUSED_RETENTION + timedelta(seconds=1)) == 1
    assert await read_blob(store, "acme", "unused") is None
    assert await content(store, "sent") == b"x"
    assert list(await person_blobs(store, SARA)) == ["sent"]


async def test_a_file_that_is_gone_cannot_be_assigned(store: Store) -> None:
    blob = await put(store, "b1", b"x")
    await delete_blob(store, "b1", blob)
    with pytest.raises(Fenced):
        await assign_blobs(store, {"b1": blob}, "acme/email:support:reza@example.com")
    assert await read_blob(store, "acme", "b1") is None


async def test_a_file_that_breaks_off_leaves_nothing(store: Store) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(9 * PART_BYTES)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await write_chunks(store, "b1", broken(), workspace="acme", at=AT)
    assert await store.scan(BLOB_PARTS.name, "", 100) == []


async def test_a_repeat_that_breaks_off_leaves_the_file_whole(store: Store) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(4 * PART_BYTES)
        raise ConnectionError

    await put(store, "b1", bytes(5 * PART_BYTES))
    with pytest.raises(ConnectionError):
        await write_chunks(store, "b1", broken(), workspace="acme", at=AT)
    assert len(await content(store, "b1")) == 5 * PART_BYTES


async def test_a_files_type_is_what_its_bytes_show(store: Store) -> None:
    assert (await put(store, "b1", b"\x89PNG\r\n\x1a\n" + bytes(9))).media_type == "image/png"
    assert (await put(store, "b2", b"<svg onload=alert(1)>")).media_type == "application/octet-stream"


async def test_files_that_come_in_small_pieces_are_stored_in_large_parts(store: Store) -> None:
    blob = await write_chunks(store, "b1", chunked(bytes(3 * PART_BYTES), 1000), workspace="acme", at=AT)
    assert (blob.parts, blob.size_bytes) == (3, 3 * PART_BYTES)
    assert await content(store, "b1") == bytes(3 * PART_BYTES)


async def test_the_files_of_a_person_are_found(store: Store) -> None:
    await put(store, "b1", b"1")
    await put(store, "b2", b"2", AT + timedelta(seconds=1))
    assert list(await person_blobs(store, SARA)) == ["b1", "b2"]


def test_the_same_file_of_two_people_is_two_files() -> None:
    reza = PersonKey("acme", "email:support:reza@example.com")
    assert customer_blob_id(SARA, "ab") == customer_blob_id(SARA, "ab") != customer_blob_id(reza, "ab")
