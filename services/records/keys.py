"""API keys: a hash of each secret, never the secret. Written by REST alone.

A key is the text `pasokh_<id>_<secret>`. The secret is 256 random bits, which nobody can guess; so one round of SHA-256 is
enough, and a slow hash would only cost time on every request.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from schemas.configuration import KeyBody, Scope
from schemas.values import OMITTED_IF_EMPTY, Instant
from services.platform.core.identifiers import random_id
from services.platform.http.auth import BoundAgent, Principal
from services.platform.processing.unit_of_work import Reader
from services.platform.store.port import Collection, Index, Key
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, AgentRecord, agent_id

PREFIX = "pasokh"
CACHE_TTL_SECONDS = 1.0
CACHE_MAX_ENTRIES = 10_000
EVERY_WORKSPACE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One key. `workspace` is '' for all workspaces: an index needs a value. `digest` is the SHA-256 of the secret, in hex.

    `agent`: it is bound to this agent of the workspace, of this `generation`.
    """

    id: str
    name: str
    workspace: str = EVERY_WORKSPACE
    scopes: list[Scope]
    digest: str
    created_at: Instant
    agent: Annotated[str | None, OMITTED_IF_EMPTY] = None
    generation: Annotated[int, OMITTED_IF_EMPTY] = 0

    def principal(self, agent: BoundAgent | None = None) -> Principal:
        """The caller that presents the key. `agent` is the one that it is bound to."""
        documents = {Key(KEYS.name, self.id)}
        if agent is not None:
            documents.add(Key(AGENTS.name, agent_id(self.workspace, agent.id)))
        return Principal(self.id, self.workspace or None, frozenset(self.scopes), agent, frozenset(documents))


KEYS = Collection(
    "keys",
    KeyRecord,
    writer="rest",
    indexes=(Index("created", ("created_at",)), Index("workspace", ("workspace", "created_at"))),
)


def new_secret() -> str:
    """256 random bits as base64url."""
    return secrets.token_urlsafe(32)


def format_key(identity: str, secret: str) -> str:
    """The bearer token of a key."""
    return f"{PREFIX}_{identity}_{secret}"


def secret_digest(secret: str) -> str:
    """The SHA-256 of a secret, in hex: only this is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def bound_agent(agent: AgentRecord | None, generation: int) -> BoundAgent | None:
    """The agent of a key or session; None when the agent was deleted, also if one of the same id came after."""
    if agent is None or agent.generation != generation:
        return None
    return BoundAgent(agent.id, generation, frozenset(agent.body.teams), agent.body.role == "lead")


def new_key(body: KeyBody, now: datetime, agent: AgentRecord | None = None) -> tuple[KeyRecord, str]:
    """The record of a new key, and its secret, which is stored nowhere. `agent` is the one that the body names."""
    secret = new_secret()
    record = KeyRecord(
        id=random_id(now).replace("-", ""),
        name=body.name,
        workspace=body.workspace or EVERY_WORKSPACE,
        scopes=list(dict.fromkeys(body.scopes)),
        digest=secret_digest(secret),
        created_at=now,
        agent=body.agent,
        generation=agent.generation if agent else 0,
    )
    return record, secret


class ApiKeyAuthenticator:
    """Authenticates callers by their keys. Records are cached for `CACHE_TTL_SECONDS`, so that a deleted key ends within that time."""

    def __init__(self, reader: Reader, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reader, self._monotonic = reader, monotonic
        self._cached: OrderedDict[str, tuple[float, KeyRecord]] = OrderedDict()

    async def find(self, presented: str) -> Principal | None:
        """The caller that a bearer token belongs to. Raises Unavailable.

        None for a malformed, unknown or deleted key, and for one of an agent who was deleted.
        """
        prefix, _, rest = presented.partition("_")
        identity, _, secret = rest.partition("_")
        if prefix != PREFIX or not identity or not secret:
            return None
        record = await self._record(identity)
        # In constant time: the time of a comparison by `==` would tell how much of a digest is right.
        if record is None or not hmac.compare_digest(secret_digest(secret), record.digest):
            return None
        if record.agent is None:
            return record.principal()
        # Read at every request: what an agent may see changes with their teams and role.
        found = await read_one(self._reader, AGENTS, agent_id(record.workspace, record.agent))
        agent = bound_agent(found, record.generation)
        return None if agent is None else record.principal(agent)

    async def _record(self, identity: str) -> KeyRecord | None:
        # The time before the read: a key that is deleted during the read must not be cached longer than the others.
        now = self._monotonic()
        cached = self._cached.get(identity)
        if cached is not None and now - cached[0] < CACHE_TTL_SECONDS:
            return cached[1]
        self._cached.pop(identity, None)
        record = await read_one(self._reader, KEYS, identity)
        return None if record is None else self._cache(identity, now, record)

    def _cache(self, identity: str, now: float, record: KeyRecord) -> KeyRecord:
        self._cached[identity] = (now, record)
        while len(self._cached) > CACHE_MAX_ENTRIES:
            self._cached.popitem(last=False)
        return record
