"""Keys that are bound to an agent: who has one speaks as that agent only, in every body that names who acts."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from schemas.configuration import AgentBody
from services.composition import SINGLE_PROCESS, process_for
from services.platform.http.acting_agent import acting_field
from services.platform.http.json_body import JsonBody
from services.platform.http.service import Context
from services.platform.store.collections import RUNTIME_COLLECTIONS
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.conversations import CONVERSATIONS, MESSAGES
from services.records.offers import OFFERS, OfferRecord
from services.router import views
from tests.fakes import START, ManualTimeSource, MemoryBus, MemoryStore
from tests.rest import Rest, open_rest, problem_of, settings_with
from tests.router.test_routes import conversation, message

SHOP = "/v1/workspaces/shop"
KEY = {"name": "Sara's desk", "workspace": "shop", "agent": "sara", "scopes": ["desk"]}


def put_agent(rest: Rest, name: str, *, teams: tuple[str, ...] = ("default",), **fields: Any) -> None:
    body = AgentBody.model_validate({"name": name.title(), "teams": list(teams), "role": fields.pop("role", "agent")})
    record = AgentRecord(workspace="shop", id=name, body=body, at=START, **fields)
    rest.store.insert(AGENTS, agent_id("shop", name), record)


async def bound_key(rest: Rest, agent: str = "sara", *scopes: str) -> str:
    made = await rest.request("POST", "/v1/keys", {**KEY, "agent": agent, "scopes": list(scopes or ("desk",))})
    assert made.status_code == 201, made.text
    return f"Bearer {made.json()['secret']}"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        put_agent(opened, "sara", generation=7)
        put_agent(opened, "reza")
        yield opened


async def test_a_key_is_made_for_an_agent_and_listed_with_it(rest: Rest) -> None:
    made = await rest.request("POST", "/v1/keys", KEY)
    assert (made.status_code, made.json()["agent"]) == (201, "sara")
    assert [key["agent"] for key in (await rest.request("GET", "/v1/keys")).json()["items"]] == ["sara"]


async def test_a_repeated_request_for_a_key_names_the_agent_again(rest: Rest) -> None:
    first = await rest.request("POST", "/v1/keys", KEY, idempotency_key="k1")
    again = await rest.request("POST", "/v1/keys", KEY, idempotency_key="k1")
    assert again.json() == {k: v for k, v in first.json().items() if k != "secret"}
    problem_of(await rest.request("POST", "/v1/keys", {**KEY, "agent": "reza"}, idempotency_key="k1"), 409)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"agent": "nobody"}, "/agent"), ({"workspace": None}, "/agent"), ({"agent": "Not A Slug"}, "/agent")],
)
async def test_a_key_for_an_agent_who_is_not_there_is_refused(rest: Rest, change: dict[str, Any], pointer: str) -> None:
    problem = problem_of(await rest.request("POST", "/v1/keys", {**KEY, **change}), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_me_is_the_agent_of_the_key(rest: Rest) -> None:
    key = await bound_key(rest)
    for path in (f"{SHOP}/agents/me", f"{SHOP}/agents/sara"):
        assert (await rest.request("GET", path, authorization=key)).json()["id"] == "sara"
    assert (await rest.request("GET", f"{SHOP}/agents/me/presence", authorization=key)).json()["status"] == "offline"


async def test_me_is_nobody_without_an_agent(rest: Rest) -> None:
    for method, path in (("GET", "/agents/me"), ("GET", "/agents/me/presence"), ("PUT", "/agents/me/presence")):
        problem = problem_of(await rest.request(method, SHOP + path, {"status": "away"}), 409)
        assert problem["code"] == "key_of_no_agent"


async def test_no_agent_is_called_me(rest: Rest) -> None:
    problem = problem_of(await rest.request("PUT", f"{SHOP}/agents/me", {"name": "Me", "teams": ["default"]}), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/path/agent"]


async def test_an_agent_who_was_called_me_before_can_still_be_read(rest: Rest) -> None:
    put_agent(rest, "me")
    assert (await rest.request("GET", f"{SHOP}/agents/me")).json()["id"] == "me"
    assert (await rest.request("GET", f"{SHOP}/agents/me", authorization=await bound_key(rest))).json()["id"] == "sara"


@pytest.mark.parametrize("path", ["me", "sara"])
async def test_an_agent_sets_their_own_presence(rest: Rest, path: str) -> None:
    rest.outcome_for = lambda event: rest.outcome(event, result="sara")
    key = await bound_key(rest)
    answer = await rest.request("PUT", f"{SHOP}/agents/{path}/presence", {"status": "online"}, authorization=key)
    assert answer.status_code == 200
    assert [event.data["agent"] for event in rest.events] == ["sara"]


@pytest.mark.parametrize(
    ("role", "teams", "status"), [("agent", ("default",), 403), ("lead", ("default",), 200), ("lead", ("other",), 404)]
)
async def test_only_a_lead_of_the_team_sets_the_presence_of_others(
    rest: Rest, role: str, teams: tuple[str, ...], status: int
) -> None:
    rest.outcome_for = lambda event: rest.outcome(event, result="reza")
    put_agent(rest, "lena", teams=teams, role=role)
    key = await bound_key(rest, "lena")
    answer = await rest.request("PUT", f"{SHOP}/agents/reza/presence", {"status": "away"}, authorization=key)
    assert answer.status_code == status


async def test_a_key_ends_with_its_agent(rest: Rest) -> None:
    key = await bound_key(rest)
    record = rest.store.find(AGENTS, agent_id("shop", "sara"))
    assert record is not None
    rest.store.documents = {k: d for k, d in rest.store.documents.items() if k.collection != AGENTS.name}
    problem_of(await rest.request("GET", f"{SHOP}/teams", authorization=key), 401)
    # An agent who is made anew under the same id is another one.
    rest.store.insert(AGENTS, agent_id("shop", "sara"), replace(record, generation=8))
    problem_of(await rest.request("GET", f"{SHOP}/teams", authorization=key), 401)
    rest.store.insert(AGENTS, agent_id("shop", "sara"), record)
    assert (await rest.request("GET", f"{SHOP}/teams", authorization=key)).status_code == 200


# -- who acts ----------------------------------------------------------------------------------------------------------

CONVERSATION = f"{SHOP}/conversations/c1"
SPEAKS: list[tuple[str, dict[str, Any]]] = [
    (f"{CONVERSATION}/replies", {"text": "hello"}),
    (f"{CONVERSATION}/notes", {"text": "hello"}),
    (f"{CONVERSATION}/resolve", {}),
    (f"{CONVERSATION}/reopen", {}),
    (f"{CONVERSATION}/claim", {}),
    (f"{CONVERSATION}/signal", {"typing": "note"}),
    (f"{CONVERSATION}/call", {}),
    (f"{CONVERSATION}/snooze", {"for_seconds": 60}),
    (f"{CONVERSATION}/unsnooze", {}),
    (f"{CONVERSATION}/transfer", {"to_team": "default"}),
    (f"{CONVERSATION}/handoff/clear", {}),
    (f"{CONVERSATION}/handoff/confirm", {"person": "telegram:main:8"}),
    (f"{CONVERSATION}/priority", {"priority": "high"}),
    (f"{CONVERSATION}/sla/reapply", {}),
    (f"{SHOP}/offers/o1/accept", {}),
    (f"{SHOP}/offers/o1/decline", {"reason": "in a call"}),
    (f"{SHOP}/messages/m1/edit", {"text": "hello"}),
    (f"{SHOP}/messages/m1/delete", {}),
    (f"{SHOP}/messages/m1/hide", {}),
    (f"{SHOP}/messages/m1/unhide", {}),
    (f"{SHOP}/messages/m1/react", {"emoji": "+"}),
]
"""Every route whose body names who acts, with the rest of the body."""


@pytest.fixture
async def busy(rest: Rest) -> Rest:
    rest.store.insert(CONVERSATIONS, "c1", conversation("c1"))
    rest.store.insert(MESSAGES, "m1", message("m1", "1"))
    offer = OfferRecord(
        id="o1",
        workspace="shop",
        conversation="c1",
        agent="sara",
        made_at=START,
        expires_at=START + timedelta(seconds=30),
    )
    rest.store.insert(OFFERS, "o1", offer)
    rest.outcome_for = lambda event: rest.outcome(event, result="m1")
    return rest


@pytest.mark.parametrize(("path", "body"), SPEAKS)
@pytest.mark.parametrize("given", [{}, {"agent": "sara"}, {"agent": None}])
async def test_a_bound_caller_acts_as_the_agent_of_the_key(
    busy: Rest, path: str, body: dict[str, Any], given: dict[str, Any]
) -> None:
    key = await bound_key(busy, "sara", "write")
    answer = await busy.request("POST", path, {**body, **given}, authorization=key)
    assert answer.status_code in (200, 201, 204), answer.text
    assert [event.data["agent"] for event in busy.events] == ["sara"]


@pytest.mark.parametrize(("path", "body"), SPEAKS)
async def test_a_bound_caller_cannot_act_as_another(busy: Rest, path: str, body: dict[str, Any]) -> None:
    key = await bound_key(busy, "sara", "write")
    for named in ("reza", "nobody", 5):
        problem = problem_of(await busy.request("POST", path, {**body, "agent": named}, authorization=key), 403)
        assert problem["code"] == "another_agent"
    assert busy.events == []


async def test_without_a_body_a_bound_caller_acts_as_well(busy: Rest) -> None:
    answer = await busy.request("POST", f"{CONVERSATION}/resolve", authorization=await bound_key(busy))
    assert answer.status_code == 200
    assert [event.data["agent"] for event in busy.events] == ["sara"]


@pytest.mark.parametrize("body", [[], "text", {"text": 2**70}, {"text": 5}])
async def test_a_body_that_is_none_is_refused_as_for_others(busy: Rest, body: Any) -> None:
    answer = await busy.request("POST", f"{CONVERSATION}/replies", body, authorization=await bound_key(busy))
    problem_of(answer, 422)


async def test_a_key_of_no_agent_has_to_name_who_replies(busy: Rest) -> None:
    problem = problem_of(await busy.request("POST", f"{CONVERSATION}/replies", {"text": "hello"}), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/agent"]


async def test_every_route_that_names_who_acts_was_tried(rest: Rest) -> None:
    document = (await rest.client.get("/openapi.json")).json()
    ends = [
        re.escape(path).replace("shop", "[^/]+").replace("c1", "[^/]+").replace("m1", "[^/]+").replace("o1", "[^/]+")
        for path, _ in SPEAKS
    ]
    acting = {model.__name__ for model in await bodies_of_routes() if acting_field(model)}
    found = [
        path
        for path, operations in document["paths"].items()
        if str(operations.get("post", {}).get("requestBody")).partition("schemas/")[2].partition("'")[0] in acting
    ]
    # Those of the workspace, not of a conversation, have the same bodies.
    tried = {path for path in found if path not in OTHERS}
    assert len(tried) == len(SPEAKS)
    assert not [path for path in tried if not any(re.fullmatch(end, path) for end in ends)]


OTHERS = {
    "/v1/workspaces/{workspace}/messages",
    "/v1/workspaces/{workspace}/sla/reapply",
    # For leads: tests/router/test_customers.py.
    "/v1/workspaces/{workspace}/customers",
    "/v1/workspaces/{workspace}/customers/{customer}/part",
}

NAMES_NO_ACTOR = {"KeyBody": "the agent whom the key is bound to"}
"""Bodies with a field `agent` that is not who acts, and why."""


async def bodies_of_routes() -> set[type[BaseModel]]:
    """The models of all bodies."""
    process = process_for(SINGLE_PROCESS)
    context = Context(
        settings_with(), MemoryStore(*process.collections, *RUNTIME_COLLECTIONS), MemoryBus(), ManualTimeSource()
    )
    async with AsyncExitStack() as stack:
        parts = [await stack.enter_async_context(service(context)) for service in process.services]
        routes = [route for part in parts for router in part.routers for route in router.routes]
    return {body.model for route in routes for body in _bodies(getattr(route, "dependant", None))}


async def test_every_body_with_an_agent_says_whether_it_is_the_one_who_acts() -> None:
    with_agent = {model for model in await bodies_of_routes() if "agent" in model.model_fields}
    assert views.ReplyBody in with_agent
    unmarked = {model.__name__ for model in with_agent if acting_field(model) != "agent"}
    assert unmarked == set(NAMES_NO_ACTOR)


def _bodies(dependant: Any) -> list[JsonBody[Any]]:
    if dependant is None:
        return []
    found = [dependant.call] if isinstance(dependant.call, JsonBody) else []
    return found + [body for inner in dependant.dependencies for body in _bodies(inner)]
