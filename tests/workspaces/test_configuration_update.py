"""A write is a numbered version and a moved head; conditions refuse stale writes, and concurrent writers lose nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.platform.store.port import Changes, Key
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, read_configuration
from services.workspaces.configuration_update import MAX_ATTEMPTS
from tests.rest import Rest, open_rest, problem_of

SHOP = "/v1/workspaces/shop"
POLICY = {"id": "fast", "when": {"priority": ["urgent", "high"]}, "targets": {"first_response_seconds": 60}}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        yield opened


async def version(rest: Rest) -> int:
    found = await read_configuration(rest.store, "shop")
    assert found is not None
    return found.version


async def test_each_write_is_a_numbered_document_and_a_moved_head(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})
    assert rest.store.find(CONFIGURATION_HEADS, "shop") == ConfigurationHead(workspace="shop", version=2)
    earlier, later = (rest.store.find(CONFIGURATIONS, f"shop/{n}") for n in (1, 2))
    assert earlier is not None
    assert later is not None
    assert (earlier.teams, list(later.teams)) == ({}, ["t"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"name": "shop"}),
        ("/teams/t", {"name": "T"}),
        ("/routing", {"rules": []}),
        ("/sla", {"policies": [POLICY]}),
    ],
)
async def test_a_put_that_changes_nothing_keeps_the_version(rest: Rest, path: str, body: dict[str, Any]) -> None:
    first = await rest.request("PUT", SHOP + path, body)
    before = await version(rest)
    second = await rest.request("PUT", SHOP + path, body)
    assert second.status_code == 200
    assert second.headers["etag"] == first.headers["etag"]
    assert await version(rest) == before


async def test_an_etag_moves_only_with_its_own_part(rest: Rest) -> None:
    team = await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})
    await rest.request("PUT", f"{SHOP}/routing", {"rules": []})
    assert (await rest.request("GET", f"{SHOP}/teams/t")).headers["etag"] == team.headers["etag"]


@pytest.mark.parametrize(
    ("path", "one", "two"),
    [
        ("", {"name": "One"}, {"name": "Two"}),
        ("/teams/t", {"name": "One"}, {"name": "Two"}),
        ("/routing", {"rules": []}, {"rules": [{}]}),
        ("/sla", {"policies": []}, {"policies": [POLICY]}),
    ],
)
async def test_a_stale_if_match_is_412_and_changes_nothing(
    rest: Rest, path: str, one: dict[str, Any], two: dict[str, Any]
) -> None:
    stale = (await rest.request("PUT", SHOP + path, one)).headers["etag"]
    current = await rest.request("PUT", SHOP + path, two, if_match=stale)
    assert current.status_code == 200, current.text
    problem = problem_of(await rest.request("PUT", SHOP + path, one, if_match=stale), 412)
    assert current.headers["etag"] in str(problem["detail"])
    assert (await rest.request("GET", SHOP + path)).headers["etag"] == current.headers["etag"]


async def test_if_match_on_a_missing_part_is_412(rest: Rest) -> None:
    problem_of(await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"}, if_match="*"), 412)
    problem_of(await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"}, if_match='"1"'), 412)


async def test_if_match_takes_a_list_and_any(rest: Rest) -> None:
    tag = (await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})).headers["etag"]
    for condition in (f'"999", {tag}', "*"):
        answer = await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"}, if_match=condition)
        assert answer.status_code == 200, condition


async def test_concurrent_writers_lose_nothing(rest: Rest) -> None:
    names = [f"t{n}" for n in range(6)]
    answers = await asyncio.gather(*[rest.request("PUT", f"{SHOP}/teams/{n}", {"name": n}) for n in names])
    assert {answer.status_code for answer in answers} == {201}
    listed = (await rest.request("GET", f"{SHOP}/teams")).json()["items"]
    assert {item["id"] for item in listed} == {*names, "default"}


async def test_a_concurrent_write_makes_if_match_stale(rest: Rest) -> None:
    tag = (await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})).headers["etag"]
    rest.store.before_commit = lambda _: rename_team(rest, "Rival")
    problem_of(await rest.request("PUT", f"{SHOP}/teams/t", {"name": "Mine"}, if_match=tag), 412)
    assert (await rest.request("GET", f"{SHOP}/teams/t")).json()["name"] == "Rival"


async def test_a_concurrent_write_of_another_part_is_kept(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})
    rest.store.before_commit = lambda _: rename_team(rest, "Rival")
    assert (await rest.request("PUT", f"{SHOP}/routing", {"rules": []})).status_code == 201
    assert (await rest.request("GET", f"{SHOP}/teams/t")).json()["name"] == "Rival"


async def test_endless_conflicts_are_503(rest: Rest) -> None:
    def again(_: Changes) -> None:
        rename_team(rest, f"Rival {len(rest.store.documents)}")
        rest.store.before_commit = again

    await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})
    before = await version(rest)
    rest.store.before_commit = again
    answer = await rest.request("PUT", f"{SHOP}/routing", {"rules": []})
    problem_of(answer, 503)
    assert await version(rest) == before + MAX_ATTEMPTS


def rename_team(rest: Rest, name: str) -> None:
    """What another process would commit."""
    head = rest.store.documents[Key(CONFIGURATION_HEADS.name, "shop")]
    current: dict[str, Any] = rest.store.documents[Key(CONFIGURATIONS.name, f"shop/{head['version']}")]
    number = int(str(head["version"])) + 1
    team = {"body": {"name": name}, "version": number, "at": current["profile"]["at"]}
    changed = current | {"version": number, "teams": {"t": team}}
    rest.store.documents[Key(CONFIGURATIONS.name, f"shop/{number}")] = changed
    rest.store.documents[Key(CONFIGURATION_HEADS.name, "shop")] = {"workspace": "shop", "version": number}
