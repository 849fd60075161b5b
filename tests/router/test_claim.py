"""To claim a conversation over REST: what dispatch is told, what it answers, and who may take over."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.commands import CommandResult
from schemas.envelope import Event
from schemas.routing import TaskClaim
from schemas.values import Problem
from services.records.conversations import CONVERSATIONS
from services.router.conversations.domain import transitions
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import bound_key, put_agent
from tests.router.test_routes import conversation

SHOP = "/v1/workspaces/shop"
CLAIM = f"{SHOP}/conversations/c1/claim"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    """Sara, Reza and their lead Lena; the conversation waits, and dispatch gives it to whoever claims it."""
    async with open_rest() as opened:
        await opened.workspace()
        put_agent(opened, "sara")
        put_agent(opened, "reza")
        put_agent(opened, "lena", role="lead")
        opened.store.insert(CONVERSATIONS, "c1", conversation("c1", status="waiting", agent=None))

        def give(event: Event) -> CommandResult:
            agent = str(event.data["agent"])
            opened.store.insert(CONVERSATIONS, "c1", conversation("c1", status="assigned", agent=agent))
            return opened.outcome(event, result="c1")

        opened.outcome_for = give
        yield opened


async def test_a_claim_answers_the_conversation_with_its_agent(rest: Rest) -> None:
    answer = await rest.request("POST", CLAIM, {"agent": "sara"})
    assert (answer.status_code, answer.json()["agent"], answer.json()["status"]) == (200, "sara", "assigned")
    [event] = rest.events
    assert (event.type, event.partitionkey) == ("pasokh.routing.task_claim", "shop")
    told = {name: event.data[name] for name in ("agent", "conversation", "from_agent", "over_capacity")}
    assert told == {"agent": "sara", "conversation": "c1", "from_agent": None, "over_capacity": False}


async def test_the_workspace_may_allow_claims_above_capacity(rest: Rest) -> None:
    body = {"name": "Shop", "settings": {"claim_over_capacity": True}}
    assert (await rest.request("PUT", SHOP, body)).status_code == 200
    await rest.request("POST", CLAIM, {"agent": "sara"})
    assert rest.events[-1].data["over_capacity"] is True


async def test_who_comes_second_is_told_who_has_it(rest: Rest) -> None:
    held = Problem(status=409, title="Taken", detail="reza has this conversation, or is offered it", code="held")
    rest.outcome_for = lambda event: rest.outcome(event, status="refused", problem=held, result=None)
    problem = problem_of(await rest.request("POST", CLAIM, {"agent": "sara"}), 409)
    assert "reza" in problem["detail"]


@pytest.mark.parametrize(
    ("caller", "body", "status"),
    [
        ("sara", {"from": "reza"}, 403),
        ("sara", {"from": "sara"}, 200),
        ("lena", {"from": "reza"}, 200),
        (None, {"from": "reza", "agent": "sara"}, 200),
        (None, {}, 422),
        (None, {"agent": "nobody"}, 422),
        ("sara", {"agent": "reza"}, 403),
    ],
)
async def test_only_a_lead_takes_over(rest: Rest, caller: str | None, body: dict[str, Any], status: int) -> None:
    headers = {"authorization": await bound_key(rest, caller)} if caller else {}
    answer = await rest.request("POST", CLAIM, body, **headers)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert rest.events[-1].data["from_agent"] == body["from"]
    else:
        assert not rest.events


async def test_a_finished_conversation_is_reopened_first(rest: Rest) -> None:
    rest.store.insert(CONVERSATIONS, "c1", conversation("c1", status="resolved", agent=None))
    problem = problem_of(await rest.request("POST", CLAIM, {"agent": "sara"}), 409)
    assert problem["title"] == "Conversation is finished"
    assert not rest.events


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Only a lead"), ("fa", "سرپرست"), ("ar", "قائد"), ("lv-LV, en;q=0.5", "vadītājs")]
)
async def test_a_refusal_is_in_the_language_of_who_asked(rest: Rest, language: str, words: str) -> None:
    headers = {"authorization": await bound_key(rest, "sara"), "accept-language": language}
    problem = problem_of(await rest.request("POST", CLAIM, {"from": "reza"}, **headers), 403)
    assert words in problem["detail"]
    assert problem["reason"] == "only_lead_takes_over"


@pytest.mark.parametrize(
    ("path", "language", "words"), [("conversations/c9", "fa", "گفتگوی"), ("agents/zoe", "lv", "Šajā")]
)
async def test_what_is_not_there_is_named_in_the_language_of_who_asked(
    rest: Rest, path: str, language: str, words: str
) -> None:
    problem = problem_of(await rest.request("GET", f"{SHOP}/{path}", **{"accept-language": language}), 404)
    assert words in problem["detail"]
    assert problem["params"]


@pytest.mark.parametrize(
    ("caller", "body", "status"),
    [
        ("sara", {"over_capacity": True}, 403),
        ("lena", {"over_capacity": True}, 200),
        ("omid", {"over_capacity": True}, 403),
        ("omid", {"from": "reza"}, 403),
        (None, {"over_capacity": True, "agent": "sara"}, 200),
    ],
)
async def test_only_a_lead_of_its_team_takes_over_or_takes_above_capacity(
    rest: Rest, caller: str | None, body: dict[str, Any], status: int
) -> None:
    # Omid has it himself, so that he sees it, and leads another team.
    put_agent(rest, "omid", role="lead", teams=("billing",))
    holder = "omid" if caller == "omid" else None
    rest.store.insert(CONVERSATIONS, "c1", conversation("c1", status="assigned" if holder else "waiting", agent=holder))
    headers = {"authorization": await bound_key(rest, caller)} if caller else {}
    answer = await rest.request("POST", CLAIM, body, **headers)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert rest.events[-1].data["over_capacity"] is True


async def test_what_was_answered_elsewhere_is_claimed_with_its_task(rest: Rest) -> None:
    rest.store.insert(CONVERSATIONS, "c1", conversation("c1", status="pending", agent=None))
    assert (await rest.request("POST", CLAIM, {"agent": "sara"})).status_code == 200
    assert TaskClaim.model_validate(rest.events[-1].data).task == transitions.task(
        conversation("c1", status="pending", agent=None)
    )
