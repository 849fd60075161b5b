"""Every error of the conventions, as a problem that says what was wrong."""

import asyncio
import functools
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import APIRouter

from services.platform.core.errors import Unavailable, Unknown
from services.platform.http.bodies import MAX_BODY_BYTES, read_body
from services.platform.http.service import ServiceComponents
from tests.rest import ADMIN_KEY, Rest, open_rest, problem_of

WORKSPACE = "/v1/workspaces/shop"
AUTHORIZED = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        yield opened


async def put(rest: Rest, content: bytes | AsyncIterator[bytes], **headers: str) -> httpx2.Response:
    return await rest.client.put(WORKSPACE, content=content, headers=AUTHORIZED | headers)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"nonsense", b'{"name": NaN}', b"\xff\xfe", b'{"name": "\\ud800"}'], ids=repr
)
async def test_what_is_no_json_is_400(rest: Rest, content: bytes) -> None:
    problem_of(await put(rest, content), 400)


async def test_json_that_nests_too_deeply_is_400(rest: Rest) -> None:
    problem = problem_of(await put(rest, b'{"name":' + b"[" * 500 + b"]" * 500 + b"}"), 400)
    assert "deeper than" in str(problem["detail"])


async def test_an_unknown_field_is_422_and_named(rest: Rest) -> None:
    problem = problem_of(await put(rest, b'{"name": "Shop", "nmae": 1}'), 422)
    assert problem["errors"] == [
        {"pointer": "/nmae", "detail": "This field is not known. Leave it out, or check its spelling."}
    ]


async def test_each_wrong_field_has_its_pointer(rest: Rest) -> None:
    problem = problem_of(await put(rest, b'{"languages": ["en", 5], "timezone": "Mars/Base"}'), 422)
    found = {error["pointer"]: error["detail"] for error in problem["errors"]}
    assert set(found) == {"/name", "/languages/1", "/timezone"}
    assert found["/name"] == "This field is required."
    assert "IANA" in str(found["/timezone"])


async def test_a_body_that_is_no_object_is_422(rest: Rest) -> None:
    problem_of(await put(rest, b"[]"), 422)


async def test_numbers_no_store_can_keep_are_422(rest: Rest) -> None:
    problem = problem_of(await put(rest, b'{"name": "Shop", "x/y": [1e1, 99999999999999999999]}'), 422)
    assert problem["errors"][0]["pointer"] == "/x~1y/1"


async def test_a_declared_length_over_the_limit_is_413(rest: Rest) -> None:
    problem_of(await put(rest, b" " * (MAX_BODY_BYTES + 1)), 413)


async def test_a_body_that_grows_over_the_limit_is_413(rest: Rest) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 100_000

    answer = await put(rest, endless())
    problem_of(answer, 413)
    assert answer.headers["connection"] == "close"


async def test_a_body_that_does_not_come_is_408(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b'{"name":'
        await asyncio.Event().wait()

    sooner = functools.partial(read_body, seconds=0.01)
    monkeypatch.setattr("services.platform.http.json_body.read_body", sooner)
    problem = problem_of(await put(rest, stalled()), 408)
    assert "15 seconds" in str(problem["detail"])


async def test_a_path_that_is_not_there_is_404(rest: Rest) -> None:
    problem_of(await rest.request("GET", "/v2/anything"), 404)


async def test_a_method_that_is_not_taken_is_405_with_those_that_are(rest: Rest) -> None:
    answer = await rest.request("PATCH", "/v1/keys")
    problem_of(answer, 405)
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("failure", [Unavailable("no route to the store"), Unknown("no answer")], ids=repr)
async def test_a_store_that_is_away_is_503_with_retry_after(rest: Rest, failure: Exception) -> None:
    rest.store.failure = failure
    answer = await put(rest, b'{"name": "Shop"}')
    problem = problem_of(answer, 503)
    assert int(answer.headers["retry-after"]) >= 1
    assert "no route" not in str(problem)


async def test_our_own_bug_is_500_without_a_word_of_it() -> None:
    async def broken() -> None:
        raise KeyError("the card is 4111 1111 1111 1111")

    router = APIRouter()
    router.add_api_route("/broken", broken)
    async with open_rest([ServiceComponents(routers=[router])]) as rest:
        answer = await rest.client.get("/broken")
        problem_of(answer, 500)
        assert "4111" not in answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "stauts=waiting", "status=lost", "cursor=!!"])
async def test_a_wrong_query_is_422(rest: Rest, query: str) -> None:
    await rest.workspace()
    problem = problem_of(await rest.request("GET", f"{WORKSPACE}/conversations?{query}"), 422)
    assert problem["errors"][0]["pointer"] == "/query/" + query.partition("=")[0]
