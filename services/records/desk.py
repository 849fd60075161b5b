"""Sessions in a browser, of agents and of a first run, and the one-time codes by which one begins. Of each secret only a hash is stored."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from schemas.configuration import Scope
from schemas.values import OMITTED_IF_EMPTY, Instant, instant_text
from services.domain.session_lifetime import is_ended, is_use_due, renewed_end
from services.platform.core.errors import Fenced, Unavailable, Unknown
from services.platform.http.auth import BoundAgent, Principal
from services.platform.store.port import Changes, Collection, Condition, Expiry, Index, Key, Put, Store
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, agent_id
from services.records.keys import KEYS, bound_agent, secret_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSession:
    """A session of an agent in one browser, from signing in until it ends.

    `agent` is '' in a first run: the session may set up its workspace, which has no agent yet. `generation` is that of the agent. `key` is the id of the key by which it began, '' for a code or an issuer: without that key it
    ends. `used_at` is when it was last used, to the hour. It ends at `ends_at`: at `expires_at`, or earlier when it is not used.
    `device` is what the browser says it is.
    """

    id: str
    workspace: str
    agent: str
    generation: int = 0
    key: str = ""
    scopes: list[Scope]
    digest: str
    created_at: Instant
    used_at: Instant
    expires_at: Instant
    ends_at: Instant
    shared_computer: bool = False
    device: Annotated[str, OMITTED_IF_EMPTY] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCode:
    """A code by which an agent signs in once, until `expires_at`. Its document id is the hash of the code."""

    workspace: str
    agent: str
    generation: int = 0
    scopes: list[Scope]
    created_at: Instant
    expires_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRunCode:
    """A code by which a first run begins, once, until `expires_at`. Its document id is the hash of the code."""

    created_at: Instant
    expires_at: Instant


DESK_SESSIONS = Collection(
    "desk_sessions",
    DeskSession,
    writer="rest",
    indexes=(Index("agent", ("workspace", "agent", "created_at")), Index("expiry", ("ends_at",))),
    expires=Expiry("ends_at"),
)
SIGN_IN_CODES = Collection(
    "sign_in_codes",
    SignInCode,
    writer="rest",
    indexes=(Index("expiry", ("expires_at",)),),
    expires=Expiry("expires_at"),
)
FIRST_RUN_CODES = Collection(
    "first_run_codes",
    FirstRunCode,
    writer="rest",
    indexes=(Index("expiry", ("expires_at",)),),
    expires=Expiry("expires_at"),
)


def format_session(identity: str, secret: str) -> str:
    """The token of a session, the value of its cookie."""
    return f"{identity}_{secret}"


class SessionAuthenticator:
    """Authenticates callers by their sessions. Nothing is cached: a session that is deleted ends at once."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now

    async def find(self, token: str) -> Principal | None:
        """The caller of a session; None for a malformed, unknown or ended one. Raises Unavailable.

        A session ends with its agent, and with the key by which it began.
        """
        identity, _, secret = token.partition("_")
        session = await read_one(self._store, DESK_SESSIONS, identity) if identity and secret else None
        # In constant time: the time of a comparison by `==` would tell how much of a digest is right.
        if session is None or not hmac.compare_digest(secret_digest(secret), session.digest):
            return None
        now = self._now()
        if is_ended(session.ends_at, now):
            return None
        agent = await self._agent(session) if session.agent else None
        if session.agent and agent is None:
            return None
        if is_use_due(session.used_at, now):
            await self._record_use(session, now)
        return _principal(session, agent)

    async def _agent(self, session: DeskSession) -> BoundAgent | None:
        documents = await self._store.get_many(_needed(session))
        if session.key and Key(KEYS.name, session.key) not in documents:
            return None
        found = documents.get(Key(AGENTS.name, agent_id(session.workspace, session.agent)))
        return bound_agent(AGENTS.decode(found) if found else None, session.generation)

    async def _record_use(self, session: DeskSession, now: datetime) -> None:
        used = replace(session, used_at=now, ends_at=renewed_end(session.expires_at, now))
        key = Key(DESK_SESSIONS.name, session.id)
        # A session that is deleted meanwhile must not come back.
        unchanged = Condition(key, "used_at", instant_text(session.used_at))
        try:
            await self._store.commit(Changes(conditions=[unchanged], puts=[Put(key, used)]))
        except (Fenced, Unavailable, Unknown):
            # Another request recorded it, or the next one will: this one need not fail for it.
            return


def _needed(session: DeskSession) -> list[Key]:
    """The documents without which a session is over, besides its own."""
    if not session.agent:
        return []
    agent = Key(AGENTS.name, agent_id(session.workspace, session.agent))
    return [agent, Key(KEYS.name, session.key)] if session.key else [agent]


def _principal(session: DeskSession, agent: BoundAgent | None) -> Principal:
    return Principal(
        f"session/{session.id}",
        session.workspace,
        frozenset(session.scopes),
        agent,
        frozenset({Key(DESK_SESSIONS.name, session.id), *_needed(session)}),
        session.id,
    )
