"""API keys: a hash of each secret, never the secret. Written by REST alone.

A key reads `pasokh_<id>_<secret>`. The secret is 256 random bits, so one round of SHA-256 is right: there is nothing to
guess that a slow hash would protect, and a slow one would be paid on every request.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from schemas.configuration import Scope
from schemas.values import Instant
from services.platform.http.auth import Principal
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Collection, Index, Key

PREFIX = "pasokh"
CACHE_TTL_SECONDS = 1.0
CACHE_MAX_ENTRIES = 10_000
EVERY_WORKSPACE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One key. `workspace` is '' for all workspaces, so that an index holds it. `digest` is the secret's SHA-256."""

    id: str
    name: str
    workspace: str = EVERY_WORKSPACE
    scopes: list[Scope]
    digest: str
    created_at: Instant

    def caller(self) -> Principal:
        """Who presents it."""
        return Principal(self.id, self.workspace or None, frozenset(self.scopes))


KEYS = Collection(
    "keys",
    KeyRecord,
    writer="rest",
    indexes=(Index("created", ("created_at",)), Index("workspace", ("workspace", "created_at"))),
)


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def format_key(identity: str, secret: str) -> str:
    """What a caller sends as bearer."""
    return f"{PREFIX}_{identity}_{secret}"


def secret_digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyAuthenticator:
    """Finds callers by their key. A record is held for at most a second, so a deleted key ends within one."""

    def __init__(self, reader: Reader, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reader, self._monotonic = reader, monotonic
        self._held: OrderedDict[str, tuple[float, KeyRecord]] = OrderedDict()

    async def find(self, presented: str) -> Principal | None:
        """The caller of a key; None when it is not, or no longer, known. Raises Unavailable."""
        prefix, _, rest = presented.partition("_")
        identity, _, secret = rest.partition("_")
        if prefix != PREFIX or not identity or not secret:
            return None
        record = await self._record(identity)
        known = record is not None and hmac.compare_digest(secret_digest(secret), record.digest)
        return record.caller() if record is not None and known else None

    async def _record(self, identity: str) -> KeyRecord | None:
        # The time from before the read: what was deleted after it is forgotten a second after it at the latest.
        now = self._monotonic()
        held = self._held.get(identity)
        if held is not None and now - held[0] < CACHE_TTL_SECONDS:
            return held[1]
        self._held.pop(identity, None)
        key = Key(KEYS.name, identity)
        document = (await self._reader.get_many([key])).get(key)
        return None if document is None else self._hold(identity, now, KEYS.decode(document))

    def _hold(self, identity: str, now: float, record: KeyRecord) -> KeyRecord:
        self._held[identity] = (now, record)
        while len(self._held) > CACHE_MAX_ENTRIES:
            self._held.popitem(last=False)
        return record
