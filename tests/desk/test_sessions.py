"""Signing in: by a key of the agent or a link, for a cookie; until the session ends, which it does in many ways."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx2
import pytest
import segno

from schemas.values import instant_text
from services.desk.sign_in import read_code, spend_code
from services.platform.core.logging import configure_logging
from services.platform.http.problems import Unauthorized
from services.platform.http.session_cookie import COOKIE, LOOPBACK_COOKIE
from services.records.agents import AGENTS, agent_id
from services.records.desk import DESK_SESSIONS, SIGN_IN_CODES
from services.records.keys import KEYS
from tests.plain_logs import use_plain_logs
from tests.rest import Rest, open_rest, problem_of
from tests.router.test_bound_callers import SHOP, bound_key, put_agent

SESSIONS = "/v1/desk/sessions"
SITE = "https://desk.example"
ME = f"{SHOP}/agents/me"
OWN = {"pasokh-desk": "1"}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        # Each request says itself which cookies it has.
        opened.client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        await opened.workspace()
        put_agent(opened, "sara", generation=7)
        put_agent(opened, "reza")
        opened.outcome_for = lambda event: opened.outcome(event, result="sara")
        yield opened


async def post(rest: Rest, body: Any, *, site: str = SITE, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await rest.client.post(f"{site}{SESSIONS}", json=body, headers=named)


async def code_for(rest: Rest, agent: str = "sara", **body: Any) -> str:
    made = await rest.request("POST", f"{SHOP}/agents/{agent}/sign-in", body)
    assert made.status_code == 201, made.text
    url: str = made.json()["url"]
    assert url.startswith("http://pasokh/desk#code=")
    return url.partition("#code=")[2]


def cookie_of(answer: httpx2.Response) -> str:
    """What a browser sends after this answer."""
    [line] = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=")]
    return line.partition(";")[0]


async def signed_in(rest: Rest, **body: Any) -> str:
    """The cookie of a new session."""
    opened = await post(rest, {"code": await code_for(rest), **body})
    assert opened.status_code == 201, opened.text
    return cookie_of(opened)


async def get(rest: Rest, cookie: str, path: str = ME, site: str = SITE) -> httpx2.Response:
    return await rest.client.get(f"{site}{path}", headers={"cookie": cookie})


# -- in ----------------------------------------------------------------------------------------------------------------


async def test_a_key_of_an_agent_is_exchanged_for_a_cookie(rest: Rest) -> None:
    key = (await bound_key(rest)).removeprefix("Bearer ")
    answer = await post(rest, {"key": key})
    expires = rest.time_source.now() + timedelta(days=30)
    assert (answer.status_code, answer.json()) == (
        201,
        {"workspace": "shop", "agent": "sara", "expires_at": instant_text(expires)},
    )
    [cookie] = answer.headers.get_list("set-cookie")
    name, *attributes = cookie.split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert set(attributes) == {"HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=2592000"}
    assert (await get(rest, cookie_of(answer))).json()["id"] == "sara"


async def test_a_link_is_exchanged_once(rest: Rest) -> None:
    code = await code_for(rest)
    assert (await post(rest, {"code": code})).status_code == 201
    problem_of(await post(rest, {"code": code}), 401)


async def test_of_two_who_use_a_link_at_once_one_signs_in(rest: Rest) -> None:
    code = await code_for(rest)
    now = rest.time_source.now()
    first, second = await read_code(rest.store, code, now), await read_code(rest.store, code, now)
    await spend_code(rest.store, *first, [])
    with pytest.raises(Unauthorized):
        await spend_code(rest.store, *second, [])


async def test_a_link_works_for_a_quarter_of_an_hour(rest: Rest) -> None:
    first, second = await code_for(rest), await code_for(rest)
    rest.time_source.move(15 * 60 - 1)
    assert (await post(rest, {"code": first})).status_code == 201
    rest.time_source.move(1)
    problem_of(await post(rest, {"code": second}), 401)


async def test_a_link_may_carry_the_scope_of_who_sets_up_the_shop(rest: Rest) -> None:
    opened = await post(rest, {"code": await code_for(rest, scopes=["admin"])})
    answer = await rest.client.put(
        f"{SITE}{SHOP}/teams/support", json={"name": "Support"}, headers={"cookie": cookie_of(opened), **OWN}
    )
    assert answer.status_code == 201
    refused = await rest.request("POST", f"{SHOP}/agents/sara/sign-in", {"scopes": ["read"]})
    assert [error["pointer"] for error in problem_of(refused, 422)["errors"]] == ["/scopes"]


async def test_a_link_is_given_as_a_qr_code_too(rest: Rest) -> None:
    made = (await rest.request("POST", f"{SHOP}/agents/sara/sign-in", {})).json()
    rows: list[str] = made["qr"]
    assert {len(row) for row in rows} == {len(rows)}
    assert set("".join(rows)) == {"0", "1"}
    # The three marks in the corners, by which a camera finds it.
    mark = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
    assert [row[:7] for row in rows[:7]] == [row[-7:] for row in rows[:7]] == [row[:7] for row in rows[-7:]] == mark
    drawn = ["".join("1" if module else "0" for module in row) for row in segno.make(made["url"], error="m").matrix]
    assert rows == drawn


async def test_only_an_admin_makes_a_link(rest: Rest) -> None:
    for scope in ("read", "desk", "write"):
        key = await rest.key(scope)
        problem_of(await rest.request("POST", f"{SHOP}/agents/sara/sign-in", authorization=key), 403)
    other = await rest.key("admin")
    await rest.workspace("other")
    path = "/v1/workspaces/other/agents/sara/sign-in"
    problem_of(await rest.request("POST", path, authorization=other), 404)
    problem_of(await rest.request("POST", f"{SHOP}/agents/nobody/sign-in"), 404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"key": "k", "code": "c"}, 422),
        ({"key": "pasokh_1_unknown"}, 401),
        ({"key": "no key at all"}, 401),
        ({"code": "unknown"}, 401),
        ({"code": ""}, 422),
        ({"code": "x" * 201}, 422),
    ],
)
async def test_what_proves_nothing_is_refused(rest: Rest, body: dict[str, str], status: int) -> None:
    answer = await post(rest, body)
    problem_of(answer, status)
    assert "set-cookie" not in answer.headers


async def test_a_key_of_no_agent_opens_no_session(rest: Rest) -> None:
    for scope in ("desk", "admin"):
        problem = problem_of(await post(rest, {"key": (await rest.key(scope)).removeprefix("Bearer ")}), 409)
        assert problem["code"] == "key_of_no_agent"
    reads = (await bound_key(rest, "sara", "read")).removeprefix("Bearer ")
    problem_of(await post(rest, {"key": reads}), 403)


async def test_guessing_is_limited() -> None:
    async with open_rest(address_failures_per_minute=5) as rest:
        await rest.workspace()
        statuses = [(await post(rest, {"code": f"guess{n}"})).status_code for n in range(8)]
        assert statuses == [401] * 5 + [429] * 3
        assert (await post(rest, {"key": "pasokh_1_guess"})).status_code == 429


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    level, found = root.level, io.StringIO()
    configure_logging("DEBUG", found, form="json")
    yield found
    root.handlers[:] = before
    root.setLevel(level)
    use_plain_logs()


async def test_neither_codes_nor_cookies_are_in_the_store_or_in_logs(rest: Rest, stream: io.StringIO) -> None:
    code = await code_for(rest)
    assert code not in str(rest.store.documents)
    cookie = cookie_of(await post(rest, {"code": code}))
    await rest.client.post(f"{SITE}{SESSIONS}", json={"code": code})
    await get(rest, cookie)
    await rest.client.put(f"{SITE}{ME}/presence", json={"status": "away"}, headers={"cookie": cookie, **OWN})
    secret = cookie.partition("=")[2].partition("_")[2]
    assert len(secret) >= 43
    assert secret not in str(rest.store.documents)
    logged = stream.getvalue()
    entries = [json.loads(line) for line in logged.splitlines()]
    [session] = rest.store.all(DESK_SESSIONS)
    named = [(entry["event"], entry["agent"]) for entry in entries if "agent" in entry]
    assert named == [("signed_in", "sara"), ("write", "sara")]
    assert [entry["session"] for entry in entries if entry["event"] == "signed_in"] == [session.id]
    assert code not in logged
    assert secret not in logged


async def test_signing_in_again_replaces_the_session_of_the_browser(rest: Rest) -> None:
    first = await signed_in(rest)
    again = await post(rest, {"code": await code_for(rest, "reza")}, cookie=first)
    problem_of(await get(rest, first), 401)
    assert (await get(rest, cookie_of(again))).json()["id"] == "reza"


# -- where -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "headers"),
    [
        ("https://desk.example", {}),
        # A proxy speaks https for us: the browser says so in `Origin`.
        ("http://desk.example", {"origin": "https://desk.example"}),
    ],
)
async def test_over_https_there_is_one_cookie(rest: Rest, site: str, headers: dict[str, str]) -> None:
    answer = await post(rest, {"code": await code_for(rest)}, site=site, **headers)
    assert [line.partition("=")[0] for line in answer.headers.get_list("set-cookie")] == [COOKIE]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8800", "[::1]:8800", "127.9.9.9", "shop.localhost"])
async def test_on_the_machine_itself_plain_http_will_do(rest: Rest, host: str) -> None:
    site = f"http://{host}"
    answer = await post(rest, {"code": await code_for(rest)}, site=site)
    lines = answer.headers.get_list("set-cookie")
    assert [line.partition("=")[0] for line in lines] == [COOKIE, LOOPBACK_COOKIE]
    # Browsers that take no Secure cookie there have the other one.
    plain = lines[1].partition(";")[0]
    assert "Secure" not in lines[1]
    for cookie in (plain, cookie_of(answer)):
        assert (await get(rest, cookie, site=site)).status_code == 200
    # Elsewhere it is none: somebody on the way could have set it.
    problem_of(await get(rest, plain), 401)


@pytest.mark.parametrize("host", ["desk.example", "192.168.1.7:8800", "localhost.evil.example", "[fe80::1]"])
async def test_elsewhere_plain_http_is_refused_with_what_to_do(rest: Rest, host: str) -> None:
    problem = problem_of(await post(rest, {"code": await code_for(rest)}, site=f"http://{host}"), 403)
    assert problem["code"] == "insecure_connection"
    assert "PASOKH_PUBLIC_URL" in problem["detail"]


async def test_the_public_address_says_that_a_proxy_speaks_https() -> None:
    async with open_rest(public_url=f"{SITE}/") as rest:
        await rest.workspace()
        put_agent(rest, "sara")
        made = await rest.request("POST", f"{SHOP}/agents/sara/sign-in")
        code = made.json()["url"].removeprefix(f"{SITE}/desk#code=")
        assert (await post(rest, {"code": code}, site="http://desk.example")).status_code == 201


# -- which requests are the page's own ---------------------------------------------------------------------------------

WRITE = {"content-type": "application/json", **OWN}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (WRITE, 200),
        ({**WRITE, "origin": SITE, "sec-fetch-site": "same-origin"}, 200),
        ({**WRITE, "origin": SITE}, 200),
        ({**WRITE, "content-type": "application/json; charset=utf-8"}, 200),
        # Each of what a page of others cannot do, left out or wrong.
        ({"content-type": "application/json"}, 403),
        ({**WRITE, "pasokh-desk": "0"}, 403),
        (OWN, 403),
        ({**WRITE, "content-type": "text/plain"}, 403),
        ({**WRITE, "content-type": "Text/Plain; charset=utf-8"}, 403),
        ({**WRITE, "content-type": "application/x-www-form-urlencoded"}, 403),
        ({**WRITE, "content-type": "multipart/form-data; boundary=x"}, 403),
        ({**WRITE, "origin": "https://evil.example"}, 403),
        ({**WRITE, "origin": "null"}, 403),
        ({**WRITE, "origin": "https://desk.example.evil.example"}, 403),
        ({**WRITE, "origin": "https://desk.example:8443"}, 403),
        ({**WRITE, "sec-fetch-site": "cross-site"}, 403),
        ({**WRITE, "sec-fetch-site": "same-site"}, 403),
        ({**WRITE, "sec-fetch-site": "none"}, 403),
        ({**WRITE, "origin": SITE, "sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_a_write_by_cookie_is_the_page_s_own(rest: Rest, headers: dict[str, str], status: int) -> None:
    cookie = await signed_in(rest)
    rest.events.clear()
    answer = await rest.client.put(
        f"{SITE}{ME}/presence", content=b'{"status": "away"}', headers={**headers, "cookie": cookie}
    )
    assert answer.status_code == status, answer.text
    assert len(rest.events) == (status == 200)
    if status == 403:
        assert answer.json()["code"] == "not_from_the_desk"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_write_without_a_body_needs_the_header_too(rest: Rest, method: str) -> None:
    cookie = await signed_in(rest)
    path = f"{SITE}{SESSIONS}/current" if method == "DELETE" else f"{SITE}{SHOP}/conversations/none/resolve"
    refused = await rest.client.request(method, path, headers={"cookie": cookie})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_from_the_desk")
    taken = await rest.client.request(method, path, headers={"cookie": cookie, **OWN})
    assert taken.status_code == (204 if method == "DELETE" else 404)


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)]
)
async def test_a_read_by_cookie_is_not_for_other_pages(rest: Rest, site: str, status: int) -> None:
    cookie = await signed_in(rest)
    answer = await rest.client.get(f"{SITE}{ME}", headers={"cookie": cookie, "sec-fetch-site": site})
    assert answer.status_code == status


async def test_a_key_needs_none_of_it(rest: Rest) -> None:
    key, cookie = await bound_key(rest, "reza"), await signed_in(rest)
    headers = {"authorization": key, "cookie": cookie, "origin": "https://evil.example", "content-type": "text/plain"}
    answer = await rest.client.put(f"{SITE}{SHOP}/agents/reza/presence", content=b'{"status": "away"}', headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
    ],
)
async def test_nobody_is_signed_in_by_the_form_of_another_page(rest: Rest, headers: dict[str, str]) -> None:
    content = f'{{"code": "{await code_for(rest)}"}}'.encode()
    answer = await rest.client.post(
        f"{SITE}{SESSIONS}", content=content, headers={"content-type": "application/json", **headers}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "not_from_the_desk")


# -- until ------------------------------------------------------------------------------------------------------------


async def test_a_session_ends_seven_days_after_its_last_use(rest: Rest) -> None:
    cookie = await signed_in(rest)
    for _ in range(3):
        rest.time_source.move(7 * 86400 - 3601)
        assert (await get(rest, cookie)).status_code == 200
    rest.time_source.move(7 * 86400)
    problem_of(await get(rest, cookie), 401)


async def test_a_session_ends_after_30_days_in_all(rest: Rest) -> None:
    cookie = await signed_in(rest)
    for _ in range(29):
        rest.time_source.move(86400)
        assert (await get(rest, cookie)).status_code == 200
    rest.time_source.move(86400)
    problem_of(await get(rest, cookie), 401)


async def test_a_session_on_a_shared_computer_ends_after_12_hours_and_with_the_browser(rest: Rest) -> None:
    answer = await post(rest, {"code": await code_for(rest), "shared_computer": True})
    assert answer.json()["expires_at"] == instant_text(rest.time_source.now() + timedelta(hours=12))
    assert "Max-Age" not in answer.headers["set-cookie"]
    rest.time_source.move(12 * 3600 - 1)
    assert (await get(rest, cookie_of(answer))).status_code == 200
    rest.time_source.move(1)
    problem_of(await get(rest, cookie_of(answer)), 401)


async def test_a_use_is_written_once_an_hour(rest: Rest) -> None:
    cookie = await signed_in(rest)
    began = rest.time_source.now()
    used = []
    for _ in range(4):
        rest.time_source.move(1800)
        await get(rest, cookie)
        [session] = rest.store.all(DESK_SESSIONS)
        used.append((session.used_at - began).total_seconds())
    assert used == [0, 3600, 3600, 7200]


@pytest.mark.parametrize("cookie", ["", "x", "_", "a_b", "a_", "_b", "..."])
async def test_what_is_no_session_is_401(rest: Rest, cookie: str) -> None:
    await signed_in(rest)
    problem_of(await get(rest, f"{COOKIE}={cookie}"), 401)


async def test_the_secret_of_a_session_is_needed(rest: Rest) -> None:
    cookie = await signed_in(rest)
    problem_of(await get(rest, cookie[:-1] + ("a" if cookie[-1] != "a" else "b")), 401)
    problem_of(await get(rest, cookie.partition("_")[0]), 401)


async def test_a_session_is_no_bearer_key(rest: Rest) -> None:
    token = (await signed_in(rest)).partition("=")[2]
    answer = await rest.client.get(f"{SITE}{ME}", headers={"authorization": f"Bearer {token}"})
    problem_of(answer, 401)


def drop(rest: Rest, collection: str) -> None:
    rest.store.documents = {k: d for k, d in rest.store.documents.items() if k.collection != collection}


async def test_a_session_ends_with_the_key_by_which_it_began(rest: Rest) -> None:
    made = await rest.request(
        "POST", "/v1/keys", {"name": "k", "workspace": "shop", "agent": "sara", "scopes": ["desk"]}
    )
    by_key, by_code = cookie_of(await post(rest, {"key": made.json()["secret"]})), await signed_in(rest)
    assert (await rest.request("DELETE", f"/v1/keys/{made.json()['id']}")).status_code == 204
    problem_of(await get(rest, by_key), 401)
    assert (await get(rest, by_code)).status_code == 200


async def test_sessions_and_links_end_with_the_agent(rest: Rest) -> None:
    cookie, code = await signed_in(rest), await code_for(rest)
    drop(rest, AGENTS.name)
    problem_of(await get(rest, cookie), 401)
    problem_of(await post(rest, {"code": code}), 401)
    # A new agent under the same id is another person.
    put_agent(rest, "sara", generation=8)
    problem_of(await get(rest, cookie), 401)
    problem_of(await post(rest, {"code": code}), 401)
    assert rest.store.find(AGENTS, agent_id("shop", "sara")) is not None


# -- the list, and out -------------------------------------------------------------------------------------------------


async def test_an_agent_sees_where_they_are_signed_in(rest: Rest) -> None:
    phone = cookie_of(await post(rest, {"code": await code_for(rest)}, user_agent="Phone"))
    rest.time_source.move(1)
    desk = cookie_of(await post(rest, {"code": await code_for(rest), "shared_computer": True}, user_agent="Desk"))
    await post(rest, {"code": await code_for(rest, "reza")}, user_agent="Reza's")
    listed = (await get(rest, phone, SESSIONS)).json()["items"]
    assert [(one["device"], one["shared_computer"], one["current"]) for one in listed] == [
        ("Desk", True, False),
        ("Phone", False, True),
    ]
    assert not {"digest", "secret", "key"} & set(listed[0])
    # After a reload the page knows by this where it is, and what it may do.
    assert {(one["workspace"], one["agent"], *one["scopes"]) for one in listed} == {("shop", "sara", "desk")}
    gone = await rest.client.delete(f"{SITE}{SESSIONS}/{listed[0]['id']}", headers={"cookie": phone, **OWN})
    assert (gone.status_code, "set-cookie" in gone.headers) == (204, False)
    problem_of(await get(rest, desk), 401)
    assert (await get(rest, phone)).status_code == 200


async def test_signing_out_ends_the_session_and_deletes_the_cookie(rest: Rest) -> None:
    cookie = await signed_in(rest)
    answer = await rest.client.delete(f"{SITE}{SESSIONS}/current", headers={"cookie": cookie, **OWN})
    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith(f'{COOKIE}=""; ')
    assert "Max-Age=0" in answer.headers["set-cookie"]
    problem_of(await get(rest, cookie), 401)


async def test_nobody_ends_the_session_of_another_but_an_admin(rest: Rest) -> None:
    cookie = await signed_in(rest)
    [session] = rest.store.all(DESK_SESSIONS)
    path = f"{SESSIONS}/{session.id}"
    problem_of(await rest.request("DELETE", path, authorization=await bound_key(rest, "reza")), 404)
    problem_of(await rest.request("DELETE", path, authorization=await rest.key("write")), 404)
    await rest.workspace("other")
    problem_of(await rest.request("DELETE", path, authorization=await rest.key("admin", workspace="other")), 404)
    assert (await get(rest, cookie)).status_code == 200
    assert (await rest.request("DELETE", path, authorization=await rest.key("admin"))).status_code == 204
    problem_of(await get(rest, cookie), 401)


async def test_a_key_of_no_agent_has_no_sessions(rest: Rest) -> None:
    assert problem_of(await rest.request("GET", SESSIONS), 409)["code"] == "key_of_no_agent"
    problem_of(await rest.request("DELETE", f"{SESSIONS}/current"), 404)


async def test_what_expired_is_deleted_by_time(rest: Rest) -> None:
    await signed_in(rest)
    await code_for(rest)
    now = rest.time_source.now() + timedelta(days=8)
    assert [await rest.store.delete_expired(c.name, now, 10) for c in (DESK_SESSIONS, SIGN_IN_CODES)] == [1, 1]
    assert rest.store.all(KEYS) == []
