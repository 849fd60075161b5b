"""Who may ask what: order of checks, scopes, workspaces, rates."""

from collections.abc import AsyncIterator

import pytest

from services.platform.http.rate_limits import network_for
from services.records.keys import CACHE_TTL_SECONDS
from tests.rest import Rest, open_rest, problem_of

TEAMS = "/v1/workspaces/shop/teams"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        yield opened


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer nonsense", "Bearer pasokh_1_2", "Bearer pasokh__", "x"]
)
async def test_no_known_key_is_401(rest: Rest, header: str) -> None:
    await rest.workspace()
    answer = await rest.request("GET", TEAMS, authorization=header)
    problem_of(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_id_of_a_key_with_another_secret_is_401(rest: Rest) -> None:
    await rest.workspace()
    key = await rest.key("read")
    problem_of(await rest.request("GET", TEAMS, authorization=key[:-1] + ("a" if key[-1] != "a" else "b")), 401)


async def test_401_comes_before_everything_else(rest: Rest) -> None:
    problem_of(await rest.request("PUT", "/v1/workspaces/none/teams/BAD", {"x": 1}, authorization="Bearer no"), 401)


async def test_no_byte_of_a_body_is_read_before_the_key_is_known(rest: Rest) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"{")
        yield b"{"

    answer = await rest.client.put("/v1/workspaces/shop", content=body(), headers={"authorization": "Bearer nobody"})

    problem_of(answer, 401)
    assert read == []


async def test_a_foreign_workspace_is_404_before_the_scope_is_looked_at(rest: Rest) -> None:
    await rest.workspace("shop")
    await rest.workspace("other")
    key = await rest.key("read", workspace="shop")
    problem = problem_of(
        await rest.request("PUT", "/v1/workspaces/other/teams/t", {"name": "t"}, authorization=key), 404
    )
    missing = problem_of(
        await rest.request("PUT", "/v1/workspaces/nothere/teams/t", {"name": "t"}, authorization=key), 404
    )
    assert str(problem["detail"]).replace("other", "*") == str(missing["detail"]).replace("nothere", "*")


async def test_a_missing_scope_is_403_before_the_resource_is_looked_for(rest: Rest) -> None:
    await rest.workspace()
    key = await rest.key("read")
    path = "/v1/workspaces/shop/conversations/none/resolve"
    problem = problem_of(await rest.request("POST", path, {}, authorization=key), 403)
    assert "`desk`" in str(problem["detail"])


async def test_a_missing_resource_is_404_before_the_body_is_read(rest: Rest) -> None:
    await rest.workspace()
    path = "/v1/workspaces/shop/conversations/none/replies"
    problem_of(await rest.request("POST", path, {"nonsense": 1}), 404)


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("read", "GET", "/teams", 200),
        ("read", "GET", "", 200),
        ("read", "GET", "/accounts", 200),
        ("read", "PUT", "/teams/t", 403),
        ("read", "DELETE", "/teams/t", 403),
        ("write", "GET", "/teams", 200),
        ("desk", "GET", "/teams", 200),
        ("desk", "PUT", "/teams/t", 403),
        ("write", "PUT", "/teams/t", 403),
        ("write", "PUT", "", 403),
        ("write", "PUT", "/accounts/telegram/main", 403),
        ("write", "DELETE", "/accounts/telegram/main", 403),
        ("admin", "GET", "/teams", 200),
        ("admin", "PUT", "/teams/t", 201),
        ("admin", "PUT", "", 200),
    ],
)
async def test_each_scope_holds_the_ones_before_it(rest: Rest, scope: str, method: str, path: str, status: int) -> None:
    await rest.workspace()
    body = {"name": "shop"} if method == "PUT" else None
    answer = await rest.request(method, f"/v1/workspaces/shop{path}", body, authorization=await rest.key(scope))
    assert answer.status_code == status, answer.text


async def test_a_key_for_all_workspaces_sees_each(rest: Rest) -> None:
    await rest.workspace("shop")
    await rest.workspace("other")
    key = await rest.key("read", workspace=None)
    for name in ("shop", "other"):
        assert (await rest.request("GET", f"/v1/workspaces/{name}/teams", authorization=key)).status_code == 200


async def test_a_key_deleted_elsewhere_ends_within_a_second(rest: Rest) -> None:
    await rest.workspace()
    key = await rest.key("read")
    assert (await rest.request("GET", TEAMS, authorization=key)).status_code == 200
    rest.store.documents = {k: d for k, d in rest.store.documents.items() if k.collection != "keys"}
    rest.time_source.move(CACHE_TTL_SECONDS)
    problem_of(await rest.request("GET", TEAMS, authorization=key), 401)


async def test_a_key_is_not_read_again_within_a_second(rest: Rest) -> None:
    await rest.workspace()
    key = await rest.key("read")
    await rest.request("GET", TEAMS, authorization=key)
    rest.store.reads.clear()
    rest.time_source.move(CACHE_TTL_SECONDS * 0.9)
    await rest.request("GET", TEAMS, authorization=key)
    assert not [one for read in rest.store.reads for one in read if one.collection == "keys"]


async def test_a_key_that_asks_too_often_is_429_and_told_when_to_come_back() -> None:
    async with open_rest(key_requests_per_second=3) as rest:
        answers = [await rest.request("GET", "/v1/workspaces") for _ in range(12)]
        limited = next(answer for answer in answers if answer.status_code == 429)
        problem_of(limited, 429)
        assert int(limited.headers["retry-after"]) >= 1


async def test_an_address_that_guesses_keys_is_429_and_a_good_key_from_it_still_works() -> None:
    async with open_rest(address_failures_per_minute=3) as rest:
        tries = [await rest.request("GET", "/v1/workspaces", authorization="Bearer wrong") for _ in range(7)]
        assert {answer.status_code for answer in tries} == {401, 429}
        assert (await rest.request("GET", "/v1/workspaces")).status_code == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("a socket", "a socket"),
    ],
)
def test_one_customer_of_ipv6_is_one_address(address: str, network: str) -> None:
    assert network_for(address) == network
