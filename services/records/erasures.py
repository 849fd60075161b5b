"""Erasures of persons. A record stays when its erasure is done: it says that there was one, of somebody whom it does not name."""

import hmac
from dataclasses import dataclass, field
from typing import Annotated, Literal

from schemas.identity import PersonKey
from schemas.values import OMITTED_IF_EMPTY, Instant
from services.platform.store.port import Collection, Index

SECRET_NAME = "erasures"  # noqa: S105 - what the secret is called, not the secret
ErasureState = Literal["closing", "emptying", "sweeping", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """The erasure of one person. Its document id is a keyed hash of the person key (`erasure_id`).

    `closing` lasts until the person's conversations are closed and nothing more goes out to them, `emptying` until nothing is left
    of them there, `sweeping` until they are named nowhere else; then it is `done`. `person`, `pseudonym` and `addresses` are known
    until then. `id` is that of the command whose outcome reports the end; `by` is the API key that asked for it. `closed_at` is
    when the conversations were closed: whoever writes later is a new person. `touched_at` is the time of the last progress.
    """

    id: str
    workspace: str
    state: ErasureState = "closing"
    by: str | None = None
    at: Instant
    touched_at: Instant
    person: str | None = None
    pseudonym: str | None = None
    addresses: Annotated[list[str], OMITTED_IF_EMPTY] = field(default_factory=list)
    closed_at: Annotated[Instant | None, OMITTED_IF_EMPTY] = None


ERASURES = Collection("erasures", Erasure, writer="rest", indexes=(Index("state", ("state", "touched_at")),))


def erasure_id(secret: bytes, key: PersonKey) -> str:
    """The document id of the erasure of a person: without the secret nobody can try who it was."""
    return hmac.digest(secret, str(key).encode(), "sha256").hex()[:32]
