"""Secrets of the installation: the first process that needs one creates it, and every process uses the same one for ever."""

import os
from contextlib import suppress
from dataclasses import dataclass

from services.platform.core import base64url
from services.platform.core.errors import Fenced
from services.platform.store.port import Changes, Collection, Condition, Key, Put, Store

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """256 random bits, as base64url. The document's id is the secret's name."""

    value: str


SECRETS = Collection("secrets", SecretRecord, writer="any")


async def installation_secret(store: Store, name: str) -> bytes:
    """The 32 bytes of the secret `name`, created if there is none yet. Raises Unavailable, Unknown.

    A secret never changes, so that callers may cache it.
    """
    key = Key(SECRETS.name, name)
    if (stored := await _stored_secret(store, key)) is not None:
        return stored
    created = SecretRecord(value=base64url.encode(os.urandom(SECRET_BYTES)))
    # Fenced: another process was first. Its secret is read back below, as this process's own would be.
    with suppress(Fenced):
        await store.commit(Changes(conditions=[Condition(key)], puts=[Put(key, created)]))
    stored = await _stored_secret(store, key)
    if stored is None:
        raise LookupError(f"the secret {name!r} was created and is not there")
    return stored


async def _stored_secret(store: Store, key: Key) -> bytes | None:
    document = (await store.get_many([key])).get(key)
    return None if document is None else base64url.decode(SECRETS.decode(document).value)
