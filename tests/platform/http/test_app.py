"""The app of a process: probes, metrics, document, branches."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from services.platform.core.errors import Misconfigured, Unavailable
from services.platform.core.settings import Settings
from services.platform.http.app import open_app
from services.platform.http.bodies import read_body
from services.platform.http.service import Context, ServiceComponents
from tests.fakes import ManualTimeSource, MemoryBus, MemoryStore
from tests.rest import Rest, open_rest, problem_of, settings_with


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest() as opened:
        yield opened


async def test_a_live_process_says_so_without_a_key(rest: Rest) -> None:
    answer = await rest.client.get("/livez")
    assert answer.status_code == 200


async def test_ready_when_store_and_bus_work(rest: Rest) -> None:
    answer = await rest.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"store": {"ok": True, "detail": "ok"}, "bus": {"ok": True, "detail": "ok"}},
    }


async def test_not_ready_names_what_does_not_work(rest: Rest) -> None:
    rest.store.failure = Unavailable("the disk is full")
    answer = await rest.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["store"] == {"ok": False, "detail": "the disk is full"}
    assert answer.json()["checks"]["bus"]["ok"]


async def test_a_check_of_a_part_joins_and_its_words_stay_inside() -> None:
    async def broken() -> None:
        raise RuntimeError("password is hunter2")

    async with open_rest([ServiceComponents(checks={"ranker": broken})]) as rest:
        answer = await rest.client.get("/readyz")
    assert answer.status_code == 503
    assert "hunter2" not in answer.text
    assert "RuntimeError" in answer.json()["checks"]["ranker"]["detail"]


async def test_metrics_hold_http_and_what_parts_bring() -> None:
    registry = CollectorRegistry()
    Counter("pasokh_tests_total", "Tests.", registry=registry).inc(7)
    async with open_rest([ServiceComponents(collectors=[registry])]) as rest:
        await rest.client.get("/v1/workspaces/nobody/teams")
        answer = await rest.client.get("/metrics")
    assert "pasokh_tests_total 7.0" in answer.text
    line = 'pasokh_http_requests_total{method="GET",route="/v1/workspaces/{workspace}/teams",status="401"} 1.0'
    assert line in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/workspaces/shop", 200),
        ("GET", "/v1/workspaces/nobody", 404),
        ("PUT", "/v1/workspaces/shop", 400),
        ("PATCH", "/v1/workspaces/shop", 405),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/keys/none", 404),
    ],
)
async def test_every_answer_of_rest_is_for_its_caller_alone(rest: Rest, method: str, path: str, status: int) -> None:
    await rest.workspace()
    answer = await rest.request(method, path)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_answer_to_nobody_is_kept_by_nobody_either(rest: Rest) -> None:
    answer = await rest.client.get("/v1/workspaces/shop")
    assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
    assert "cache-control" not in (await rest.client.get("/livez")).headers


async def test_a_branch_is_asked_before_the_framework_and_no_other_path_reaches_it() -> None:
    async def branch(scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, scope["headers"])
        await PlainTextResponse(body)(scope, receive, send)

    async with open_rest([ServiceComponents(mounts={"/webhooks": branch})]) as rest:
        answer = await rest.client.post("/webhooks/telegram/shop/main", content=b"raw")
        assert answer.text == "raw"
        problem_of(await rest.client.post("/webhooksome", content=b"raw"), 404)
        document = (await rest.client.get("/openapi.json")).json()
    assert "post" in document["paths"]["/webhooks/{channel}/{workspace}/{account}"]


async def test_a_request_that_is_cut_short_because_the_process_stops_may_be_repeated() -> None:
    begun = asyncio.Event()

    async def branch(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with open_rest([ServiceComponents(mounts={"/webhooks": branch})]) as rest:
        asked = asyncio.create_task(rest.client.post("/webhooks/telegram/shop/main", content=b"raw"))
        await begun.wait()
        asked.cancel()
        answer = await asked
        problem_of(answer, 503)
        assert int(answer.headers["retry-after"]) >= 1


async def test_an_answer_that_has_begun_ends_where_the_process_stops() -> None:
    begun = asyncio.Event()

    async def branch(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.set()
        await asyncio.Event().wait()

    async with open_rest([ServiceComponents(mounts={"/stream": branch})]) as rest:
        asked = asyncio.create_task(rest.client.get("/stream"))
        await begun.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked


async def test_the_document_tells_bodies_errors_and_security(rest: Rest) -> None:
    document = (await rest.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    replies = document["paths"]["/v1/workspaces/{workspace}/conversations/{conversation}/replies"]["post"]
    assert replies["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ReplyBody"}
    assert document["components"]["schemas"]["ReplyBody"]["additionalProperties"] is False
    assert {"201", "202", "400", "401", "403", "404", "408", "413", "422", "429", "503"} <= set(replies["responses"])
    assert replies["security"]
    assert "HTTPValidationError" not in str(document)
    agent = document["paths"]["/v1/workspaces/{workspace}/agents/{agent}"]["put"]
    assert {"200", "201", "202", "412"} <= set(agent["responses"])


async def test_the_document_tells_the_headers_that_an_answer_always_has(rest: Rest) -> None:
    document = (await rest.client.get("/openapi.json")).json()
    agent = document["paths"]["/v1/workspaces/{workspace}/agents/{agent}"]["put"]["responses"]
    always = {status: set(answer["headers"]) for status, answer in agent.items() if "headers" in answer}
    assert always == {
        **{status: {"ETag"} for status in ("200", "201")},
        "202": {"Location"},
        "401": {"WWW-Authenticate"},
        **{status: {"Retry-After"} for status in ("429", "503")},
    }
    assert all(one["required"] for answer in agent.values() for one in answer.get("headers", {}).values())


async def test_no_parameter_is_said_to_be_null_because_none_can_be(rest: Rest) -> None:
    document = (await rest.client.get("/openapi.json")).json()
    operations = [one for path in document["paths"].values() for one in path.values() if isinstance(one, dict)]
    schemas = [parameter["schema"] for one in operations for parameter in one.get("parameters", [])]
    assert len(schemas) > 50
    assert not any("anyOf" in schema for schema in schemas)


async def test_a_process_may_describe_more_than_its_own_routes() -> None:
    context = Context(settings_with(), MemoryStore(), MemoryBus(), ManualTimeSource())
    async with open_app(context, [], lambda _: None, lambda: {"openapi": "3.1.0"}) as app:  # type: ignore[arg-type,return-value]
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://pasokh") as client:
            assert (await client.get("/openapi.json")).json() == {"openapi": "3.1.0"}


async def test_every_reference_of_the_document_leads_somewhere(rest: Rest) -> None:
    document = (await rest.client.get("/openapi.json")).json()
    missing = [ref for ref in _references(document) if ref.rpartition("/")[2] not in document["components"]["schemas"]]
    assert not missing


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in _references(value)]
    return [ref for value in node for ref in _references(value)] if isinstance(node, list) else []


async def test_no_admin_key_is_no_start() -> None:
    context = Context(Settings(admin_key=None), MemoryStore(), MemoryBus(), ManualTimeSource())
    with pytest.raises(Misconfigured, match="PASOKH_ADMIN_KEY"):
        async with open_app(context, [], lambda _: None):  # type: ignore[arg-type,return-value]
            pass


async def test_a_short_admin_key_is_no_start() -> None:
    context = Context(settings_with(admin_key="short"), MemoryStore(), MemoryBus(), ManualTimeSource())
    with pytest.raises(Misconfigured, match="at least 32"):
        async with open_app(context, [], lambda _: None):  # type: ignore[arg-type,return-value]
            pass


async def test_the_document_names_every_part_of_every_path(rest: Rest) -> None:
    document = (await rest.client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for method in operations.keys() - {"parameters"}:
            given = operations.get("parameters", []) + operations[method].get("parameters", [])
            named = [one["name"] for one in given if one["in"] == "path"]
            assert sorted(named) == sorted(re.findall(r"{(\w+)}", path)), (method, path)
