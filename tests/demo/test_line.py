"""The stand-in of LINE answers as LINE does, takes a retry key once, and fails on request."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.demo.line import FakeLine

PUSH, KEY, PERSON = "/v2/bot/message/push", {"x-line-retry-key": str(UUID(int=1))}, f"U{'0' * 32}"


@pytest.fixture
async def line() -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": "Bearer a-token"}
    transport = httpx2.ASGITransport(app=FakeLine().app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand-in", headers=headers) as client:
        yield client


def push(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"to": PERSON, "messages": [{"type": "text", "text": text}], **more}


async def test_a_retry_key_is_taken_once(line: httpx2.AsyncClient) -> None:
    first, again = [await line.post(PUSH, json=push(), headers=KEY) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 409)
    assert again.json()["sentMessages"][0]["id"] == first.json()["sentMessages"][0]["id"]
    assert "x-line-accepted-request-id" in again.headers
    other = await line.post(PUSH, json=push())
    assert other.json()["sentMessages"][0]["id"] != first.json()["sentMessages"][0]["id"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (push(to=""), KEY, 400),
        (push(messages=[]), KEY, 400),
        (push("x" * 5001), KEY, 400),
        (push("😀" * 2501), KEY, 400),
        (push("😀" * 2500), KEY, 200),
        (push(), {"x-line-retry-key": "no-uuid"}, 400),
        (push(), {"authorization": "none"}, 401),
    ],
)
async def test_what_line_refuses_is_refused(
    line: httpx2.AsyncClient, body: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    assert (await line.post(PUSH, json=body, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("fault", "status"), [({"kind": "error"}, 500), ({"kind": "rate_limited"}, 429), ({"kind": "refused"}, 400)]
)
async def test_it_fails_on_request_once(line: httpx2.AsyncClient, fault: dict[str, Any], status: int) -> None:
    await line.post("/_faults", json=fault)
    assert [(await line.post(PUSH, json=push())).status_code for _ in range(2)] == [status, 200]


async def test_a_webhook_is_known_once_it_is_set(line: httpx2.AsyncClient) -> None:
    endpoint = "/v2/bot/channel/webhook/endpoint"
    assert (await line.get(endpoint)).status_code == 404
    await line.put(endpoint, json={"endpoint": "https://shop.example/hook"})
    assert (await line.get(endpoint)).json() == {"endpoint": "https://shop.example/hook", "active": True}


async def test_the_animation_is_shown_to_people_alone(line: httpx2.AsyncClient) -> None:
    chats = (PERSON, "C1")
    answers = [await line.post("/v2/bot/chat/loading/start", json={"chatId": chat}) for chat in chats]
    assert [answer.status_code for answer in answers] == [202, 400]
