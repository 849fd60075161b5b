"""Signed webhooks both ways against a running installation: the channel `api`, its callback, and an integrator's hook."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.demo.serving import serving
from services.platform.http.standard_webhooks import new_secret, signed_headers, verification_error
from tests.live.installation import Running, Shop, allowing, shop_at, up
from tests.live.test_up import key_of
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports


@dataclass
class Receiver:
    """A small receiver that proves every call to its shop. `refusals` are answered first, per path.

    Other tests' shops may still call: those are taken and forgotten.
    """

    secret: str
    shop: str
    refusals: dict[str, list[int]] = field(default_factory=dict)
    calls: list[tuple[str, float, str, dict[str, Any]]] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        whose, _, path = request.url.path.lstrip("/").partition("/")
        if whose == self.shop:
            self._take(path, request, body)
        left = self.refusals.get(path, []) if whose == self.shop else []
        await Response(status_code=left.pop(0) if left else 204)(scope, receive, send)

    def _take(self, path: str, request: Request, body: bytes) -> None:
        why = verification_error(dict(request.headers), body, [self.secret], datetime.now(UTC))
        if why is not None:
            self.unproven.append(why)
        self.calls.append((path, time.monotonic(), request.headers["webhook-id"], json.loads(body)))

    def at(self, path: str) -> list[tuple[float, str, dict[str, Any]]]:
        """The calls of a path: when, `webhook-id`, body."""
        return [(when, identity, body) for called, when, identity, body in self.calls if called == path]


@pytest.fixture(scope="module")
def receiver_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, receiver_port: int) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("webhooks"), **allowing(receiver_port))
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
async def shop(installation: Running) -> AsyncIterator[Shop]:
    async with shop_at(installation.url, key_of(installation), f"shop-{time.time_ns()}") as shop:
        yield shop


async def opened(shop: Shop, base: str, secret: str) -> None:
    await shop.put("", {"name": "Shop"})
    await shop.put(
        "/accounts/api/main", {"credentials": {"secret": secret, "callback_url": f"{base}/{shop.workspace}/replies"}}
    )
    await shop.put("/webhooks/crm", {"url": f"{base}/{shop.workspace}/crm", "secret": secret})
    await shop.put("/agents/ana", {"name": "Ana", "teams": ["default"]})
    await shop.put("/agents/ana/presence", {"status": "online"})


async def post(shop: Shop, secret: str, body: Any, identity: str) -> httpx2.Response:
    raw = json.dumps(body).encode()
    headers = signed_headers([secret], identity, datetime.now(UTC), raw)
    return await shop.client.post(f"/webhooks/api/{shop.workspace}/main", content=raw, headers=headers)


async def assigned(shop: Shop) -> dict[str, Any] | None:
    found = await shop.items("/conversations", status="assigned")
    return found[0] if found else None


def message(number: int, text: str = "where is my order?") -> dict[str, Any]:
    return {"id": f"m-{number}", "type": "message", "person": {"id": "buyer-7", "name": "Sara"}, "text": text}


async def test_a_message_of_a_system_is_answered_there_at_least_once_by_one_id(shop: Shop, receiver_port: int) -> None:
    secret = new_secret()
    receiver = Receiver(secret, shop.workspace, refusals={"replies": [503]})
    async with serving(receiver, port=receiver_port) as base:
        await opened(shop, base, secret)
        assert [(await post(shop, secret, message(1), "call-1")).status_code for _ in range(3)] == [200] * 3
        conversation = await eventually(lambda: assigned(shop))
        assert conversation["person"] == "api:main:buyer-7"
        reply = await shop.reply(conversation["id"], "ana", "on its way")
        assert reply.status_code == 201
        calls = await eventually(lambda: _two(receiver))
    (first, identity, body), (second, again, repeated) = calls
    assert identity == again == reply.json()["id"]
    assert second - first <= 10
    assert (body, body["text"], body["person"]) == (repeated, "on its way", {"id": "buyer-7"})
    assert receiver.unproven == []
    assert len(await shop.items(f"/conversations/{conversation['id']}/messages")) == 2


async def _two(receiver: Receiver) -> list[tuple[float, str, dict[str, Any]]] | None:
    calls = receiver.at("replies")
    return calls if len(calls) == 2 else None


async def test_an_integrator_hears_every_fact_of_a_conversation_and_can_have_it_again(
    shop: Shop, receiver_port: int
) -> None:
    secret = new_secret()
    receiver = Receiver(secret, shop.workspace, refusals={"crm": [500]})
    async with serving(receiver, port=receiver_port) as base:
        await opened(shop, base, secret)
        await post(shop, secret, message(1), "call-1")
        conversation = await eventually(lambda: assigned(shop))
        await shop.reply(conversation["id"], "ana", "on its way")

        async def complete() -> bool:
            facts = {item["id"] for item in await shop.items(f"/conversations/{conversation['id']}/events")}
            ledger = await shop.items("/webhooks/crm/deliveries")
            taken = {one["event"] for one in ledger if one["state"] == "delivered"}
            return len(facts) >= 6 and len(taken) == len(ledger) and facts <= taken

        assert await eventually(complete)
        before = len(receiver.at("crm"))
        # One that was taken at the first try: which of them was refused is a matter of who came first.
        ledger = await shop.items("/webhooks/crm/deliveries")
        chosen = next(one["event"] for one in ledger if len(one["tries"]) == 1)
        path = f"/v1/workspaces/{shop.workspace}/webhooks/crm/replay"
        assert (await shop.client.post(path, json={"event": chosen})).status_code == 202

        async def heard_again() -> bool:
            return [i for _, i, _ in receiver.at("crm")[before:]] == [chosen]

        assert await eventually(heard_again)
    assert receiver.unproven == []
    types = {body["type"] for _, _, body in receiver.at("crm")}
    assert {f"pasokh.conversation.{word}" for word in ("opened", "assigned", "replied", "reply_delivered")} <= types
    ledger = await shop.items("/webhooks/crm/deliveries")
    assert {one["state"] for one in ledger} == {"delivered"}
    assert max(len(one["tries"]) for one in ledger) == 2


async def test_what_is_not_signed_by_the_account_is_refused(shop: Shop, receiver_port: int) -> None:
    secret = new_secret()
    await opened(shop, f"http://127.0.0.1:{receiver_port}", secret)
    assert (await post(shop, new_secret(), message(1), "call-1")).status_code == 401
    malformed = await post(shop, secret, {"type": "message", "id": "1", "text": "x"}, "call-2")
    assert (malformed.status_code, "person" in malformed.json()["detail"]) == (400, True)
    assert await shop.items("/conversations") == []


def test_the_log_holds_no_secret(installation: Running) -> None:
    assert "whsec_" not in installation.log
