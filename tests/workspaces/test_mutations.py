"""What a team, routing rules and SLA policies may name, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.configuration import AgentBody
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.tasks import TASK_STATES, TASKS, TaskRecord, TaskState
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


async def test_the_team_default_always_exists_and_cannot_be_deleted(rest: Rest) -> None:
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


async def test_a_team_named_by_rules_policies_or_agents_is_not_deleted(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/persian", {"name": "P"})
    await rest.request("PUT", f"{SHOP}/routing", RULES)
    problem = problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)
    assert "routing rule 1" in str(problem["detail"])
    relaxed = {"then": {"relax": [{"after_seconds": 60, "add_teams": ["persian"]}]}}
    await rest.request("PUT", f"{SHOP}/routing", {"rules": [relaxed]})
    problem = problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)
    assert "routing rule 1" in str(problem["detail"])
    await rest.request("PUT", f"{SHOP}/routing", {"rules": []})
    await rest.request("PUT", f"{SHOP}/sla", {"policies": [POLICY | {"when": {"team": ["persian"]}}]})
    assert "'fast'" in str(problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)["detail"])
    await rest.request("PUT", f"{SHOP}/sla", {"policies": []})
    agent = AgentRecord(workspace="shop", id="sara", body=AgentBody(name="Sara", teams=["persian"]), at=START)
    rest.store.insert(AGENTS, agent_id("shop", "sara"), agent)
    assert "'sara'" in str(problem_of(await rest.request("DELETE", f"{SHOP}/teams/persian"), 409)["detail"])


@pytest.mark.parametrize(
    ("overflow", "pointer"),
    [
        ({"to_team": "nobody", "max_waiting": 3}, "/settings/overflow/to_team"),
        ({"to_team": "persian", "max_waiting": 3}, "/settings/overflow/to_team"),
        ({"to_team": "default"}, "/settings/overflow"),
    ],
)
async def test_a_queue_overflows_to_another_team_that_exists(
    rest: Rest, overflow: dict[str, object], pointer: str
) -> None:
    body = {"name": "P", "settings": {"overflow": overflow}}
    problem = problem_of(await rest.request("PUT", f"{SHOP}/teams/persian", body), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_team_that_takes_what_overflows_is_not_deleted(rest: Rest) -> None:
    await rest.request("PUT", f"{SHOP}/teams/help", {"name": "H"})
    body = {"name": "P", "settings": {"overflow": {"to_team": "help", "max_wait_seconds": 60}}}
    assert (await rest.request("PUT", f"{SHOP}/teams/persian", body)).status_code == 201
    problem = problem_of(await rest.request("DELETE", f"{SHOP}/teams/help"), 409)
    assert "the overflow of team 'persian'" in str(problem["detail"])


@pytest.mark.parametrize("state", TASK_STATES)
async def test_a_team_with_open_conversations_is_not_deleted(rest: Rest, state: TaskState) -> None:
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
async def test_a_trait_that_no_conversation_has_is_422(rest: Rest, name: str) -> None:
    rules = await rest.request("PUT", f"{SHOP}/routing", {"rules": [{}, {"when": {name: "gold"}}]})
    assert [error["pointer"] for error in problem_of(rules, 422)["errors"]] == [f"/rules/1/when/{name}"]
    policies = await rest.request("PUT", f"{SHOP}/sla", {"policies": [{**POLICY, "when": {name: ["gold"]}}]})
    assert [error["pointer"] for error in problem_of(policies, 422)["errors"]] == [f"/policies/0/when/{name}"]


async def test_a_rule_for_a_team_that_does_not_exist_is_422(rest: Rest) -> None:
    problem = problem_of(await rest.request("PUT", f"{SHOP}/routing", {"rules": [{}, *RULES["rules"]]}), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/rules/1/then/team"]
    assert "PUT …/teams/persian" in str(problem["detail"])


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        ({"after_seconds": 60, "add_teams": ["default", "nobody"]}, "/rules/0/then/relax/0/add_teams/1"),
        ({"after_seconds": 0, "drop_skills": ["vip"]}, "/rules/0/then/relax/0/after_seconds"),
        ({"after_seconds": 60}, "/rules/0/then/relax/0"),
        ({"after_seconds": 60, "skills": {"vip": 6}}, "/rules/0/then/relax/0/skills/vip"),
        ({"after_seconds": 60, "drop_skills": ["lang:{other}"]}, "/rules/0/then/relax/0/drop_skills/0"),
    ],
)
async def test_step_of_relaxation_that_cannot_be_is_422(rest: Rest, step: dict[str, object], pointer: str) -> None:
    rules = {"rules": [{"then": {"relax": [step]}}]}
    problem = problem_of(await rest.request("PUT", f"{SHOP}/routing", rules), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


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
async def test_invalid_policies_are_422(rest: Rest, body: dict[str, Any], pointer: str) -> None:
    problem = problem_of(await rest.request("PUT", f"{SHOP}/sla", body), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_policy_reads_as_it_was_written(rest: Rest) -> None:
    calendar = {"timezone": "Europe/Riga", "hours": {"mon": [["09:00", "17:00"]]}, "holidays": ["2026-03-21"]}
    escalate = {"on": "warned", "priority": "urgent", "team": "default"}
    policy = POLICY | {"warn_at": [0.5], "calendar": calendar, "escalate": escalate}
    await rest.request("PUT", f"{SHOP}/sla", {"policies": [policy]})
    assert (await rest.request("GET", f"{SHOP}/sla")).json() == {"policies": [policy]}


async def test_a_rule_by_sentiment_alone_is_refused(rest: Rest) -> None:
    alone = {"rules": [{"when": {}}, {"when": {"sentiment": "negative"}}]}
    problem = problem_of(await rest.request("PUT", f"{SHOP}/routing", alone), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/rules/1/when/sentiment"]
    beside = {"rules": [{"when": {"sentiment": "negative", "surface": "public"}}]}
    assert (await rest.request("PUT", f"{SHOP}/routing", beside)).status_code == 201


async def test_a_policy_by_sentiment_alone_is_refused(rest: Rest) -> None:
    alone = {"policies": [POLICY | {"when": {"sentiment": "negative"}}]}
    problem = problem_of(await rest.request("PUT", f"{SHOP}/sla", alone), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/policies/0/when/sentiment"]
    beside = {"policies": [POLICY | {"when": {"sentiment": "negative", "intent": "complaint"}}]}
    assert (await rest.request("PUT", f"{SHOP}/sla", beside)).status_code == 201
