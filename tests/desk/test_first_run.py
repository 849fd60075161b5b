"""The first run: a link of the terminal opens a session that sets up one new workspace, until there is an owner who signs in."""

import asyncio
from collections.abc import AsyncIterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx2
import pytest

from services.desk.first_run import first_run_url, has_workspace, make_code
from services.platform.http.session_cookie import COOKIE
from services.records.desk import DESK_SESSIONS, FIRST_RUN_CODES
from tests.desk.test_sessions import OWN, SITE, cookie_of, post
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import put_agent

PATH = "/v1/desk/first-run"
SHOP = "/v1/workspaces/shop"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        opened.client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield opened


async def new_code(rest: Rest) -> str:
    return (await make_code(rest.store, rest.time_source.now()))[0]


async def begin(rest: Rest, code: str, workspace: str = "shop", site: str = SITE, **headers: str) -> httpx2.Response:
    return await rest.client.post(f"{site}{PATH}", json={"code": code, "workspace": workspace}, headers=headers)


async def begun(rest: Rest, workspace: str = "shop") -> str:
    """The cookie of a first run."""
    opened = await begin(rest, await new_code(rest), workspace)
    assert opened.status_code == 201, opened.text
    return cookie_of(opened)


async def send(rest: Rest, cookie: str, method: str, path: str, body: Any = None) -> httpx2.Response:
    return await rest.client.request(method, f"{SITE}{path}", json=body, headers={"cookie": cookie, **OWN})


async def test_the_owner_sets_up_a_shop_and_then_signs_in_as_its_first_agent(rest: Rest) -> None:
    assert not await has_workspace(rest.store)
    cookie = await begun(rest)
    assert (await send(rest, cookie, "PUT", SHOP, {"name": "Shop"})).status_code == 201
    assert await has_workspace(rest.store)
    # Dispatch writes agents; here its record is put in place.
    put_agent(rest, "sara")
    link = await send(rest, cookie, "POST", f"{SHOP}/agents/sara/sign-in", {"scopes": ["admin"]})
    code = link.json()["url"].partition("#code=")[2]
    opened = await rest.client.post(f"{SITE}/v1/desk/sessions", json={"code": code}, headers={"cookie": cookie})
    assert (opened.status_code, opened.json()["agent"]) == (201, "sara")
    problem_of(await send(rest, cookie, "GET", SHOP), 401)
    sara = cookie_of(opened)
    assert (await send(rest, sara, "GET", f"{SHOP}/agents/me")).json()["id"] == "sara"
    assert (await send(rest, sara, "PUT", f"{SHOP}/teams/support", {"name": "Support"})).status_code == 201


async def test_the_session_reaches_its_own_workspace_alone(rest: Rest) -> None:
    await rest.workspace("other")
    cookie = await begun(rest)
    problem_of(await send(rest, cookie, "GET", "/v1/workspaces/other"), 404)
    problem_of(await send(rest, cookie, "PUT", "/v1/workspaces/other", {"name": "Mine now"}), 404)
    problem_of(await send(rest, cookie, "POST", "/v1/keys", {"name": "all", "scopes": ["admin"]}), 403)
    # It speaks as nobody.
    assert problem_of(await send(rest, cookie, "GET", "/v1/desk/sessions"), 409)["code"] == "key_of_no_agent"
    assert (await send(rest, cookie, "PUT", SHOP, {"name": "Shop"})).status_code == 201
    assert [w["id"] for w in (await send(rest, cookie, "GET", "/v1/workspaces")).json()["items"]] == ["shop"]


async def test_a_shop_that_is_there_is_not_taken_over_and_the_link_still_works(rest: Rest) -> None:
    await rest.workspace("shop")
    code = await new_code(rest)
    refused = await begin(rest, code)
    assert problem_of(refused, 409)["code"] == "workspace_exists"
    assert "set-cookie" not in refused.headers
    assert (await begin(rest, code, "second")).status_code == 201


async def test_a_link_works_once_and_its_use_ends_the_others(rest: Rest) -> None:
    first = await new_code(rest)
    second = await new_code(rest)
    problem_of(await begin(rest, first), 401)
    assert (await begin(rest, second)).status_code == 201
    problem_of(await begin(rest, second, "again"), 401)
    assert rest.store.all(FIRST_RUN_CODES) == []


async def test_of_two_who_use_a_link_at_once_one_begins(rest: Rest) -> None:
    code = await new_code(rest)
    answers = await asyncio.gather(begin(rest, code, "one"), begin(rest, code, "two"))
    assert sorted(answer.status_code for answer in answers) == [201, 401]
    assert len(rest.store.all(DESK_SESSIONS)) == 1


async def test_a_link_works_for_a_quarter_of_an_hour_and_the_session_for_an_hour(rest: Rest) -> None:
    late = await new_code(rest)
    rest.time_source.move(15 * 60)
    problem_of(await begin(rest, late), 401)
    cookie = await begun(rest)
    assert (await send(rest, cookie, "PUT", SHOP, {"name": "Shop"})).status_code == 201
    rest.time_source.move(60 * 60 - 1)
    assert (await send(rest, cookie, "GET", SHOP)).status_code == 200
    rest.time_source.move(1)
    problem_of(await send(rest, cookie, "GET", SHOP), 401)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"code": "c"}, 422),
        ({"code": "unknown", "workspace": "shop"}, 401),
        ({"code": "c", "workspace": "Not a slug"}, 422),
        ({"code": "c", "workspace": "shop", "scopes": ["admin"]}, 422),
    ],
)
async def test_what_proves_nothing_is_refused(rest: Rest, body: dict[str, Any], status: int) -> None:
    answer = await rest.client.post(f"{SITE}{PATH}", json=body)
    problem_of(answer, status)
    assert "set-cookie" not in answer.headers


async def test_another_page_and_plain_http_begin_nothing(rest: Rest) -> None:
    code = await new_code(rest)
    crossed = await begin(rest, code, **{"sec-fetch-site": "cross-site"})
    assert problem_of(crossed, 403)["code"] == "not_from_the_desk"
    assert problem_of(await begin(rest, code, site="http://desk.example"), 403)["code"] == "insecure_connection"
    assert (await begin(rest, code, site="http://localhost:8800")).status_code == 201


async def test_a_code_of_a_first_run_signs_nobody_in_and_one_of_an_agent_begins_none(rest: Rest) -> None:
    problem_of(await post(rest, {"code": await new_code(rest)}), 401)
    await rest.workspace("shop")
    put_agent(rest, "sara")
    made = await rest.request("POST", f"{SHOP}/agents/sara/sign-in", {})
    problem_of(await begin(rest, made.json()["url"].partition("#code=")[2], "new"), 401)


async def test_only_hashes_are_stored_and_the_code_stands_behind_the_number_sign(rest: Rest) -> None:
    code = await new_code(rest)
    assert first_run_url("https://desk.example/", code) == f"https://desk.example/desk#first-run={code}"
    cookie = (await begin(rest, code)).headers["set-cookie"]
    secret = cookie.partition("=")[2].partition(";")[0].partition("_")[2]
    assert COOKIE in cookie
    stored = repr((rest.store.all(FIRST_RUN_CODES), rest.store.all(DESK_SESSIONS)))
    assert code not in stored
    assert secret not in stored
