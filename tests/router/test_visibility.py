"""What agents may see over REST: lists, search, messages to customers, transfers, and the stream of facts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.configuration import AgentBody
from schemas.decision import Candidate
from services.domain.conversation_state import Contact
from services.records.agents import AGENTS, agent_id
from services.records.conversations import CONVERSATIONS, MESSAGES, PERSONS
from services.records.decisions import DECISIONS, DecisionRecord
from services.records.desk import DESK_SESSIONS
from tests.fakes import START
from tests.rest import Rest, open_rest, problem_of
from tests.router.harness import StreamClient, StreamHarness, open_stream
from tests.router.test_bound_callers import KEY, SHOP, bound_key, put_agent
from tests.router.test_routes import conversation, message

MINE, THEIRS = "telegram:main:1", "telegram:main:2"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        for team in ("support", "billing"):
            await opened.request("PUT", f"{SHOP}/teams/{team}", {"name": team})
        put_agent(opened, "sara", teams=("support",))
        put_agent(opened, "reza", teams=("support",))
        put_agent(opened, "omid", teams=("billing",))
        put_agent(opened, "lena", teams=("support",), role="lead")
        yield opened


async def set_visibility(rest: Rest, visibility: str) -> None:
    answer = await rest.request("PUT", SHOP, {"name": "Shop", "settings": {"visibility": visibility}})
    assert answer.status_code == 200, answer.text


def insert(rest: Rest, identity: str, minutes: int = 0, **fields: Any) -> None:
    rest.store.insert(CONVERSATIONS, identity, conversation(identity, minutes, **fields))


def fill(rest: Rest) -> None:
    """Conversations by the name of who has them, in which team."""
    insert(rest, "sara-support", 1, team="support", agent="sara")
    insert(rest, "reza-support", 2, team="support", agent="reza")
    insert(rest, "nobody-support", 3, team="support", agent=None, status="waiting")
    insert(rest, "sara-billing", 4, team="billing", agent="sara")
    insert(rest, "omid-billing", 5, team="billing", agent="omid")
    insert(rest, "nobody-billing", 6, team="billing", agent=None, status="waiting")


async def listed(rest: Rest, key: str, query: str = "") -> list[str]:
    """All pages of the list."""
    found, cursor = [], ""
    while True:
        answer = await rest.request("GET", f"{SHOP}/conversations?{query}{cursor}", authorization=key)
        assert answer.status_code == 200, answer.text
        found += [item["id"] for item in answer.json()["items"]]
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.parametrize("query", ["limit=1", "limit=2", "limit=200", "sort=-updated_at&limit=1"])
@pytest.mark.parametrize(
    ("visibility", "agent", "seen"),
    [
        ("team", "sara", ["sara-billing", "nobody-support", "reza-support", "sara-support"]),
        ("own", "sara", ["sara-billing", "nobody-support", "sara-support"]),
        ("own", "lena", ["nobody-support", "reza-support", "sara-support"]),
        ("team", "omid", ["nobody-billing", "omid-billing", "sara-billing"]),
    ],
)
async def test_a_list_has_what_the_agent_may_see_once_and_in_order(
    rest: Rest, visibility: str, agent: str, seen: list[str], query: str
) -> None:
    fill(rest)
    await set_visibility(rest, visibility)
    assert await listed(rest, await bound_key(rest, agent), query) == seen


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("agent=reza", []),
        ("agent=reza&agent=sara", ["sara-billing", "sara-support"]),
        ("team=billing", ["sara-billing"]),
        ("status=waiting", ["nobody-support"]),
        ("sort=queued_at&status=waiting", ["nobody-support"]),
        ("sort=opened_at", ["sara-support", "nobody-support", "sara-billing"]),
    ],
)
async def test_filters_show_no_more(rest: Rest, query: str, seen: list[str]) -> None:
    fill(rest)
    for case in ("nobody-support", "nobody-billing"):
        found = rest.store.find(CONVERSATIONS, case)
        assert found is not None
        rest.store.insert(CONVERSATIONS, case, replace(found, queued_at=START))
    await set_visibility(rest, "own")
    assert await listed(rest, await bound_key(rest), query) == seen


async def test_a_search_finds_nothing_in_what_may_not_be_seen(rest: Rest) -> None:
    fill(rest)
    for identity in ("sara-support", "omid-billing"):
        rest.store.insert(MESSAGES, f"m-{identity}", message(f"m-{identity}", "1", conversation=identity))
    assert await listed(rest, await bound_key(rest), "q=hello") == ["sara-support"]
    assert await listed(rest, await bound_key(rest, "omid"), "q=hello") == ["omid-billing"]


async def test_agents_see_the_colleagues_of_their_teams(rest: Rest) -> None:
    async def seen(agent: str) -> list[str]:
        answer = await rest.request("GET", f"{SHOP}/agents", authorization=await bound_key(rest, agent))
        return [item["id"] for item in answer.json()["items"]]

    assert await seen("sara") == ["lena", "reza", "sara"]
    assert await seen("omid") == ["omid"]


async def test_a_change_of_team_counts_at_once(rest: Rest) -> None:
    fill(rest)
    key = await bound_key(rest, "omid")
    assert (await rest.request("GET", f"{SHOP}/conversations/reza-support", authorization=key)).status_code == 404
    record = rest.store.find(AGENTS, agent_id("shop", "omid"))
    assert record is not None
    body = AgentBody(name="Omid", teams=["support"])
    rest.store.insert(AGENTS, agent_id("shop", "omid"), replace(record, body=body))
    assert (await rest.request("GET", f"{SHOP}/conversations/reza-support", authorization=key)).status_code == 200
    assert (await rest.request("GET", f"{SHOP}/conversations/nobody-billing", authorization=key)).status_code == 404


# -- customers ---------------------------------------------------------------------------------------------------------


def customer(rest: Rest, person: str, **fields: Any) -> None:
    contact = Contact(key=f"shop/{person}", workspace="shop", person=person, name="Neda", seen_at=START, **fields)
    rest.store.insert(PERSONS, f"shop/{person}", contact)


async def test_a_customer_is_seen_by_who_sees_one_of_their_conversations(rest: Rest) -> None:
    customer(rest, MINE)
    customer(rest, THEIRS)
    insert(rest, "c1", team="billing", agent="omid", person=THEIRS)
    insert(rest, "c2", team="billing", agent="omid", person=MINE)
    insert(rest, "c3", team="support", agent="sara", person=MINE, status="closed")
    key = await bound_key(rest)
    assert (await rest.request("GET", f"{SHOP}/persons/{MINE}", authorization=key)).status_code == 200
    problem_of(await rest.request("GET", f"{SHOP}/persons/{THEIRS}", authorization=key), 404)


async def test_a_private_chat_that_a_hand_off_opened_is_seen_with_its_conversation(rest: Rest) -> None:
    customer(rest, MINE, forwarded_to="c1")
    customer(rest, THEIRS, forwarded_to="c2")
    insert(rest, "c1", team="support", person="telegram:main:9")
    insert(rest, "c2", team="billing", agent=None, person="telegram:main:8")
    key = await bound_key(rest)
    assert (await rest.request("GET", f"{SHOP}/persons/{MINE}", authorization=key)).status_code == 200
    problem_of(await rest.request("GET", f"{SHOP}/persons/{THEIRS}", authorization=key), 404)


@pytest.fixture
async def writes(rest: Rest) -> Rest:
    account = {"credentials": {"bot_token": "1:a"}}
    assert (await rest.request("PUT", f"{SHOP}/accounts/telegram/main", account)).status_code == 201
    rest.store.insert(MESSAGES, "m1", message("m1", "1", direction="outbound"))
    rest.outcome_for = lambda event: rest.outcome(event, result="m1")
    return rest


async def write_first(rest: Rest, person: str) -> Any:
    body = {"person": person, "text": "Your parcel is here."}
    return await rest.request("POST", f"{SHOP}/messages", body, authorization=await bound_key(rest))


async def test_an_agent_writes_to_a_new_customer_and_to_one_of_their_own(writes: Rest) -> None:
    assert (await write_first(writes, "telegram:main:5")).status_code == 201
    customer(writes, MINE, open={"": "c1"})
    insert(writes, "c1", team="support", agent="sara", person=MINE)
    assert (await write_first(writes, MINE)).status_code == 201
    assert [event.data["agent"] for event in writes.events if "write_first" in event.type] == ["sara", "sara"]


async def test_an_agent_does_not_write_into_what_colleagues_have(writes: Rest) -> None:
    customer(writes, THEIRS, open={"": "c1"})
    insert(writes, "c1", team="billing", agent=None, person=THEIRS, status="waiting")
    problem_of(await write_first(writes, THEIRS), 404)
    # An earlier conversation of theirs was Sara's: she knows the customer, and not who has them now.
    insert(writes, "c0", team="support", agent="sara", person=THEIRS, status="closed")
    problem = problem_of(await write_first(writes, THEIRS), 409)
    assert problem["code"] == "not_assignee"
    assert "c1" not in problem["detail"]
    assert not [event for event in writes.events if "write_first" in event.type]


# -- work of colleagues ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "conversation", "to", "status"),
    [
        ("sara", "sara-support", {"to_team": "billing"}, 200),
        ("sara", "nobody-support", {"to_agent": "reza"}, 200),
        ("sara", "reza-support", {"to_team": "billing"}, 409),
        ("lena", "reza-support", {"to_agent": "sara"}, 200),
        ("sara", "omid-billing", {"to_team": "support"}, 404),
        ("lena", "omid-billing", {"to_team": "support"}, 404),
        # An agent of another team is as unknown as one who does not exist.
        ("sara", "sara-support", {"to_agent": "omid"}, 422),
        ("sara", "sara-support", {"to_agent": "nobody"}, 422),
    ],
)
async def test_an_agent_moves_their_own_work_and_a_lead_that_of_the_team(
    rest: Rest, agent: str, conversation: str, to: dict[str, str], status: int
) -> None:
    fill(rest)
    put_agent(rest, "sara", teams=("support",), presence="online")
    put_agent(rest, "reza", teams=("support",), presence="online")
    rest.outcome_for = lambda event: rest.outcome(event, result=conversation)
    path = f"{SHOP}/conversations/{conversation}/transfer"
    answer = await rest.request("POST", path, to, authorization=await bound_key(rest, agent))
    assert answer.status_code == status, answer.text
    assert len(rest.events) == (status == 200)


@pytest.mark.parametrize(
    ("agent", "conversation", "status"),
    [
        ("sara", "sara-support", 200),
        ("sara", "nobody-support", 200),
        # It would free a unit of Reza, and hide his customer from him.
        ("sara", "reza-support", 409),
        ("lena", "reza-support", 200),
        ("sara", "omid-billing", 404),
    ],
)
@pytest.mark.parametrize(("action", "body"), [("snooze", {"for_seconds": 60}), ("unsnooze", {})])
async def test_an_agent_snoozes_and_wakes_their_own_work_and_a_lead_that_of_the_team(
    rest: Rest, agent: str, conversation: str, status: int, action: str, body: dict[str, int]
) -> None:
    fill(rest)
    rest.outcome_for = lambda event: rest.outcome(event, result=conversation)
    path = f"{SHOP}/conversations/{conversation}/{action}"
    answer = await rest.request("POST", path, body, authorization=await bound_key(rest, agent))
    assert answer.status_code == status, answer.text
    assert status != 409 or answer.json()["reason"] == "may_not_snooze"
    assert len(rest.events) == (status == 200)


@pytest.mark.parametrize(
    ("agent", "conversation", "named"),
    [
        ("lena", "reza-support", None),
        ("lena", "nobody-support", "lena"),
        # Conversations refuses it: Sara is not the assignee, and no lead.
        ("sara", "reza-support", "sara"),
        ("sara", "sara-support", "sara"),
    ],
)
async def test_a_lead_resolves_what_a_colleague_has(
    rest: Rest, agent: str, conversation: str, named: str | None
) -> None:
    fill(rest)
    rest.outcome_for = lambda event: rest.outcome(event, result=conversation)
    path = f"{SHOP}/conversations/{conversation}/resolve"
    assert (await rest.request("POST", path, authorization=await bound_key(rest, agent))).status_code == 200
    assert [event.data["agent"] for event in rest.events] == [named]


# -- the stream of facts -----------------------------------------------------------------------------------------------


@pytest.fixture
async def stream() -> AsyncIterator[StreamHarness]:
    async with open_stream() as opened:
        put_agent(opened.rest, "sara", teams=("support",))
        put_agent(opened.rest, "omid", teams=("billing",))
        insert(opened.rest, "mine", team="support", agent="sara")
        insert(opened.rest, "theirs", team="billing", agent="omid")
        yield opened


def about(shop: StreamHarness, conversation: str | None, word: str, **data: Any) -> Any:
    """A fact that is committed, about a conversation."""
    [fact] = shop.commit(word)
    named = {"conversation": conversation} if conversation else {}
    fact = fact.model_copy(update={"data": {**named, "word": word, **data}})
    shop.rest.store.insert_fact(fact)
    return fact


async def test_an_agent_gets_the_facts_of_what_they_may_see(stream: StreamHarness) -> None:
    client = await stream.open(authorization=await bound_key(stream.rest))
    facts = [
        about(stream, "theirs", "one"),
        about(stream, "mine", "two"),
        about(stream, "unknown", "three"),
        about(stream, None, "four"),
        about(stream, None, "five", agent="omid"),
        about(stream, None, "six", agent="sara"),
        about(stream, "theirs", "seven", agent="sara"),
        about(stream, "mine", "eight"),
    ]
    await stream.publish(*facts)
    assert await client.wait_for_events(3) == ["two", "six", "eight"]


async def test_what_an_agent_missed_is_shown_by_what_they_may_see_now(stream: StreamHarness) -> None:
    key = await bound_key(stream.rest)
    client = await stream.open(authorization=key)
    first = about(stream, "mine", "one")
    await stream.publish(first)
    await client.wait_for_events(1)
    client.gone.set()
    for n in range(150):
        about(stream, "theirs" if n % 2 else "mine", f"missed-{n}")
    again = await stream.open(authorization=key, last_event_id=client.blocks[-1]["id"])
    await again.wait_for_events(75)
    assert again.words == [f"missed-{n}" for n in range(150) if n % 2 == 0]


async def test_a_change_of_team_and_of_visibility_counts_in_an_open_stream(stream: StreamHarness) -> None:
    client = await stream.open(authorization=await bound_key(stream.rest))
    insert(stream.rest, "reza's", team="support", agent="reza")
    await stream.publish(about(stream, "reza's", "one"))
    await client.wait_for_events(1)
    await set_visibility(stream.rest, "own")
    await stream.publish(about(stream, "reza's", "two"), about(stream, "mine", "three"))
    await client.wait_for_events(2)
    put_agent(stream.rest, "sara", teams=("billing",), role="lead")
    await stream.publish(about(stream, "reza's", "four"), about(stream, "theirs", "five"))
    assert await client.wait_for_events(3) == ["one", "three", "five"]


async def test_who_loses_a_conversation_hears_who_has_it(stream: StreamHarness) -> None:
    await set_visibility(stream.rest, "own")
    client = await stream.open(authorization=await bound_key(stream.rest))
    insert(stream.rest, "lost", team="support", agent="reza")
    told = about(stream, "lost", "taken", agent="reza", previous_agent="sara")
    await stream.publish(told, about(stream, "lost", "later", agent="reza"), about(stream, "mine", "own"))
    assert await client.wait_for_events(2) == ["taken", "own"]


@pytest.mark.parametrize("generation", [None, 1])
async def test_a_stream_ends_with_its_agent(stream: StreamHarness, generation: int | None) -> None:
    client = await stream.open(authorization=await bound_key(stream.rest))
    stream.rest.store.documents = {k: d for k, d in stream.rest.store.documents.items() if k.collection != AGENTS.name}
    if generation is not None:
        # Another agent under the same id: the stream ends with the next fact.
        put_agent(stream.rest, "sara", teams=("support",), generation=generation)
        await stream.publish(about(stream, "mine", "one"))
    else:
        await stream.streams.end_revoked()
    await client.wait_until(lambda: client.ended)
    assert client.words == []


async def test_a_stream_of_the_whole_workspace_reads_nothing_more(stream: StreamHarness) -> None:
    client = await stream.open()
    await stream.publish(about(stream, None, "one"), about(stream, "theirs", "two"))
    assert await client.wait_for_events(2) == ["one", "two"]


async def session_of(shop: StreamHarness, body: dict[str, str]) -> StreamClient:
    """A client of the stream with a new session."""
    client = shop.rest.client
    client.cookies.clear()
    opened = await client.post("https://desk.example/v1/desk/sessions", json=body)
    assert opened.status_code == 201, opened.text
    return await shop.open(authorization="", cookie=opened.headers["set-cookie"].partition(";")[0])


@pytest.mark.parametrize("ends", ["session", "key", "agent"])
async def test_a_stream_of_a_session_ends_with_the_session_its_key_and_its_agent(
    stream: StreamHarness, ends: str
) -> None:
    rest = stream.rest
    made = await rest.request("POST", "/v1/keys", {**KEY, "scopes": ["desk"]})
    client = await session_of(stream, {"key": made.json()["secret"]})
    other = await session_of(stream, {"key": (await bound_key(rest, "omid")).partition(" ")[2]})
    await stream.publish(about(stream, "mine", "one"), about(stream, "theirs", "two"))
    assert await client.wait_for_events(1) == ["one"]
    match ends:
        case "session":
            [session] = [one for one in rest.store.all(DESK_SESSIONS) if one.agent == "sara"]
            assert (await rest.request("DELETE", f"/v1/desk/sessions/{session.id}")).status_code == 204
        case "key":
            assert (await rest.request("DELETE", f"/v1/keys/{made.json()['id']}")).status_code == 204
        case _:
            gone = agent_id("shop", "sara")
            rest.store.documents = {key: d for key, d in rest.store.documents.items() if key.id != gone}
    await stream.streams.end_revoked()
    await client.wait_until(lambda: client.ended)
    # That of another agent goes on.
    await stream.publish(about(stream, "theirs", "three"))
    assert await other.wait_for_events(2) == ["two", "three"]


# -- decisions ---------------------------------------------------------------------------------------------------------


async def test_a_decision_names_the_candidates_whom_the_agent_may_see_and_whom_it_went_to(rest: Rest) -> None:
    insert(rest, "c1", team="support", agent="sara")
    candidates = [Candidate(agent=name, eligible=True) for name in ("omid", "reza", "gone")]
    for number, agent in enumerate(("reza", "omid")):
        record = DecisionRecord(
            id=f"d{number}",
            conversation="c1",
            at=START,
            outcome="assigned",
            agent=agent,
            summary="",
            rule="default",
            candidates=candidates,
            config_version=1,
            workspace="shop",
            key="shop/telegram:main:7",
        )
        rest.store.insert(DECISIONS, record.id, record)

    async def named(**headers: str) -> list[list[str]]:
        answer = await rest.request("GET", f"{SHOP}/conversations/c1/decisions", **headers)
        return [[one["agent"] for one in item["candidates"]] for item in answer.json()["items"]]

    assert await named() == [["omid", "reza", "gone"]] * 2
    assert await named(authorization=await bound_key(rest)) == [["reza"], ["omid", "reza"]]
