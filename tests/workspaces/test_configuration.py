"""Workspaces, teams, routing and SLA policies: versions, conditions, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest

from schemas.configuration import AgentBody
from services.platform.store.port import Changes, Key
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS, ConfigurationHead, read_configuration
from services.records.tasks import TASKS, TaskRecord
from services.workspaces.configuration_update import MAX_ATTEMPTS
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of

SHOP = "/v1/workspaces/shop"
RULES = {"rules": [{"when": {"language": "fa"}, "then": {"team": "persian", "skills": {"lang:{language}": 3}}}]}
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


async def test_a_put_creates_then_replaces_and_a_get_shows_it(rest: Rest) -> None:
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
async def test_an_id_that_is_none_is_422(rest: Rest, name: str) -> None:
    problem = problem_of(await rest.request("PUT", f"/v1/workspaces/{name}", {"name": "x"}), 422)
    assert problem["errors"][0]["pointer"] == "/path/workspace"


async def test_workspaces_are_listed_to_who_sees_them(rest: Rest) -> None:
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


async def test_if_match_on_what_is_not_there_is_412(rest: Rest) -> None:
    problem_of(await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"}, if_match="*"), 412)
    problem_of(await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"}, if_match='"1"'), 412)


async def test_if_match_takes_a_list_and_any(rest: Rest) -> None:
    tag = (await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})).headers["etag"]
    for condition in (f'"999", {tag}', "*"):
        answer = await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"}, if_match=condition)
        assert answer.status_code == 200, condition


async def test_the_team_default_always_exists_and_cannot_go(rest: Rest) -> None:
    assert (await rest.request("GET", f"{SHOP}/teams/default")).json() == {"id": "default", "name": "Default"}
    problem_of(await rest.request("DELETE", f"{SHOP}/teams/default"), 409)
    renamed = await rest.request("PUT", f"{SHOP}/teams/default", {"name": "Everybody"})
    assert renamed.status_code == 200
    assert (await rest.request("GET", f"{SHOP}/teams")).json()["items"] == [{"id": "default", "name": "Everybody"}]


async def test_teams_are_listed_in_pages(rest: Rest) -> None:
    for team in ("c", "a", "b"):
        await rest.request("PUT", f"{SHOP}/teams/{team}", {"name": team.upper()})
    seen, cursor = [], ""
    while cursor is not None:
        page = (await rest.request("GET", f"{SHOP}/teams?limit=3" + (f"&cursor={cursor}" if cursor else ""))).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == ["a", "b", "c", "default"]


async def test_a_deleted_team_is_gone(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})
    assert (await rest.request("DELETE", f"{SHOP}/teams/t")).status_code == 204
    problem_of(await rest.request("GET", f"{SHOP}/teams/t"), 404)
    problem_of(await rest.request("DELETE", f"{SHOP}/teams/t"), 404)


async def test_a_team_that_rules_policies_or_agents_name_stays(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/persian", {"name": "P"})
    await rest.request("PUT", f"{SHOP}/routing", RULES)
    problem = problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)
    assert "routing rule 1" in str(problem["detail"])
    await rest.request("PUT", f"{SHOP}/routing", {"rules": []})
    await rest.request("PUT", f"{SHOP}/sla", {"policies": [POLICY | {"when": {"team": ["persian"]}}]})
    assert "'fast'" in str(problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)["detail"])
    await rest.request("PUT", f"{SHOP}/sla", {"policies": []})
    agent = AgentRecord(workspace="shop", id="sara", body=AgentBody(name="Sara", teams=["persian"]), at=START)
    rest.store.insert(AGENTS, agent_id("shop", "sara"), agent)
    assert "'sara'" in str(problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)["detail"])


@pytest.mark.parametrize("state", ["waiting", "assigned"])
async def test_a_team_that_open_conversations_are_with_stays(rest: Rest, state: Literal["waiting", "assigned"]) -> None:
    await rest.request("PUT", f"{SHOP}/teams/persian", {"name": "P"})
    task = TaskRecord(
        conversation="c",
        key="shop/telegram:main:1",
        workspace="shop",
        channel="telegram",
        account="main",
        surface="private",
        team="persian",
        queued_at=START,
        rule="rule 1",
        config_version=1,
        state=state,
    )
    rest.store.insert(TASKS, "c", task)
    problem = problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)
    assert "Resolve them first" in str(problem["detail"])


async def test_rules_read_as_they_were_written(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/persian", {"name": "P"})
    assert (await rest.request("GET", f"{SHOP}/routing")).json() == {"rules": [], "warnings": []}
    assert (await rest.request("PUT", f"{SHOP}/routing", RULES)).status_code == 201
    then = RULES["rules"][0]["then"] | {"priority": "normal"}  # type: ignore[operator]
    shown = (await rest.request("GET", f"{SHOP}/routing")).json()
    assert shown["rules"] == [{"when": {"language": "fa"}, "then": then}]
    assert (await rest.request("PUT", f"{SHOP}/routing", shown)).status_code == 200


@pytest.mark.parametrize("name", ["tier", "tag"])
async def test_what_no_conversation_has_yet_cannot_be_asked_for(rest: Rest, name: str) -> None:
    rules = await rest.request("PUT", f"{SHOP}/routing", {"rules": [{}, {"when": {name: "gold"}}]})
    assert [error["pointer"] for error in problem_of(rules, 422)["errors"]] == [f"/rules/1/when/{name}"]
    policies = await rest.request("PUT", f"{SHOP}/sla", {"policies": [{**POLICY, "when": {name: ["gold"]}}]})
    assert [error["pointer"] for error in problem_of(policies, 422)["errors"]] == [f"/policies/0/when/{name}"]


async def test_a_rule_for_a_team_that_does_not_exist_is_422(rest: Rest) -> None:
    problem = problem_of(await rest.request("PUT", f"{SHOP}/routing", {"rules": [{}, *RULES["rules"]]}), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/rules/1/then/team"]
    assert "PUT …/teams/persian" in str(problem["detail"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"policies": [POLICY, POLICY]}, "/policies/1/id"),
        ({"policies": [POLICY | {"when": {"team": ["default", "nobody"]}}]}, "/policies/0/when/team"),
        (
            {"policies": [POLICY | {"targets": {"first_response_seconds": 0}}]},
            "/policies/0/targets/first_response_seconds",
        ),
        ({"policies": [POLICY | {"escalate": {"team": "nobody"}}]}, "/policies/0/escalate/team"),
        ({"policies": [POLICY | {"escalate": {"on": "breached"}}]}, "/policies/0/escalate"),
        ({"policies": [POLICY | {"warn_at": [1.5]}]}, "/policies/0/warn_at/0"),
        ({"policies": [POLICY | {"id": "Not A Slug"}]}, "/policies/0/id"),
        ({"policies": [POLICY | {"calendar": {"hours": {}}}]}, "/policies/0/calendar"),
        ({}, "/policies"),
    ],
)
async def test_policies_that_cannot_hold_are_422(rest: Rest, body: dict[str, Any], pointer: str) -> None:
    problem = problem_of(await rest.request("PUT", f"{SHOP}/sla", body), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_policy_reads_as_it_was_written(rest: Rest) -> None:
    calendar = {"timezone": "Europe/Riga", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-03-21"]}
    escalate = {"on": "warned", "priority": "urgent", "team": "default"}
    policy = POLICY | {"warn_at": [0.5], "calendar": calendar, "escalate": escalate}
    await rest.request("PUT", f"{SHOP}/sla", {"policies": [policy]})
    assert (await rest.request("GET", f"{SHOP}/sla")).json() == {"policies": [policy]}


@pytest.mark.parametrize("path", ["", "/teams", "/teams/t", "/routing", "/sla", "/accounts"])
async def test_nothing_is_read_of_a_workspace_that_does_not_exist(rest: Rest, path: str) -> None:
    problem_of(await rest.request("GET", f"/v1/workspaces/nobody{path}"), 404)


@pytest.mark.parametrize(("path", "body"), [("/teams/t", {"name": "T"}), ("/routing", {"rules": []})])
async def test_nothing_is_written_below_a_workspace_that_does_not_exist(
    rest: Rest, path: str, body: dict[str, Any]
) -> None:
    problem_of(await rest.request("PUT", f"/v1/workspaces/nobody{path}", body), 404)


async def test_writers_at_once_lose_nothing(rest: Rest) -> None:
    names = [f"t{n}" for n in range(6)]
    answers = await asyncio.gather(*[rest.request("PUT", f"{SHOP}/teams/{n}", {"name": n}) for n in names])
    assert {answer.status_code for answer in answers} == {201}
    listed = (await rest.request("GET", f"{SHOP}/teams")).json()["items"]
    assert {item["id"] for item in listed} == {*names, "default"}


async def test_a_rival_who_was_first_makes_if_match_stale(rest: Rest) -> None:
    tag = (await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})).headers["etag"]
    rest.store.before_commit = lambda _: rename_team(rest, "Rival")
    problem_of(await rest.request("PUT", f"{SHOP}/teams/t", {"name": "Mine"}, if_match=tag), 412)
    assert (await rest.request("GET", f"{SHOP}/teams/t")).json()["name"] == "Rival"


async def test_a_rival_who_was_first_is_kept_by_who_writes_another_part(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/t", {"name": "T"})
    rest.store.before_commit = lambda _: rename_team(rest, "Rival")
    assert (await rest.request("PUT", f"{SHOP}/routing", {"rules": []})).status_code == 201
    assert (await rest.request("GET", f"{SHOP}/teams/t")).json()["name"] == "Rival"


async def test_rivals_without_end_are_503(rest: Rest) -> None:
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
