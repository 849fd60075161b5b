"""The REST contract under hands that mean no good: made-up cursors and ids, races, borrowed keys, things that are no HTTP."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.platform.http.standard_webhooks import signed_headers
from tests.live.contract import Desk, pointers, problem
from tests.live.installation import Running
from tests.live.waiting import eventually

LISTS = (
    "/conversations",
    "/agents",
    "/teams",
    "/accounts",
    "/webhooks",
    "/v1/keys",
    "/v1/workspaces",
    "/v1/dead-letters",
)
SIGNING = "whsec_" + base64.b64encode(b"s" * 32).decode()
BIDI = "سلام‌علیک \u202e x \u2066y\u2069 👩‍👩‍👧 e\u0301"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["", "x", "team-a", encoded("[" * 1400), encoded('[0,"a"]'), "a" * 2001])
async def test_a_cursor_that_no_list_gave_is_422(desk: Desk, path: str, cursor: str) -> None:
    assert pointers(await desk.request("GET", f"{path}?cursor={cursor}")) == ["/query/cursor"]


async def test_a_cursor_of_one_list_is_none_of_another(desk: Desk) -> None:
    for name in ("a", "b"):
        await desk.put(f"/teams/{name}", {"name": name})
    cursor = (await desk.get("/teams", limit="1"))["next"]
    assert (await desk.get("/teams", limit="1", cursor=cursor))["items"][0]["id"] == "b"
    assert pointers(await desk.request("GET", f"/accounts?cursor={cursor}")) == ["/query/cursor"]


@pytest.mark.parametrize(
    "place", ["x", "MQ", "bnVsbA", encoded('{"conversations":[0,9223372036854775808,0]}'), encoded("[" * 5000)]
)
async def test_a_stream_id_that_was_never_given_is_422(desk: Desk, place: str) -> None:
    answer = await desk.request("GET", "/events", headers={"Last-Event-ID": place})
    assert pointers(answer) == ["/header/Last-Event-ID"]


@pytest.mark.parametrize("name", ["A", "-a", "a.b", "a%0A", "a%20", "a%00", "%D8%A7", "a" * 65])
@pytest.mark.parametrize("kind", ["teams", "agents", "webhooks"])
async def test_an_id_of_other_letters_is_422(desk: Desk, kind: str, name: str) -> None:
    bodies = {
        "teams": {"name": "T"},
        "agents": {"name": "A", "teams": ["default"]},
        "webhooks": {"url": "https://x.example"},
    }
    answer = await desk.request("PUT", f"/{kind}/{name}", json=bodies[kind])
    assert pointers(answer) == [f"/path/{kind.removesuffix('s')}"]


@pytest.mark.parametrize(("path", "body"), [("/teams/t", {}), ("/agents/a", {"teams": ["default"]})])
async def test_of_many_who_change_the_same_version_one_does(desk: Desk, path: str, body: dict[str, Any]) -> None:
    made = await desk.request("PUT", path, json={"name": "0", **body})
    version = {"If-Match": made.headers["etag"]}
    names = [str(number) for number in range(1, 9)]
    answers = await asyncio.gather(
        *(desk.request("PUT", path, json={"name": name, **body}, headers=version) for name in names)
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}
    [won] = [answer for answer in answers if answer.status_code == 200]
    now = await desk.request("GET", path)
    written = {name: value for name, value in won.json().items() if name != "warnings"}
    assert (now.json(), now.headers["etag"]) == (written, won.headers["etag"])


@pytest.mark.parametrize(("path", "body"), [("/teams/new", {}), ("/agents/new", {"teams": ["default"]})])
async def test_of_many_who_make_the_same_thing_one_is_told_so(desk: Desk, path: str, body: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(desk.request("PUT", path, json={"name": "n", **body}) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 7}


async def test_the_same_request_at_the_same_time_makes_one_thing(desk: Desk) -> None:
    await desk.agent("a")
    await desk.hears(1)
    conversation = await desk.assigned(1)
    once = {"Idempotency-Key": f"once-{desk.workspace}"}
    place = f"/conversations/{conversation['id']}"
    body = {"agent": "a", "text": BIDI}
    answers = await asyncio.gather(
        *(desk.request("POST", f"{place}/replies", json=body, headers=once) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert [one["text"] for one in await desk.messages(conversation, "outbound")] == [BIDI]
    problem(await desk.request("POST", f"{place}/notes", json={"text": BIDI}, headers=once), 409)
    problem(await desk.request("POST", f"{place}/resolve", headers=once), 409)
    assert (await desk.get(place))["resolved_at"] is None


async def test_what_a_refused_command_was_told_is_told_again(desk: Desk) -> None:
    await desk.agent("a")
    await desk.agent("b", presence=None)
    await desk.hears(1)
    path = f"/conversations/{(await desk.assigned(1))['id']}/replies"
    once = {"Idempotency-Key": f"refused-{desk.workspace}"}
    first, again = [await desk.request("POST", path, json={"agent": "b", "text": "no"}, headers=once) for _ in range(2)]
    problem(first, 409)
    assert again.text == first.text


async def test_commands_of_a_workspace_are_not_there_for_others(desk: Desk) -> None:
    body = {"name": "A", "teams": ["default"]}
    answer = await desk.request("PUT", "/agents/a", json=body, headers={"Prefer": "respond-async"})
    location = answer.headers["location"]
    other = f"{desk.workspace}-other"
    await desk.client.put(f"/v1/workspaces/{other}", json={"name": "Other"})
    secret = (await desk.key("admin", workspace=other))["secret"]
    problem(await desk.request("GET", location, secret), 404)
    problem(await desk.request("GET", location.replace(desk.workspace, other)), 404)


# -- the signed channel ------------------------------------------------------------------------------------------------


async def post(desk: Desk, body: bytes, off: float = 0.0, changed: Mapping[str, str] | None = None) -> httpx2.Response:
    """A call of the channel `api`, signed so many seconds from now."""
    signed = signed_headers([SIGNING], str(uuid4()), datetime.now(UTC) + timedelta(seconds=off), body)
    path = f"/webhooks/api/{desk.workspace}/main"
    return await desk.client.post(path, content=body, headers={**signed, **(changed or {})})


@pytest.fixture
async def signing(desk: Desk) -> Desk:
    credentials = {"secret": SIGNING, "callback_url": "https://hooks.example/replies"}
    await desk.put("/accounts/api/main", {"credentials": credentials})
    return desk


def message_body(**fields: Any) -> bytes:
    return json.dumps({"id": "m", "type": "message", "person": {"id": "neda"}, "text": BIDI, **fields}).encode()


@pytest.mark.parametrize("off", [-310, 310])
async def test_a_signature_of_another_time_proves_nothing(signing: Desk, off: float) -> None:
    problem(await post(signing, message_body(), off), 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": "another"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1.5"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "9" * 40},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,xx v2,yy"},
    ],
)
async def test_a_changed_header_proves_nothing_and_names_a_challenge(signing: Desk, headers: dict[str, str]) -> None:
    answer = await post(signing, message_body(), changed=headers)
    problem(answer, 401)
    assert answer.headers["www-authenticate"]


async def test_a_call_that_is_played_again_is_taken_once_and_the_text_stays_as_it_was(signing: Desk) -> None:
    for _ in range(3):
        assert (await post(signing, message_body())).status_code == 200
    [conversation] = await eventually(lambda: signing.items("/conversations", person="api:main:neda"))
    assert (await post(signing, message_body(id="last"))).status_code == 200

    async def both() -> list[dict[str, Any]]:
        found = await signing.messages(conversation)
        return found if len(found) > 1 else []

    assert [one["text"] for one in await eventually(both)] == [BIDI, BIDI]


@pytest.mark.parametrize("sent_at", ["yesterday", 1_772_323_200, "2026-03-01", "0001-01-01T00:00:00+10:00"])
async def test_a_time_that_is_none_is_400(signing: Desk, sent_at: Any) -> None:
    problem(await post(signing, message_body(sent_at=sent_at)), 400)


# -- below HTTP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"\x00\xff\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n", b"GET /\xd8\xa7 HTTP/1.1\r\n\r\n"])
async def test_what_is_no_http_is_told_so_as_a_problem(contracted: Running, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", contracted.port)
    writer.write(sent)
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400
