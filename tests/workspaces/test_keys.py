"""API keys: the secret is returned once and stored as a hash; a key is limited to its workspace and scopes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.platform.core.errors import Unavailable
from tests.rest import Rest, open_rest, problem_of

KEYS = "/v1/keys"
BODY = {"name": "Desk", "workspace": "shop", "scopes": ["write"]}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        await opened.workspace()
        await opened.workspace("other")
        yield opened


async def test_a_key_is_made_with_a_secret_that_works_and_is_shown_once(rest: Rest) -> None:
    answer = await rest.request("POST", KEYS, BODY)
    assert answer.status_code == 201
    created = answer.json()
    assert {k: created[k] for k in BODY} == BODY
    used = await rest.request("GET", "/v1/workspaces/shop/teams", authorization=f"Bearer {created['secret']}")
    assert used.status_code == 200
    listed = await rest.request("GET", KEYS)
    assert listed.json()["items"] == [{k: v for k, v in created.items() if k != "secret"}]
    assert answer.headers["cache-control"] == "no-store"


async def test_the_secret_is_nowhere_in_the_store(rest: Rest) -> None:
    secret = (await rest.request("POST", KEYS, BODY, idempotency_key="k1")).json()["secret"].split("_", 2)[2]
    assert len(secret) >= 43
    assert secret not in str(rest.store.documents)


async def test_a_repeat_gives_the_first_answer_without_the_secret(rest: Rest) -> None:
    first = await rest.request("POST", KEYS, BODY, idempotency_key="k1")
    again = await rest.request("POST", KEYS, BODY, idempotency_key="k1")
    assert again.status_code == 201
    assert again.json() == {k: v for k, v in first.json().items() if k != "secret"}
    assert len((await rest.request("GET", KEYS)).json()["items"]) == 1


async def test_a_repeat_with_another_body_is_409(rest: Rest) -> None:
    await rest.request("POST", KEYS, BODY, idempotency_key="k1")
    problem_of(await rest.request("POST", KEYS, BODY | {"name": "Other"}, idempotency_key="k1"), 409)


async def test_a_repeat_that_overtakes_the_first_makes_one_key(rest: Rest) -> None:
    first: dict[str, Any] = {}

    async def overtaken() -> None:
        answer = await rest.request("POST", KEYS, BODY, idempotency_key="k1")
        first.update(answer.json())

    real = rest.store.commit

    async def commit(changes: Any) -> Any:
        rest.store.commit = real  # type: ignore[method-assign]
        await overtaken()
        return await real(changes)

    rest.store.commit = commit  # type: ignore[method-assign]
    again = await rest.request("POST", KEYS, BODY, idempotency_key="k1")
    assert again.json() == {k: v for k, v in first.items() if k != "secret"}
    assert len((await rest.request("GET", KEYS)).json()["items"]) == 1


@pytest.mark.parametrize("length", [0, 256])
async def test_an_idempotency_key_that_is_none_is_422(rest: Rest, length: int) -> None:
    problem = problem_of(await rest.request("POST", KEYS, BODY, idempotency_key="x" * length), 422)
    assert problem["errors"][0]["pointer"] == "/header/Idempotency-Key"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["root"]}, "/scopes/0"),
        ({"workspace": "nobody"}, "/workspace"),
        ({"name": ""}, "/name"),
        ({"secret": "mine"}, "/secret"),
    ],
)
async def test_a_key_that_makes_no_sense_is_422(rest: Rest, change: dict[str, Any], pointer: str) -> None:
    problem = problem_of(await rest.request("POST", KEYS, BODY | change), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_a_deleted_key_ends(rest: Rest) -> None:
    created = (await rest.request("POST", KEYS, BODY)).json()
    key = f"Bearer {created['secret']}"
    assert (await rest.request("GET", "/v1/workspaces/shop/teams", authorization=key)).status_code == 200
    assert (await rest.request("DELETE", f"{KEYS}/{created['id']}")).status_code == 204
    rest.time_source.move(1)
    problem_of(await rest.request("GET", "/v1/workspaces/shop/teams", authorization=key), 401)
    problem_of(await rest.request("DELETE", f"{KEYS}/{created['id']}"), 404)


@pytest.mark.parametrize("scope", ["read", "write"])
async def test_keys_need_admin(rest: Rest, scope: str) -> None:
    key = await rest.key(scope, workspace=None)
    problem_of(await rest.request("GET", KEYS, authorization=key), 403)
    problem_of(await rest.request("POST", KEYS, BODY, authorization=key), 403)
    problem_of(await rest.request("DELETE", f"{KEYS}/x", authorization=key), 403)


async def test_an_admin_of_one_workspace_sees_and_makes_its_keys_alone(rest: Rest) -> None:
    foreign = (await rest.request("POST", KEYS, BODY | {"workspace": "other"})).json()["id"]
    admin = await rest.key("admin")
    listed = (await rest.request("GET", KEYS, authorization=admin)).json()["items"]
    assert {item["workspace"] for item in listed} == {"shop"}
    assert (await rest.request("POST", KEYS, BODY, authorization=admin)).status_code == 201
    problem_of(await rest.request("POST", KEYS, BODY | {"workspace": None}, authorization=admin), 403)
    problem_of(await rest.request("POST", KEYS, BODY | {"workspace": "other"}, authorization=admin), 422)
    problem_of(await rest.request("DELETE", f"{KEYS}/{foreign}", authorization=admin), 404)


async def test_keys_are_listed_newest_first_in_pages(rest: Rest) -> None:
    for number in range(3):
        rest.time_source.move(1)
        await rest.request("POST", KEYS, BODY | {"name": f"k{number}"})
    first = (await rest.request("GET", f"{KEYS}?limit=2")).json()
    second = (await rest.request("GET", f"{KEYS}?limit=2&cursor={first['next']}")).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["k2", "k1", "k0"]


async def test_a_store_that_is_away_is_503_and_not_401(rest: Rest) -> None:
    key = await rest.key("read")
    rest.store.failure = Unavailable("away")
    problem_of(await rest.request("GET", "/v1/workspaces/shop/teams", authorization=key), 503)
