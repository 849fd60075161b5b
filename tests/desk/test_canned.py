"""Canned answers over REST: who reads them, who writes them, and under which condition."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from services.records.canned_answers import CANNED_ANSWERS, canned_id
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import SHOP, bound_key, put_agent

CANNED = f"{SHOP}/canned"
HELLO = {"title": "Hello", "text": "Hello {customer.name}", "language": "en", "shortcut": "hi"}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        for team in ("support", "billing"):
            await opened.request("PUT", f"{SHOP}/teams/{team}", {"name": team})
        put_agent(opened, "sara", teams=("support",))
        put_agent(opened, "leila", teams=("support",), role="lead")
        yield opened


async def put(rest: Rest, answer: str, body: dict[str, Any] | None = None, **given: Any) -> httpx2.Response:
    return await rest.request("PUT", f"{CANNED}/{answer}", {**HELLO, **(body or {})}, **given)


async def ids(rest: Rest, query: str = "", **given: Any) -> list[str]:
    return [item["id"] for item in (await rest.request("GET", f"{CANNED}{query}", **given)).json()["items"]]


async def test_a_put_creates_then_replaces_and_a_get_shows_it(rest: Rest) -> None:
    created = await put(rest, "hello")
    assert created.status_code == 201
    shown = await rest.request("GET", f"{CANNED}/hello")
    assert shown.json() == created.json()
    assert shown.json() == {
        **HELLO,
        "id": "hello",
        "teams": [],
        "variables": ["customer.name"],
        "updated_at": shown.json()["updated_at"],
    }
    replaced = await put(rest, "hello", {"text": "Good day"})
    assert (replaced.status_code, replaced.json()["variables"]) == (200, [])
    assert replaced.headers["etag"] != created.headers["etag"] == shown.headers["etag"]


async def test_a_stale_etag_is_refused_and_changes_nothing(rest: Rest) -> None:
    first = (await put(rest, "hello")).headers["etag"]
    await put(rest, "hello", {"title": "Newer"})
    for method in ("PUT", "DELETE"):
        body = HELLO if method == "PUT" else None
        problem_of(await rest.request(method, f"{CANNED}/hello", body, If_Match=first), 412)
    assert (await rest.request("GET", f"{CANNED}/hello")).json()["title"] == "Newer"


async def test_a_deleted_answer_is_gone(rest: Rest) -> None:
    await put(rest, "hello")
    assert (await rest.request("DELETE", f"{CANNED}/hello")).status_code == 204
    for method in ("GET", "DELETE"):
        problem_of(await rest.request(method, f"{CANNED}/hello"), 404)
    assert rest.store.find(CANNED_ANSWERS, canned_id("shop", "hello")) is None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"text": ""}, "/text"),
        ({"text": "\u200b"}, "/text"),
        ({"text": "{customer.nmae}"}, "/text"),
        ({"text": "x" * 10_001}, "/text"),
        ({"teams": ["nobody"]}, "/teams/0"),
        ({"shortcut": "two words"}, "/shortcut"),
        ({"shortcut": "/hi"}, "/shortcut"),
        ({"language": "English"}, "/language"),
        ({"then": {"resolve": True}}, "/then"),
    ],
)
async def test_what_is_wrong_is_refused_by_its_field(rest: Rest, change: dict[str, Any], pointer: str) -> None:
    problem = problem_of(await put(rest, "hello", change), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    problem_of(await rest.request("GET", f"{CANNED}/hello"), 404)


async def test_a_shortcut_is_of_one_answer_in_a_language(rest: Rest) -> None:
    await put(rest, "hello")
    assert problem_of(await put(rest, "other", {"shortcut": "HI"}), 409)["code"] == "shortcut_is_taken"
    assert (await put(rest, "salam", {"language": "fa"})).status_code == 201
    assert (await put(rest, "hello")).status_code == 200


async def test_a_workspace_has_a_bounded_number_of_answers(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.desk.canned.MAX_ANSWERS", 1)
    await put(rest, "hello")
    problem_of(await put(rest, "other", {"shortcut": None}), 409)
    assert (await put(rest, "hello", {"title": "Newer"})).status_code == 200


async def test_the_list_is_by_title_in_pages_and_by_language(rest: Rest) -> None:
    for identity, title, language in (("b", "Zebra", "en"), ("a", "Monkey", "fa"), ("c", "Ant", None)):
        await put(rest, identity, {"title": title, "language": language, "shortcut": None})
    assert await ids(rest) == ["c", "a", "b"]
    assert await ids(rest, "?language=fa") == ["c", "a"]
    first = (await rest.request("GET", f"{CANNED}?limit=2")).json()
    assert await ids(rest, f"?limit=2&cursor={first['next']}") == ["b"]
    problem_of(await rest.request("GET", f"{CANNED}?cursor=none"), 422)


async def test_an_agent_sees_the_answers_of_their_teams(rest: Rest) -> None:
    await put(rest, "all", {"shortcut": "a"})
    await put(rest, "support", {"teams": ["support", "billing"], "shortcut": "b"})
    await put(rest, "billing", {"teams": ["billing"], "shortcut": "c"})
    key = await bound_key(rest)
    assert sorted(await ids(rest, authorization=key)) == ["all", "support"]
    problem_of(await rest.request("GET", f"{CANNED}/billing", authorization=key), 404)
    assert len(await ids(rest)) == 3


async def test_an_agent_writes_none_and_a_lead_those_of_their_teams(rest: Rest) -> None:
    agent, lead = await bound_key(rest), await bound_key(rest, "leila")
    problem_of(await put(rest, "mine", {"teams": ["support"]}, authorization=agent), 403)
    made = await put(rest, "mine", {"teams": ["support"]}, authorization=lead)
    assert made.status_code == 201
    for teams in ([], ["billing"], ["support", "billing"]):
        answer = await put(rest, "mine", {"teams": teams}, authorization=lead)
        assert problem_of(answer, 403)["code"] == "not_your_team"
    await put(rest, "theirs", {"teams": ["billing"]})
    problem_of(await put(rest, "theirs", {"teams": ["support"]}, authorization=lead), 403)
    problem_of(await rest.request("DELETE", f"{CANNED}/theirs", authorization=lead), 403)
    assert (await rest.request("DELETE", f"{CANNED}/mine", authorization=lead)).status_code == 204


async def test_a_team_with_canned_answers_of_its_own_is_not_deleted(rest: Rest) -> None:
    await put(rest, "bill", {"teams": ["billing"]})
    assert "'bill'" in problem_of(await rest.request("DELETE", f"{SHOP}/teams/billing"), 409)["detail"]
    await rest.request("DELETE", f"{CANNED}/bill")
    assert (await rest.request("DELETE", f"{SHOP}/teams/billing")).status_code == 204


async def test_nothing_is_read_or_written_without_the_workspace(rest: Rest) -> None:
    for method, path, body in (("GET", "", None), ("GET", "/a", None), ("PUT", "/a", HELLO), ("DELETE", "/a", None)):
        problem_of(await rest.request(method, f"/v1/workspaces/nobody/canned{path}", body), 404)
