"""Agents and presence over REST: commands on `routing`, judged by dispatch, answered like any resource."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from schemas.commands import CommandResult
from schemas.configuration import AgentBody
from schemas.envelope import Event
from schemas.routing import PresenceSet
from schemas.values import Problem
from services.records.agents import AGENTS, AgentRecord, agent_id
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of

SARA = "/v1/workspaces/shop/agents/sara"
BODY = {"name": "Sara", "teams": ["default"], "skills": {"lang:fa": 5}}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        opened.outcome_for = lambda event: obeyed(opened, event)
        yield opened


def obeyed(rest: Rest, event: Event) -> CommandResult:
    """Keep agents as dispatch does."""
    place = agent_id("shop", str(event.data["agent"]))
    held = rest.store.find(AGENTS, place)
    if event.type == "pasokh.routing.agent_deleted":
        rest.store.documents = {k: d for k, d in rest.store.documents.items() if k.id != place}
        return rest.outcome(event)
    rest.store.insert(AGENTS, place, changed(event, held))
    return rest.outcome(event, result=str(event.data["agent"]), created=held is None)


def changed(event: Event, held: AgentRecord | None) -> AgentRecord:
    if event.type == "pasokh.routing.presence_set":
        assert held is not None
        given = PresenceSet.model_validate(event.data)
        return replace(
            held,
            presence=given.status,
            presence_declared=given.status,
            presence_reason=given.reason,
            presence_since=START,
            presence_version=held.presence_version + 1,
        )
    body = AgentBody.model_validate(event.data["body"])
    if held is None:
        return AgentRecord(workspace="shop", id=str(event.data["agent"]), body=body, at=START)
    return replace(held, body=body, version=held.version + 1)


async def test_an_agent_is_made_then_replaced(rest: Rest) -> None:
    created = await rest.request("PUT", SARA, BODY)
    assert created.status_code == 201
    assert created.json() == {
        "id": "sara", "name": "Sara", "teams": ["default"], "skills": {"lang:fa": 5}, "capacity": 4,
        "role": "agent", "presence": "offline", "presence_declared": "offline", "presence_reason": None, "presence_since": None, "presence_next": None, "limits": {}, "load": 0, "over": 0, "leased": False, "wrap_ups": [], "idle_since": None, "warnings": [],
    }  # fmt: skip
    replaced = await rest.request("PUT", SARA, BODY | {"capacity": 2})
    assert (replaced.status_code, replaced.json()["capacity"]) == (200, 2)
    assert created.headers["etag"] != replaced.headers["etag"] == (await rest.request("GET", SARA)).headers["etag"]


async def test_the_command_goes_to_the_workspace_with_the_condition(rest: Rest) -> None:
    await rest.request("PUT", SARA, BODY, if_match='"7"')
    [event] = rest.events
    assert (event.type, event.partitionkey) == ("pasokh.routing.agent_put", "shop")
    assert event.data["if_match"] == '"7"'
    assert [topic for (topic, _), log in rest.bus.logs.items() if log] == ["routing"]


async def test_a_stale_write_that_dispatch_refuses_is_412(rest: Rest) -> None:
    problem = Problem(status=412, title="Precondition failed", detail="read it again")
    rest.outcome_for = lambda event: rest.outcome(event, status="refused", problem=problem)
    problem_of(await rest.request("PUT", SARA, BODY, if_match='"1"'), 412)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"teams": []}, "/teams"),
        ({"teams": ["default", "nobody"]}, "/teams/1"),
        ({"skills": {"lang:fa": 6}}, "/skills/lang:fa"),
        ({"capacity": 0}, "/capacity"),
        ({"presence": "online"}, "/presence"),
    ],
)
async def test_an_agent_that_cannot_be_is_422_and_no_command(rest: Rest, change: dict[str, Any], pointer: str) -> None:
    problem = problem_of(await rest.request("PUT", SARA, BODY | change), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert not rest.events


async def test_presence_is_set_and_read(rest: Rest) -> None:
    await rest.request("PUT", SARA, BODY)
    answer = await rest.request("PUT", f"{SARA}/presence", {"status": "away", "reason": "lunch"})
    shape = {"status": "away", "presence_declared": "away", "presence_reason": "lunch"}
    assert (answer.status_code, shape.items() <= answer.json().items()) == (200, True)
    assert datetime.fromisoformat(answer.json()["presence_since"]) == START
    shown = await rest.request("GET", f"{SARA}/presence")
    assert (shown.json(), shown.headers["etag"]) == (answer.json(), answer.headers["etag"])
    agent = (await rest.request("GET", SARA)).json()
    assert (agent["presence"], agent["presence_reason"]) == ("away", "lunch")


@pytest.mark.parametrize("reason", ["", " ", "x" * 101])
async def test_reason_of_a_presence_is_short_and_shows(rest: Rest, reason: str) -> None:
    await rest.request("PUT", SARA, BODY)
    problem_of(await rest.request("PUT", f"{SARA}/presence", {"status": "away", "reason": reason}), 422)


async def test_presence_that_is_none_is_422(rest: Rest) -> None:
    await rest.request("PUT", SARA, BODY)
    problem_of(await rest.request("PUT", f"{SARA}/presence", {"status": "sleeping"}), 422)


async def test_an_agent_that_is_not_there_is_404_before_the_body(rest: Rest) -> None:
    problem_of(await rest.request("GET", SARA), 404)
    problem_of(await rest.request("DELETE", SARA), 404)
    problem_of(await rest.request("PUT", f"{SARA}/presence", {"status": "sleeping"}), 404)
    assert not rest.events


async def test_a_deleted_agent_is_gone(rest: Rest) -> None:
    await rest.request("PUT", SARA, BODY)
    answer = await rest.request("DELETE", SARA)
    assert (answer.status_code, answer.content) == (204, b"")
    problem_of(await rest.request("GET", SARA), 404)


async def test_agents_are_listed_by_id_in_pages(rest: Rest) -> None:
    for name in ("c", "a", "b"):
        await rest.request("PUT", f"/v1/workspaces/shop/agents/{name}", BODY)
    first = (await rest.request("GET", "/v1/workspaces/shop/agents?limit=2")).json()
    second = (await rest.request("GET", f"/v1/workspaces/shop/agents?limit=2&cursor={first['next']}")).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ["a", "b", "c"]
    assert second["next"] is None


async def test_a_slow_dispatch_is_202(rest: Rest) -> None:
    rest.outcome_for = None
    answer = await rest.request("PUT", SARA, BODY, prefer="respond-async")
    assert answer.status_code == 202
    assert (await rest.request("GET", answer.headers["location"])).json() == {"status": "pending"}


async def test_an_id_that_is_none_is_422(rest: Rest) -> None:
    problem_of(await rest.request("PUT", "/v1/workspaces/shop/agents/Sara", BODY), 422)
    assert not rest.events


async def test_nothing_is_written_in_a_workspace_that_does_not_exist(rest: Rest) -> None:
    problem_of(await rest.request("PUT", "/v1/workspaces/nobody/agents/sara", BODY), 404)
    problem_of(await rest.request("GET", "/v1/workspaces/nobody/agents"), 404)


async def test_what_was_written_of_an_agent_can_be_read_and_written_back(rest: Rest) -> None:
    body = BODY | {"limits": {"mail": 2, "call": 1}, "role": "lead"}
    shown = (await rest.request("PUT", SARA, body)).json()
    assert {name: shown[name] for name in body} == body
    assert (await rest.request("GET", SARA)).json()["limits"] == {"mail": 2, "call": 1}
