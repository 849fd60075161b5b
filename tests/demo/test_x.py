"""The stand-in of X answers as X does, and fails on request."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from services.demo.x import USER_ID, FakeX

REPLY = {"text": "hello", "reply": {"in_reply_to_tweet_id": "17"}}
MESSAGES = "/2/dm_conversations/with/1600/messages"


@pytest.fixture
async def platform() -> AsyncIterator[httpx2.AsyncClient]:
    transport, signed = httpx2.ASGITransport(app=FakeX().app), {"authorization": 'OAuth oauth_token="t"'}
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand-in", headers=signed) as client:
        yield client


async def test_what_is_taken_has_an_id_of_its_own(platform: httpx2.AsyncClient) -> None:
    post = await platform.post("/2/tweets", json=REPLY)
    message = await platform.post(MESSAGES, json={"text": "hello"})
    assert (post.status_code, message.status_code) == (201, 201)
    assert post.json()["data"]["id"] != message.json()["data"]["dm_event_id"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/2/tweets", {"text": "to nobody"}, 403),
        ("/2/tweets", {**REPLY, "text": "x" * 281}, 400),
        (MESSAGES, {"text": ""}, 400),
        (MESSAGES, {"text": "x" * 10_001}, 400),
        (MESSAGES, {"attachments": [{"media_id": "1"}]}, 201),
    ],
)
async def test_what_x_refuses_is_refused(
    platform: httpx2.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    assert (await platform.post(path, json=body)).status_code == status


async def test_a_call_without_a_signature_is_nobodys(platform: httpx2.AsyncClient) -> None:
    bearer = {"authorization": "Bearer of-the-app"}
    assert (await platform.get("/2/users/me", headers=bearer)).status_code == 401
    assert (await platform.get("/2/users/me")).json()["data"]["id"] == USER_ID


@pytest.mark.parametrize(
    ("kind", "status"), [("rate_limited", 429), ("blocked", 403), ("refused", 400), ("error", 500)]
)
async def test_it_fails_on_request_once(platform: httpx2.AsyncClient, kind: str, status: int) -> None:
    await platform.post("/_faults", json={"kind": kind})
    answers = [await platform.post(MESSAGES, json={"text": "hello"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, 201]
