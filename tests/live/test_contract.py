"""The conventions of the REST contract, on a real `pasokh up`: checks and their order, problems, lists, keys, shapes."""

import asyncio
import time
from typing import Any

import pytest

from services.demo.telegram import FakeTelegram
from tests.live.contract import TIME, Desk, pointers, problem, shaped
from tests.live.installation import ADMIN_KEY, Running
from tests.live.waiting import eventually

BROKEN = b"{"


# -- the order of checks: 401, foreign workspace 404, scope 403, resource 404, body ------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("PUT", "/agents/NO ID"),
        ("GET", "/conversations?limit=0"),
        ("POST", "/conversations/none/replies"),
        ("POST", "/v1/keys"),
        ("GET", "/v1/workspaces/there-is-none"),
    ],
)
@pytest.mark.parametrize("presented", [None, "Bearer wrong", "Basic YTpi", "Bearer"])
async def test_no_key_or_a_wrong_one_comes_before_everything(
    desk: Desk, method: str, path: str, presented: str | None
) -> None:
    headers = {"Authorization": presented} if presented else {}
    body = {"content": BROKEN} if method != "GET" else {}
    answer = await desk.anonymous(method, path, headers=headers, **body)
    problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PUT", ""), ("PUT", "/agents/NO ID"), ("GET", "/conversations?limit=0"), ("PUT", "/accounts/x/y")],
)
async def test_a_foreign_workspace_is_not_there_whatever_the_scope_and_body(desk: Desk, method: str, path: str) -> None:
    secret = (await desk.key("read"))["secret"]
    body = {"content": BROKEN} if method == "PUT" else {}
    other = await desk.request(method, f"/v1/workspaces/other{path}", secret, **body)
    none = await desk.request(method, f"/v1/workspaces/there-is-none{path}", secret, **body)
    assert problem(other, 404)["detail"].replace("other", "") == problem(none, 404)["detail"].replace(
        "there-is-none", ""
    )


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("read", "PUT", "/teams/vip"),
        ("read", "POST", "/conversations/none/replies"),
        ("read", "PUT", "/agents/none/presence"),
        ("desk", "POST", "/conversations/none/sla/reapply"),
        ("write", "PUT", "/teams/vip"),
        ("write", "PUT", "/agents/none"),
        ("write", "PUT", "/routing"),
        ("write", "PUT", "/sla"),
        ("write", "PUT", ""),
        ("write", "PUT", "/accounts/there-is-none/x"),
        ("write", "DELETE", "/accounts/telegram/main"),
        ("write", "POST", "/v1/keys"),
        ("write", "GET", "/v1/keys"),
    ],
)
async def test_a_scope_that_is_missing_comes_before_resource_and_body(
    desk: Desk, scope: str, method: str, path: str
) -> None:
    secret = (await desk.key(scope))["secret"]
    problem(await desk.request(method, path, secret, content=BROKEN), 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/conversations/none/replies"),
        ("POST", "/conversations/none/resolve"),
        ("PUT", "/agents/none/presence"),
        ("PUT", "/accounts/there-is-none/x"),
        ("PUT", "/v1/workspaces/there-is-none/agents/a"),
        ("GET", "/conversations/none"),
        ("GET", "/conversations/none/messages"),
        ("GET", "/conversations/none/clocks"),
        ("GET", "/commands/none"),
        ("DELETE", "/teams/none"),
        ("DELETE", "/agents/none"),
        ("DELETE", "/v1/keys/none"),
        ("GET", "/nothing-here"),
    ],
)
async def test_a_resource_that_is_not_there_comes_before_the_body(desk: Desk, method: str, path: str) -> None:
    problem(await desk.request(method, path, content=BROKEN if method in ("PUT", "POST") else b""), 404)


# -- bodies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        BROKEN,
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud83d"}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"name":' * 10_000,
    ],
)
async def test_what_is_no_json_is_400(desk: Desk, body: bytes) -> None:
    problem(await desk.request("PUT", "/teams/t", content=body), 400)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/teams/t", [], [""]),
        ("/teams/t", {}, ["/name"]),
        ("/teams/t", {"name": "T", "nmae": 1}, ["/nmae"]),
        ("/teams/t", {"name": "a\x00"}, ["/name"]),
        ("/teams/NO", {"name": "T"}, ["/path/team"]),
        ("/teams/" + "t" * 65, {"name": "T"}, ["/path/team"]),
        ("/agents/a", {"name": "A"}, ["/teams"]),
        ("/agents/a", {"name": "A", "teams": ["none"]}, ["/teams/0"]),
        ("/agents/a", {"name": "A", "teams": ["default"], "capacity": 0}, ["/capacity"]),
        ("/agents/a", {"name": "A", "teams": ["default"], "capacity": 10**30}, ["/capacity"]),
        ("/agents/a", {"name": "A", "teams": ["default"], "skills": {"x": 6}}, ["/skills/x"]),
        ("", {"name": "W", "timezone": "Mars/Olympus"}, ["/timezone"]),
        ("/routing", {"rules": [{"when": {"langauge": "fa"}, "then": {}}]}, ["/rules/0/when/langauge"]),
        ("/routing", {"rules": [{"when": {}, "then": {"team": "none"}}]}, ["/rules/0/then/team"]),
        ("/routing", {"rules": [{"then": {"priority": "asap"}}]}, ["/rules/0/then/priority"]),
        (
            "/routing",
            {"rules": [{"then": {"skills": {"lang:{langauge}": 1}}}]},
            ["/rules/0/then/skills/lang:{langauge}"],
        ),
        ("/sla", {"policies": [{"id": "p"}]}, ["/policies/0/targets"]),
        ("/sla", {"policies": [{"id": "p", "targets": {"first_response": 5}}]}, ["/policies/0/targets/first_response"]),
        ("/accounts/telegram/x", {"credentials": {"secret_token": "a-secret-of-it"}}, ["/credentials/bot_token"]),
    ],
)
async def test_what_is_not_acceptable_is_422_and_says_where(
    desk: Desk, path: str, body: Any, expected: list[str]
) -> None:
    assert pointers(await desk.request("PUT", path, json=body)) == expected


async def test_private_addresses_are_no_targets_unless_the_server_was_told_so(desk: Desk) -> None:
    answer = await desk.request("PUT", "/accounts/telegram/x", json=desk.account("http://127.0.0.1:9"))
    assert pointers(answer) == ["/api_base"]


@pytest.mark.parametrize("sent", ["declared", "streamed"])
async def test_a_body_over_one_megabyte_is_413(desk: Desk, sent: str) -> None:
    async def stream() -> Any:
        for _ in range(50):
            yield b" " * 40_000

    content: Any = b" " * 1_000_001 if sent == "declared" else stream()
    problem(await desk.request("PUT", "/teams/t", content=content), 413)


async def test_a_method_that_a_path_does_not_take_is_405_with_those_that_it_takes(desk: Desk) -> None:
    for path, allowed in (("", "DELETE, GET, PUT"), ("/v1/keys", "GET, POST"), ("/agents/a", "DELETE, GET, PUT")):
        answer = await desk.request("PATCH", path)
        problem(answer, 405)
        assert answer.headers["allow"] == allowed


# -- writing and reading -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "shape", "body"),
    [
        ("/teams/t", "team", {"name": "T"}),
        ("/agents/a", "agent", {"name": "A", "teams": ["default"], "skills": {"lang:fa": 5}}),
        ("/accounts/telegram/x", "account", {"credentials": {"bot_token": "1:a", "secret_token": "a-secret-of-it"}}),
    ],
)
async def test_a_put_creates_then_replaces_under_its_etag_and_a_delete_ends_it(
    desk: Desk, path: str, shape: str, body: dict[str, Any]
) -> None:
    made = await desk.request("PUT", path, json=body)
    changed = await desk.request(
        "PUT", path, json={**body, "name": "Other"}, headers={"If-Match": made.headers["etag"]}
    )
    read = await desk.request("GET", path)
    assert [one.status_code for one in (made, changed, read)] == [201, 200, 200]
    assert made.headers["etag"] != changed.headers["etag"] == read.headers["etag"]
    shaped(shape, read.json())
    assert _as_written(read.json()) == _as_written(changed.json())
    assert read.json()["name"] == "Other"
    stale = {"If-Match": made.headers["etag"]}
    problem(await desk.request("PUT", path, json=body, headers=stale), 412)
    problem(await desk.request("DELETE", path, headers=stale), 412)
    gone = await desk.request("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    problem(await desk.request("GET", path), 404)
    problem(await desk.request("DELETE", path), 404)


def _as_written(resource: dict[str, Any]) -> dict[str, Any]:
    """Without what only one of PUT and GET says: `warnings` about what was written, `health` as it is now."""
    return {name: value for name, value in resource.items() if name not in {"warnings", "health"}}


async def test_a_workspace_has_its_defaults_and_is_replaced_whole(desk: Desk) -> None:
    path = f"{desk.path}-b"
    assert (await desk.request("PUT", path, json={"name": "B", "timezone": "Asia/Tehran"})).status_code == 201
    assert (await desk.request("PUT", path, json={"name": "B"})).status_code == 200
    shown = (await desk.request("GET", path)).json()
    shaped("workspace", shown)
    assert shown == {"id": f"{desk.workspace}-b", "name": "B", "languages": ["en"], "timezone": "UTC"}


async def test_credentials_never_come_back(desk: Desk) -> None:
    shown = await desk.get("/accounts/telegram/main")
    assert shown["credentials"] == {"bot_token": "set", "secret_token": "set"}
    assert shown["webhook_path"] == f"/webhooks/telegram/{desk.workspace}/main"


async def test_rules_and_policies_read_as_they_were_written(desk: Desk) -> None:
    rules = {"rules": [{"when": {"language": ["fa"]}, "then": {"skills": {"lang:{language}": 2}, "priority": "high"}}]}
    policy = {"id": "p", "when": {"team": "default"}, "targets": {"first_response_seconds": 60}, "warn_at": [0.5]}
    calendar = {"timezone": "Asia/Tehran", "hours": {"sat": [["09:00", "17:00"]]}, "holidays": ["2026-03-21"]}
    await desk.put("/routing", rules)
    await desk.put("/sla", {"policies": [{**policy, "calendar": calendar}]})
    assert (await desk.get("/routing"))["rules"][0]["when"] == {"language": ["fa"]}
    assert (await desk.get("/sla"))["policies"] == [{**policy, "calendar": calendar}]


async def test_a_put_with_respond_async_tells_where_its_status_is(desk: Desk) -> None:
    body = {"name": "A", "teams": ["default"]}
    answer = await desk.request("PUT", "/agents/a", json=body, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert answer.headers["location"].startswith(f"{desk.path}/commands/")

    async def applied() -> bool:
        shown = (await desk.request("GET", answer.headers["location"])).json()
        assert shown["status"] in ("pending", "applied")
        return bool(shown["status"] == "applied")

    await eventually(applied)
    assert (await desk.get("/agents/a"))["name"] == "A"
    refused = {"If-Match": '"99"', "Prefer": "respond-async"}
    location = (await desk.request("PUT", "/agents/a", json=body, headers=refused)).headers["location"]
    shown = await eventually(lambda: _settled(desk, location))
    assert shown is not None
    assert (shown["status"], shown["problem"]["status"]) == ("refused", 412)


async def _settled(desk: Desk, location: str) -> dict[str, Any] | None:
    shown: dict[str, Any] = (await desk.request("GET", location)).json()
    return None if shown["status"] == "pending" else shown


# -- lists -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/conversations", "/agents", "/teams", "/accounts", "/v1/keys"])
@pytest.mark.parametrize(
    ("query", "pointer"), [("limit=0", "/query/limit"), ("limit=201", "/query/limit"), ("l=1", "/query/l")]
)
async def test_a_limit_out_of_bounds_or_an_unknown_parameter_is_422(
    desk: Desk, path: str, query: str, pointer: str
) -> None:
    assert pointers(await desk.request("GET", f"{path}?{query}")) == [pointer]
    assert (await desk.request("GET", f"{path}?limit=200")).status_code == 200


async def test_pages_hold_everything_once_newest_first_and_filters_hold_on_all_of_them(desk: Desk) -> None:
    await desk.agent("a", capacity=1000)
    for chat in range(1, 8):
        await desk.hears(chat)
    await eventually(lambda: _seven(desk))
    found: list[dict[str, Any]] = []
    query = {"limit": "3", "status": "assigned", "agent": "a", "team": "default", "channel": "telegram"}
    page = await desk.get("/conversations", **query, surface="private", sensitive="false")
    while True:
        assert len(page["items"]) <= 3
        found += page["items"]
        if page["next"] is None:
            break
        page = await desk.get("/conversations", **query, surface="private", sensitive="false", cursor=page["next"])
    assert sorted(one["person"] for one in found) == [f"telegram:main:{chat}" for chat in range(1, 8)]
    opened = [one["opened_at"] for one in found]
    assert opened == sorted(opened, reverse=True)
    for nothing in ("status=resolved", "agent=b", "team=vip", "channel=x", "surface=public", "sensitive=true"):
        assert (await desk.request("GET", f"/conversations?{nothing}")).json() == {"items": [], "next": None}


async def _seven(desk: Desk) -> bool:
    return len(await desk.items("/conversations", status="assigned")) == 7


# -- keys --------------------------------------------------------------------------------------------------------------


async def test_a_secret_is_shown_once_and_a_deleted_key_stops_within_a_second(desk: Desk) -> None:
    made = await desk.key("read", "write")
    assert {"id", "name", "workspace", "scopes", "secret"} <= set(made)
    listed = [
        one for one in (await desk.request("GET", "/v1/keys?limit=200")).json()["items"] if one["id"] == made["id"]
    ]
    assert len(listed) == 1
    assert "secret" not in listed[0]
    assert (await desk.request("GET", "", made["secret"])).status_code == 200
    assert (await desk.request("DELETE", f"/v1/keys/{made['id']}")).status_code == 204
    until = time.monotonic() + 1.5
    while (await desk.request("GET", "", made["secret"])).status_code == 200:
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
    problem(await desk.request("GET", "", made["secret"]), 401)


async def test_a_key_of_a_workspace_makes_no_key_that_sees_more(desk: Desk) -> None:
    secret = (await desk.key("admin"))["secret"]
    problem(await desk.request("POST", "/v1/keys", secret, json={"name": "all", "scopes": ["read"]}), 403)
    foreign = {"name": "x", "workspace": "other", "scopes": ["read"]}
    assert pointers(await desk.request("POST", "/v1/keys", secret, json=foreign)) == ["/workspace"]
    everything = (await desk.key("read", workspace=None))["secret"]
    assert (await desk.request("GET", "", everything)).status_code == 200
    problem(await desk.request("PUT", "", everything, json={"name": "x"}), 403)


async def test_a_repeated_post_gets_the_first_answer_without_the_secret_and_another_body_409(desk: Desk) -> None:
    body = {"name": "k", "workspace": desk.workspace, "scopes": ["read"]}
    once = {"Idempotency-Key": f"key-of-{desk.workspace}"}
    first, again = [await desk.request("POST", "/v1/keys", json=body, headers=once) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {name: value for name, value in first.json().items() if name != "secret"}
    problem(await desk.request("POST", "/v1/keys", json={**body, "name": "other"}, headers=once), 409)


# -- shapes ------------------------------------------------------------------------------------------------------------


async def test_every_shape_has_every_field(desk: Desk, stand_in: FakeTelegram) -> None:
    await desk.agent("a", skills={"lang:en": 3})
    await desk.put("/sla", {"policies": [{"id": "p", "targets": {"first_response_seconds": 60}}]})
    await desk.hears(1)
    conversation = await desk.assigned(1)
    shaped("conversation", conversation)
    assert {name for name, value in conversation.items() if value is None} == {
        "first_response_at",
        "resolved_at",
        "handoff",
        "customer_id",
    }
    sent = await desk.reply(conversation["id"], "a", "on its way")
    await desk.outcome(conversation, sent.json()["id"])
    place = f"/conversations/{conversation['id']}"
    inbound, outbound = await desk.messages(conversation)
    for one in (sent.json(), inbound, outbound):
        shaped("message", one)
        assert set(one["author"]) == {"kind", "id", "name"}
    [decision] = await desk.items(f"{place}/decisions")
    shaped("decision", decision)
    assert (decision["outcome"], decision["agent"], decision["conversation"]) == ("assigned", "a", conversation["id"])
    assert decision["summary"].endswith(".")
    assert isinstance(decision["config_version"], int)
    [candidate] = decision["candidates"]
    assert set(candidate) == {"agent", "eligible", "filters", "scores"}
    assert {"name", "passed", "detail"} == set(candidate["filters"][0])
    [clock] = await desk.items(f"{place}/clocks")
    shaped("clock", clock)
    assert (clock["metric"], clock["policy"], clock["target_seconds"]) == ("first_response", "p", 60)


async def test_events_are_cloudevents_of_conversation_and_clocks_oldest_first(
    desk: Desk, stand_in: FakeTelegram
) -> None:
    await desk.agent("a")
    await desk.put("/sla", {"policies": [{"id": "p", "targets": {"first_response_seconds": 60}}]})
    await desk.hears(1)
    conversation = await desk.assigned(1)
    await desk.reply(conversation["id"], "a", "hello")

    async def fulfilled() -> list[dict[str, Any]]:
        found = await desk.items(f"/conversations/{conversation['id']}/events")
        return found if found[-1]["type"] == "pasokh.sla.fulfilled" else []

    events = await eventually(fulfilled)
    types = [one["type"].removeprefix("pasokh.") for one in events]
    assert types[:3] == ["conversation.opened", "conversation.message_received", "conversation.queued"]
    expected = {"sla.started", "conversation.assigned", "conversation.replied", "conversation.reply_delivered"}
    assert expected | {"conversation.pending", "sla.fulfilled"} <= set(types)
    for one in events:
        assert {"specversion", "id", "source", "type", "time", "data"} <= set(one)
        assert one["specversion"] == "1.0"
        assert TIME.match(one["time"])
        assert one["data"]["conversation"] == conversation["id"]
        assert ("metric" in one["data"]) == one["type"].startswith("pasokh.sla.")
    assert len({one["id"] for one in events}) == len(events)
    assert "hello" not in str(events)


# -- outside the workspace ---------------------------------------------------------------------------------------------


async def test_probes_metrics_and_documents_need_no_key(desk: Desk, contracted: Running) -> None:
    for path, kind in (("/livez", "json"), ("/readyz", "json"), ("/openapi.json", "json"), ("/docs", "html")):
        answer = await desk.client.get(path, headers={"Authorization": ""})
        assert answer.status_code == 200
        assert kind in answer.headers["content-type"]
    assert (await desk.client.get("/metrics")).headers["content-type"].startswith("text/plain")
    assert ADMIN_KEY not in contracted.log
