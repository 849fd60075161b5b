"""Sessions and links on every store: a link is spent once, a use is recorded, and what was deleted does not come back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from schemas.configuration import AgentBody
from services.desk.sign_in import new_code, new_session_secret, read_code, spend_code, store_code
from services.domain.session_lifetime import expiry, renewed_end
from services.platform.http.problems import Unauthorized
from services.platform.store.port import Changes, Collection, Key, Put, Store
from services.platform.store.read_one import read_one
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.desk import DESK_SESSIONS, SIGN_IN_CODES, DeskSession, SessionAuthenticator, format_session
from services.records.keys import KEYS, secret_digest
from tests.contracts.stores import MONGO, SQLITE, StoreSite
from tests.fakes import START, ManualTimeSource, MemoryStore
from tests.live_servers.server import Server

MEMORY = "memory"
NEEDED: list[Collection[Any]] = [AGENTS, KEYS, DESK_SESSIONS, SIGN_IN_CODES]
SARA = AgentRecord(workspace="shop", id="sara", body=AgentBody(name="Sara", teams=["default"]), generation=7, at=START)


@pytest.fixture(params=[MEMORY, SQLITE, pytest.param(MONGO, marks=pytest.mark.live)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == MEMORY:
        yield await _with_sara(MemoryStore(*NEEDED))
        return
    address = str(tmp_path / "pasokh.db")
    if request.param == MONGO:
        server: Server = request.getfixturevalue("mongo_server")
        address = urlsplit(server.url)._replace(path=f"/desk-{uuid4().hex}").geturl()
    async with StoreSite(request.param, address).open() as opened:
        await opened.prepare(NEEDED)
        yield await _with_sara(opened)


async def _with_sara(store: Store) -> Store:
    await store.commit(Changes(puts=[Put(Key(AGENTS.name, agent_id("shop", "sara")), SARA)]))
    return store


def session(clock: ManualTimeSource) -> tuple[DeskSession, str]:
    now = clock.now()
    identity, secret = new_session_secret()
    expires_at = expiry(now, shared_computer=False)
    made = DeskSession(
        id=identity,
        workspace="shop",
        agent="sara",
        generation=7,
        scopes=["desk"],
        digest=secret_digest(secret),
        created_at=now,
        used_at=now,
        expires_at=expires_at,
        ends_at=renewed_end(expires_at, now),
    )
    return made, format_session(identity, secret)


def put(made: DeskSession) -> Put:
    return Put(Key(DESK_SESSIONS.name, made.id), made)


async def test_a_link_is_spent_once(store: Store) -> None:
    clock = ManualTimeSource()
    code, record = new_code(SARA, ["desk"], clock.now())
    await store_code(store, code, record)
    key, found = await read_code(store, code, clock.now())
    assert found == record
    made, token = session(clock)
    await spend_code(store, key, found, [put(made)])
    other, _ = session(clock)
    with pytest.raises(Unauthorized):
        await spend_code(store, key, found, [put(other)])
    with pytest.raises(Unauthorized):
        await read_code(store, code, clock.now())
    assert await read_one(store, DESK_SESSIONS, other.id) is None
    caller = await SessionAuthenticator(store, clock.now).find(token)
    assert caller is not None
    assert (caller.session, caller.agent and caller.agent.id) == (made.id, "sara")


async def test_a_use_is_recorded_after_an_hour(store: Store) -> None:
    clock = ManualTimeSource()
    made, token = session(clock)
    await store.commit(Changes(puts=[put(made)]))
    sessions = SessionAuthenticator(store, clock.now)
    for minutes, used in ((59, 0), (61, 61), (62, 61), (122, 122)):
        clock.move(minutes * 60 - (clock.now() - START).total_seconds())
        assert await sessions.find(token) is not None
        found = await read_one(store, DESK_SESSIONS, made.id)
        assert found is not None
        assert found.used_at == START + timedelta(minutes=used)
        assert found.ends_at == found.used_at + timedelta(days=7)


class DeletedMeanwhile:
    """A store in which somebody deletes the session between its reading and the record of its use."""

    def __init__(self, store: Store, key: Key) -> None:
        self._store, self._key = store, key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, changes: Changes) -> Any:
        await self._store.commit(Changes(deletes=[self._key]))
        return await self._store.commit(changes)


async def test_a_session_that_is_deleted_while_it_is_used_does_not_come_back(store: Store) -> None:
    clock = ManualTimeSource()
    made, token = session(clock)
    await store.commit(Changes(puts=[put(made)]))
    clock.move(7200)
    deleted: Any = DeletedMeanwhile(store, Key(DESK_SESSIONS.name, made.id))
    await SessionAuthenticator(deleted, clock.now).find(token)
    assert await read_one(store, DESK_SESSIONS, made.id) is None
    assert await SessionAuthenticator(store, clock.now).find(token) is None


async def test_what_is_past_its_time_is_deleted(store: Store) -> None:
    clock = ManualTimeSource()
    made, _ = session(clock)
    code, record = new_code(SARA, ["desk"], clock.now())
    await store.commit(Changes(puts=[put(made)]))
    await store_code(store, code, record)
    for days, left in ((0, [0, 0]), (8, [1, 1])):
        now = START + timedelta(days=days)
        assert [await store.delete_expired(one.name, now, 10) for one in (DESK_SESSIONS, SIGN_IN_CODES)] == left
