"""Mentions over REST: who may be called to a conversation, and what becomes of the note."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from schemas.commands import AddNote
from services.records.conversations import CONVERSATIONS
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import SHOP, bound_key, put_agent
from tests.router.test_routes import conversation

ONE = f"{SHOP}/conversations/c1"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        put_agent(opened, "sara")
        put_agent(opened, "reza")
        put_agent(opened, "leila", role="lead")
        put_agent(opened, "omar", teams=("billing",))
        opened.store.insert(CONVERSATIONS, "c1", conversation("c1", agent="sara", status="assigned"))
        opened.outcome_for = lambda event: opened.outcome(event, result="c1")
        yield opened


async def note(rest: Rest, *agents: str, **given: Any) -> httpx2.Response:
    return await rest.request(
        "POST", f"{ONE}/notes", {"agent": "sara", "text": "look", "mentions": list(agents)}, **given
    )


async def test_a_note_names_its_author_and_whom_it_calls(rest: Rest) -> None:
    assert (await note(rest, "reza", "leila")).status_code == 200
    sent = rest.events[-1].payload_as(AddNote)
    assert (sent.agent, sent.agent_name, sent.mentions) == ("sara", "Sara", ["reza", "leila"])


@pytest.mark.parametrize("unseen", ["omar", "nobody"])
async def test_who_may_not_see_it_is_not_called_and_nothing_is_noted(rest: Rest, unseen: str) -> None:
    problem = problem_of(await note(rest, "reza", unseen, accept_language="lv"), 422)
    assert (problem["code"], problem["reason"], problem["params"]) == (
        "not_theirs_to_see",
        "mention_unseen",
        {"agent": unseen},
    )
    assert [error["pointer"] for error in problem["errors"]] == ["/mentions/1"]
    assert problem["detail"] == f"{unseen} nedrīkst redzēt šo sarunu, tāpēc piezīme šeit viņu nevar pasaukt."
    assert rest.events == []


async def test_where_agents_see_their_own_only_a_lead_is_called(rest: Rest) -> None:
    await rest.request("PUT", SHOP, {"name": "Shop", "settings": {"visibility": "own"}})
    problem_of(await note(rest, "reza"), 422)
    assert (await note(rest, "leila", "sara")).status_code == 200


@pytest.mark.parametrize("agents", [["reza", "reza"], [f"a{n}" for n in range(21)]])
async def test_each_is_named_once_and_at_most_twenty(rest: Rest, agents: list[str]) -> None:
    assert [e["pointer"] for e in problem_of(await note(rest, *agents), 422)["errors"]] == ["/mentions"]


async def test_a_repeated_note_without_mentions_is_known_by_the_hash_of_earlier_versions(rest: Rest) -> None:
    body = {"agent": "sara", "text": "look"}
    await rest.request("POST", f"{ONE}/notes", body, idempotency_key="k")
    plain = rest.events[-1].data["request_hash"]
    await rest.request("POST", f"{ONE}/notes", {**body, "mentions": []}, idempotency_key="k2")
    assert rest.events[-1].data["request_hash"] == plain
    await rest.request("POST", f"{ONE}/notes", {**body, "mentions": ["reza"]}, idempotency_key="k3")
    assert rest.events[-1].data["request_hash"] != plain


async def test_the_list_of_those_who_may_see_it(rest: Rest) -> None:
    shown = (await rest.request("GET", f"{ONE}/agents")).json()
    assert shown == {
        "items": [
            {"id": "leila", "name": "Leila", "presence": "offline"},
            {"id": "reza", "name": "Reza", "presence": "offline"},
            {"id": "sara", "name": "Sara", "presence": "offline"},
        ],
        "next": None,
    }
    key = await bound_key(rest, "omar")
    problem_of(await rest.request("GET", f"{ONE}/agents", authorization=key), 404)
