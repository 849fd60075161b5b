"""Workspaces over REST: created, replaced, listed by what a key may see, and 404 for what does not exist."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.rest import Rest, open_rest, problem_of

SHOP = "/v1/workspaces/shop"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        yield opened


async def test_a_put_creates_then_replaces_and_a_get_returns_it(rest: Rest) -> None:
    created = await rest.request("PUT", "/v1/workspaces/new", {"name": "New", "timezone": "Asia/Tehran"})
    assert created.status_code == 201
    assert created.json() == {"id": "new", "name": "New", "languages": ["en"], "timezone": "Asia/Tehran"}
    replaced = await rest.request("PUT", "/v1/workspaces/new", {"name": "Newer", "languages": ["fa", "en"]})
    assert replaced.status_code == 200
    shown = await rest.request("GET", "/v1/workspaces/new")
    assert shown.json() == {"id": "new", "name": "Newer", "languages": ["fa", "en"], "timezone": "UTC"}
    assert shown.headers["etag"] == replaced.headers["etag"] != created.headers["etag"]


@pytest.mark.parametrize("path", ["", "/teams/t"])
async def test_a_calendar_is_shown_where_one_was_written(rest: Rest, path: str) -> None:
    written = {"timezone": "Europe/Riga", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-11-18"]}
    await rest.request("PUT", SHOP + path, {"name": "T", "calendar": written})
    assert (await rest.request("GET", SHOP + path)).json()["calendar"] == written
    await rest.request("PUT", SHOP + path, {"name": "T"})
    assert "calendar" not in (await rest.request("GET", SHOP + path)).json()
    closed = await rest.request("PUT", SHOP + path, {"name": "T", "calendar": {"hours": {}}})
    assert [error["pointer"] for error in problem_of(closed, 422)["errors"]] == ["/calendar"]


@pytest.mark.parametrize("name", ["Shop", "-shop", "sh op", "s" * 65, "_x", "خرید"])
async def test_an_invalid_id_is_422(rest: Rest, name: str) -> None:
    problem = problem_of(await rest.request("PUT", f"/v1/workspaces/{name}", {"name": "x"}), 422)
    assert problem["errors"][0]["pointer"] == "/path/workspace"


async def test_a_key_lists_the_workspaces_that_it_may_see(rest: Rest) -> None:
    for name in ("b", "a"):
        await rest.workspace(name)
    everything = await rest.request("GET", "/v1/workspaces")
    assert [item["id"] for item in everything.json()["items"]] == ["a", "b", "shop"]
    limited = await rest.request("GET", "/v1/workspaces", authorization=await rest.key("read"))
    assert [item["id"] for item in limited.json()["items"]] == ["shop"]


async def test_workspaces_come_in_pages(rest: Rest) -> None:
    for name in ("b", "a"):
        await rest.workspace(name)
    first = (await rest.request("GET", "/v1/workspaces?limit=2")).json()
    second = (await rest.request("GET", f"/v1/workspaces?limit=2&cursor={first['next']}")).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ["a", "b", "shop"]
    assert second["next"] is None


@pytest.mark.parametrize("path", ["", "/teams", "/teams/t", "/routing", "/sla", "/accounts"])
async def test_nothing_is_read_of_a_workspace_that_does_not_exist(rest: Rest, path: str) -> None:
    problem_of(await rest.request("GET", f"/v1/workspaces/nobody{path}"), 404)


@pytest.mark.parametrize(("path", "body"), [("/teams/t", {"name": "T"}), ("/routing", {"rules": []})])
async def test_nothing_is_written_below_a_workspace_that_does_not_exist(
    rest: Rest, path: str, body: dict[str, Any]
) -> None:
    problem_of(await rest.request("PUT", f"/v1/workspaces/nobody{path}", body), 404)


async def test_the_settings_of_a_workspace_are_shown_and_can_be_written_back(rest: Rest) -> None:
    body = {"name": "Shop", "settings": {"visibility": "own", "greeting": {"en": "Hello"}}}
    assert (await rest.request("PUT", "/v1/workspaces/shop", body)).status_code in (200, 201)
    shown = (await rest.request("GET", "/v1/workspaces/shop")).json()
    assert shown["settings"].items() >= body["settings"].items()  # type: ignore[attr-defined]
    written = {name: value for name, value in shown.items() if name != "id"}
    again = await rest.request("PUT", "/v1/workspaces/shop", written)
    assert (again.status_code, again.json()["settings"]) == (200, shown["settings"])
    assert "settings" not in (await rest.request("PUT", "/v1/workspaces/shop", {"name": "Shop"})).json()


async def test_what_was_written_of_a_team_can_be_read_and_written_back(rest: Rest) -> None:
    await rest.workspace()
    body = {"name": "Night", "settings": {"offer_mode": "offer", "offer_seconds": 20.0}}
    assert (await rest.request("PUT", "/v1/workspaces/shop/teams/night", body)).status_code == 201
    shown = (await rest.request("GET", "/v1/workspaces/shop/teams/night")).json()
    assert {name: value for name, value in shown["settings"].items() if value is not None} == body["settings"]
    written = {"name": shown["name"], "settings": shown["settings"]}
    assert (await rest.request("PUT", "/v1/workspaces/shop/teams/night", written)).json() == shown
