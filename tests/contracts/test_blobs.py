"""Files in every adapter of the store: whole, without a size that breaks them, gone when they are deleted."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from schemas.identity import PersonKey
from services.platform.store.port import Query, Store
from services.records.blobs import (
    BLOB_PARTS,
    BLOBS,
    PART_BYTES,
    RETENTION,
    Blob,
    customer_blob_id,
    delete_blob,
    read_blob,
    read_content,
    write_blob,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SARA = PersonKey("acme", "email:support:sara@example.com")


@pytest.fixture(autouse=True)
async def prepared(store: Store) -> None:
    await store.prepare([BLOBS, BLOB_PARTS])


async def put(store: Store, identity: str, content: bytes, at: datetime = AT) -> Blob:
    return await write_blob(
        store, identity, content, workspace="acme", media_type="image/png", at=at, person=SARA, name="رسید.png"
    )


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
    await store.delete_expired(BLOB_PARTS.name, AT + RETENTION + timedelta(seconds=1), 10)
    with pytest.raises(LookupError):
        [part async for part in read_content(store, "b1", blob)]


async def test_files_expire_with_their_parts(store: Store) -> None:
    await put(store, "old", bytes(PART_BYTES + 1))
    await put(store, "new", b"new", AT + timedelta(days=1))
    now = AT + RETENTION + timedelta(seconds=1)
    assert await store.delete_expired(BLOBS.name, now, 10) == 1
    assert await store.delete_expired(BLOB_PARTS.name, now, 10) == 2
    assert await content(store, "new") == b"new"


async def test_the_files_of_a_person_are_found(store: Store) -> None:
    await put(store, "b1", b"1")
    await put(store, "b2", b"2", AT + timedelta(seconds=1))
    page = await store.query(Query(BLOBS.name, "person", {"person": str(SARA)}))
    assert [identity for identity, _ in page.items] == ["b1", "b2"]


def test_the_same_file_of_two_people_is_two_files() -> None:
    reza = PersonKey("acme", "email:support:reza@example.com")
    assert customer_blob_id(SARA, "ab") == customer_blob_id(SARA, "ab") != customer_blob_id(reza, "ab")
