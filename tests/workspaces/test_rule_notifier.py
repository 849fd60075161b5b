"""New routing rules are announced to dispatch, also when the first attempt fails."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.platform.core.errors import Unavailable
from services.platform.http.service import Context
from services.records.configuration import ANNOUNCEMENTS
from services.workspaces.rule_notifier import announce_abandoned
from tests.rest import Rest, open_rest, settings_with

SHOP = "/v1/workspaces/shop"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        yield opened


def announced(rest: Rest) -> list[tuple[str, object]]:
    return [(event.partitionkey, event.data["version"]) for event in rest.events]


async def test_new_rules_are_announced_once_and_unchanged_ones_are_not(rest: Rest) -> None:
    bodies: list[dict[str, Any]] = [
        {"rules": []},
        {"rules": [{"then": {"priority": "high"}}]},
        {"rules": [{"then": {"priority": "high"}}]},
    ]
    for body in bodies:
        assert (await rest.request("PUT", f"{SHOP}/routing", body)).status_code in (200, 201)
    await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})
    assert announced(rest) == [("shop", 2), ("shop", 3)]
    assert rest.store.find(ANNOUNCEMENTS, "shop") is None


async def test_rules_are_stored_while_the_bus_is_unavailable_and_announced_later(rest: Rest) -> None:
    rest.bus.failure = Unavailable("down")
    assert (await rest.request("PUT", f"{SHOP}/routing", {"rules": []})).status_code == 201
    assert announced(rest) == []
    rest.bus.failure = None
    context = Context(settings_with(), rest.store, rest.bus, rest.time_source)
    assert await announce_abandoned(context) == 0
    rest.time_source.move(3)
    assert await announce_abandoned(context) == 1
    assert await announce_abandoned(context) == 0
    assert announced(rest) == [("shop", 2)]
