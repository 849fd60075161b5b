"""Reading configurations: by name, all of them, and through a cache that is too small for them."""

import pytest

from schemas.configuration import Versioned, WorkspaceBody, WorkspaceConfiguration
from services.platform.store.port import Key
from services.records import configuration
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, Configurations, version_id
from tests.configuration import configure
from tests.fakes import START, MemoryStore

NAMES = ["a", "b", "c", "shop", "shop-2"]


def shops() -> MemoryStore:
    store = MemoryStore(CONFIGURATION_HEADS, CONFIGURATIONS)
    for name in NAMES:
        profile = Versioned(body=WorkspaceBody(name=name), version=1, at=START)
        configure(store, WorkspaceConfiguration(workspace=name, version=1, profile=profile))
    return store


async def test_every_configuration_is_read_in_the_order_of_names() -> None:
    found = [one.workspace async for one in Configurations().every(shops())]
    assert found == NAMES


async def test_what_the_cache_has_no_room_for_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "MAX_CACHED", 2)
    store, configurations = shops(), Configurations()
    assert sorted(await configurations.current(store, ["a", "b"])) == ["a", "b"]
    # Loading `c` pushes `a` out of the cache, which is asked for too.
    assert sorted(await configurations.current(store, ["a", "c"])) == ["a", "c"]
    for _ in range(2):
        assert sorted(await configurations.current(store, NAMES)) == NAMES


async def test_a_workspace_that_is_being_deleted_does_not_exist() -> None:
    store = shops()
    store.documents.pop(Key(CONFIGURATIONS.name, version_id("b", 1)))
    assert sorted(await Configurations().current(store, NAMES)) == ["a", "c", "shop", "shop-2"]
