"""Secrets of the installation: made by whoever needs one first, then the same in every process, for ever."""

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
    """The 32 bytes that this installation keeps under `name`, made now if nobody has yet. The first writer wins.

    Callers keep what they get: it never changes. Raises Unavailable, Unknown.
    """
    key = Key(SECRETS.name, name)
    if (kept := await _stored_secret(store, key)) is not None:
        return kept
    made = SecretRecord(value=base64url.encode(os.urandom(SECRET_BYTES)))
    # Fenced: another process was first, and its secret is the secret.
    with suppress(Fenced):
        await store.commit(Changes(conditions=[Condition(key)], puts=[Put(key, made)]))
    kept = await _stored_secret(store, key)
    if kept is None:
        raise LookupError(f"the secret {name!r} was made and is not there")
    return kept


async def _stored_secret(store: Store, key: Key) -> bytes | None:
    document = (await store.get_many([key])).get(key)
    return None if document is None else base64url.decode(SECRETS.decode(document).value)
