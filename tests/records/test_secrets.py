"""A secret of the installation is created once and is the same in every process."""

import pytest

from schemas.values import Json
from services.platform.core.errors import Unavailable
from services.platform.store.port import Changes, Key
from services.records.secrets import SECRETS, installation_secret
from tests.fakes import MemoryStore


async def test_every_caller_gets_the_secret_that_was_made_first() -> None:
    store = MemoryStore()
    first = await installation_secret(store, "webchat")
    assert len(first) == 32
    assert await installation_secret(store, "webchat") == first
    assert await installation_secret(store, "handoff") != first


async def test_whoever_loses_the_race_takes_the_secret_of_the_winner() -> None:
    store = MemoryStore()
    winners: dict[str, Json] = {"value": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}

    def won(_: Changes) -> None:
        store.documents[Key(SECRETS.name, "webchat")] = winners

    store.before_commit = won
    assert await installation_secret(store, "webchat") == bytes(32)


async def test_while_the_store_is_away_there_is_no_secret() -> None:
    store = MemoryStore()
    store.failure = Unavailable("away")
    with pytest.raises(Unavailable):
        await installation_secret(store, "webchat")
