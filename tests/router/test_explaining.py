"""To try a case over REST: the rule, the agent and the reason are those that dispatch would decide, and nothing changes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from schemas.configuration import AgentBody
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.tasks import TASKS, TaskRecord
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of

SHOP = "/v1/workspaces/shop"
EXPLAIN = f"{SHOP}/routing/explain"
STEPS = [{"after_seconds": 60, "skills": {"lang:{language}": 2}}, {"after_seconds": 120, "add_teams": ["care"]}]
RULES = [
    {"when": {"channel": "email"}, "then": {"team": "care", "priority": "low"}},
    {"when": {"sensitive": True}, "then": {"team": "sales", "priority": "urgent"}},
    {"when": {"language": "fa"}, "then": {"team": "sales", "skills": {"lang:{language}": 4}, "relax": STEPS}},
]


def agent(
    rest: Rest, name: str, teams: Sequence[str], fa: int = 0, presence: str = "online", capacity: int = 1
) -> None:
    body = AgentBody.model_validate(
        {"name": name.title(), "teams": list(teams), "skills": {"lang:fa": fa} if fa else {}, "capacity": capacity}
    )
    record = AgentRecord(workspace="shop", id=name, body=body, at=START, presence=presence)  # type: ignore[arg-type]
    rest.store.insert(AGENTS, agent_id("shop", name), record)


def task(rest: Rest, name: str, team: str, holder: str | None = None) -> None:
    known = TaskRecord(
        conversation=name,
        key=f"shop/telegram:main:{name}",
        workspace="shop",
        channel="telegram",
        account="main",
        surface="private",
        team=team,
        queued_at=START,
        rule="default",
        config_version=1,
    )
    rest.store.insert(TASKS, name, replace(known, agent=holder, state="assigned" if holder else "waiting"))


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    """Sales: Sara speaks Persian well and is full, Ali a little, Zoe best and is away. Care: Bea speaks it well too."""
    async with open_rest() as opened:
        await opened.workspace()
        for team in ("sales", "care"):
            await opened.request("PUT", f"{SHOP}/teams/{team}", {"name": team})
        assert (await opened.request("PUT", f"{SHOP}/routing", {"rules": RULES})).status_code == 201
        agent(opened, "sara", ["sales"], fa=5)
        agent(opened, "ali", ["sales"], fa=2)
        agent(opened, "zoe", ["sales"], fa=5, presence="away")
        agent(opened, "bea", ["care"], fa=4)
        task(opened, "c1", "sales", "sara")
        yield opened


@pytest.mark.parametrize(
    ("body", "rule", "agent", "excluded"),
    [
        ({"language": "fa"}, "rule 3", None, {"team": 1, "skills": 1, "presence": 1, "capacity": 1}),
        (
            {"language": "fa", "waited_seconds": 59},
            "rule 3",
            None,
            {"team": 1, "skills": 1, "presence": 1, "capacity": 1},
        ),
        ({"language": "fa", "waited_seconds": 60}, "rule 3", "ali", {"team": 1, "presence": 1, "capacity": 1}),
        ({"language": "fa", "waited_seconds": 120}, "rule 3", "ali", {"presence": 1, "capacity": 1}),
        (
            {"language": ["fa", "en"], "channel": "telegram"},
            "rule 3",
            None,
            {"team": 1, "skills": 1, "presence": 1, "capacity": 1},
        ),
        ({"channel": "email", "language": "fa"}, "rule 1", "bea", {"team": 3}),
        ({"sensitive": True}, "rule 2", "ali", {"team": 1, "presence": 1, "capacity": 1}),
        ({}, "default", None, {"team": 4}),
    ],
)
async def test_a_case_is_decided_as_its_rule_and_the_agents_of_now_have_it(
    rest: Rest, body: dict[str, Any], rule: str, agent: str | None, excluded: dict[str, int]
) -> None:
    before, told = dict(rest.store.documents), len(rest.events)
    answer = await rest.request("POST", EXPLAIN, body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    assert (found["rule"], found["agent"], found["excluded"]) == (rule, agent, excluded)
    assert found["outcome"] == ("assigned" if agent else "waiting")
    assert rest.store.documents == before
    assert len(rest.events) == told


async def test_the_reason_is_in_the_language_of_who_asked(rest: Rest) -> None:
    answer = await rest.request("POST", EXPLAIN, {"sensitive": True}, **{"accept-language": "fa"})
    assert "سپرده شد" in answer.json()["summary"]


async def test_where_agents_are_asked_first_it_would_be_offered(rest: Rest) -> None:
    own = {"name": "care", "settings": {"offer_mode": "offer"}}
    assert (await rest.request("PUT", f"{SHOP}/teams/care", own)).status_code == 200
    assert (await rest.request("POST", EXPLAIN, {"channel": "email"})).json()["outcome"] == "offered"
    assert (await rest.request("POST", EXPLAIN, {"sensitive": True})).json()["outcome"] == "assigned"


@pytest.mark.parametrize(
    ("overflow", "waited", "agent"),
    [
        ({"max_waiting": 1}, 0, "bea"),
        ({"max_waiting": 2}, 0, None),
        ({"max_wait_seconds": 30}, 29, None),
        ({"max_wait_seconds": 30}, 30, "bea"),
    ],
)
async def test_a_full_queue_and_a_long_wait_bring_the_other_team_in(
    rest: Rest, overflow: dict[str, int], waited: float, agent: str | None
) -> None:
    own = {"name": "sales", "settings": {"overflow": {"to_team": "care", **overflow}}}
    assert (await rest.request("PUT", f"{SHOP}/teams/sales", own)).status_code == 200
    task(rest, "c2", "sales")
    found = (await rest.request("POST", EXPLAIN, {"language": "fa", "waited_seconds": waited})).json()
    assert found["agent"] == agent


async def test_a_call_takes_the_units_that_the_workspace_says(rest: Rest) -> None:
    body = {"name": "Shop", "settings": {"work_units": {"public": 3}}}
    assert (await rest.request("PUT", SHOP, body)).status_code == 200
    agent(rest, "two", ["default"], capacity=4)
    task(rest, "c2", "default", "two")
    task(rest, "c3", "default", "two")
    for surface, taker in (("private", "two"), ("public", None)):
        assert (await rest.request("POST", EXPLAIN, {"surface": surface})).json()["agent"] == taker


@pytest.mark.parametrize("body", [{"skill": "fa"}, {"surface": "secret"}, {"waited_seconds": -1}])
async def test_a_case_that_cannot_be_is_refused(rest: Rest, body: dict[str, Any]) -> None:
    problem_of(await rest.request("POST", EXPLAIN, body), 422)
