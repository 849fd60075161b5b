"""WhatsApp through a running installation: signed webhooks in, calls to a stand-in of the Graph API out."""

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.demo.faults import Fault
from services.demo.forms import FormFile
from services.demo.graph import FakeGraph
from services.demo.serving import serving
from tests.channels.whatsapp.cases import CREDENTIALS, HEADER, NUMBER, WABA, signature
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, running_well, shop_at, up
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

SARA = "37126000001"
PDF = b"%PDF-1.7\n" + bytes(1_000)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(1_000)


@dataclass
class Numbered:
    """A shop with one WhatsApp number, and the stand-in of Meta."""

    shop: Shop
    graph: FakeGraph

    async def post(self, **lists: Any) -> None:
        """Meta posts one change with these lists."""
        value = {"metadata": {"display_phone_number": "37120000001", "phone_number_id": NUMBER}, **lists}
        entry = {"id": WABA, "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        headers = {HEADER: signature(body), "content-type": "application/json"}
        answer = await self.shop.client.post("/webhooks/whatsapp/shop/main", content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def sent(self) -> list[dict[str, Any]]:
        """The messages that Meta took."""
        return [item for item in self.graph.log.items if "body" in item]


@pytest.fixture(scope="module")
def port() -> int:
    [port] = free_ports(1)
    return port


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Running]:
    running = up(tmp_path_factory.mktemp("whatsapp"), PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
    with running_well(running):
        yield running


@pytest.fixture
async def numbered(installation: Running, port: int) -> AsyncIterator[Numbered]:
    graph = FakeGraph("whatsapp", NUMBER)
    async with serving(graph.app, port=port) as url, shop_at(installation.url, ADMIN_KEY) as shop:
        await shop.put("", {"name": "Shop", "languages": ["lv", "en"]})
        await shop.put("/accounts/whatsapp/main", {"credentials": CREDENTIALS, "api_base": url})
        await shop.put("/agents/ana", {"name": "Ana", "teams": ["default"], "capacity": 20})
        await shop.put("/agents/ana/presence", {"status": "online"})
        yield Numbered(shop, graph)


async def test_a_customer_is_answered_with_a_file_and_the_answer_is_read(numbered: Numbered) -> None:
    shop = numbered.shop
    challenge = {"hub.mode": "subscribe", "hub.verify_token": str(CREDENTIALS["verify_token"]), "hub.challenge": "42"}
    assert (await shop.client.get("/webhooks/whatsapp/shop/main", params=challenge)).text == "42"

    photo = numbered.graph.files.add(FormFile("file", "image/jpeg", JPEG))
    contacts = [{"profile": {"name": "Sara"}, "wa_id": SARA}]
    message = {"from": SARA, "id": "wamid.1", "timestamp": str(int(time.time())), "type": "image"}
    image = {"id": photo, "mime_type": "image/jpeg", "caption": "It arrived broken"}
    await numbered.post(contacts=contacts, messages=[{**message, "image": image}])

    async def assigned() -> list[dict[str, Any]]:
        return await shop.items("/conversations", person=f"whatsapp:main:{SARA}", status="assigned")

    case = (await eventually(assigned))[0]
    messages = f"/conversations/{case['id']}/messages"
    [inbound] = await shop.items(messages)
    shown = await shop.client.get(inbound["attachments"][0]["url"])
    assert (shown.status_code, shown.content) == (200, JPEG)

    named = {"content-disposition": 'attachment; filename="return label.pdf"'}
    made = await shop.client.post("/v1/workspaces/shop/attachments", content=PDF, headers=named)
    reply = {"agent": "ana", "text": "Print this, please.", "attachments": [made.json()["id"]]}
    answer = await shop.client.post(f"/v1/workspaces/shop{messages.removesuffix('/messages')}/replies", json=reply)
    assert answer.status_code == 201, answer.text

    [sent] = await eventually(numbered.sent)
    document = sent["body"]["document"]
    assert (sent["to"], document["caption"], document["filename"]) == (SARA, "Print this, please.", "return label.pdf")
    assert numbered.graph.files.get(document["id"]) is not None

    await numbered.post(
        statuses=[{"id": sent["id"], "status": "read", "timestamp": "1772366300", "recipient_id": SARA}]
    )

    async def state() -> str:
        return str((await shop.items(messages))[-1]["state"])

    await eventually(state, holds="read".__eq__)


async def test_the_largest_document_goes_out_and_costs_no_memory(installation: Running, numbered: Numbered) -> None:
    shop, size = numbered.shop, 100_000_000

    async def document() -> AsyncIterator[bytes]:
        yield PDF.ljust(1_000_000, b"x")
        for _ in range(size // 1_000_000 - 1):
            yield bytes(1_000_000)

    shop.client.timeout = httpx2.Timeout(60)
    named = {"content-disposition": 'attachment; filename="catalogue.pdf"', "content-length": str(size)}
    made = await shop.client.post("/v1/workspaces/shop/attachments", content=document(), headers=named)
    assert made.status_code == 201, made.text
    before = peak_memory(installation)
    template = {"name": "catalogue", "language": "lv"}
    first = {"person": "whatsapp:main:37126000088", "agent": "ana", "template": template}
    body = {**first, "attachments": [made.json()["id"]]}
    written = await shop.client.post("/v1/workspaces/shop/messages", json=body)
    assert written.status_code == 201, written.text
    [sent] = await eventually(numbered.sent, 60)
    [header] = sent["body"]["template"]["components"]
    [head] = header["parameters"]
    held = numbered.graph.files.get(head["document"]["id"])
    assert held is not None
    assert (len(held.content), held.content[:9], head["document"]["filename"]) == (size, PDF[:9], "catalogue.pdf")
    async with shop.client.stream("GET", written.json()["attachments"][0]["url"]) as answer:
        assert sum([len(part) async for part in answer.aiter_raw()]) == size
    # Neither the form for the platform nor the file for the agent was ever in memory as a whole.
    assert peak_memory(installation) - before < size / 2


def peak_memory(installation: Running) -> int:
    """The most memory that the process has had, in bytes."""
    lines = Path(f"/proc/{installation.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


async def test_first_words_need_a_template(numbered: Numbered) -> None:
    # As people write numbers; WhatsApp's ids of persons are digits alone.
    first = {"person": "whatsapp:main:+371 26000077", "agent": "ana", "text": "Your order is ready."}
    refused = await numbered.shop.client.post("/v1/workspaces/shop/messages", json=first)
    assert (refused.status_code, refused.json()["code"]) == (409, "template_required")
    template = {"name": "order_ready", "language": "lv", "parameters": ["1001"]}
    accepted = await numbered.shop.client.post("/v1/workspaces/shop/messages", json={**first, "template": template})
    assert accepted.status_code == 201, accepted.text
    [sent] = await eventually(numbered.sent)
    assert (sent["body"]["to"], sent["body"]["template"]["name"]) == ("37126000077", "order_ready")


async def test_the_account_says_what_keeps_messages_from_arriving(numbered: Numbered) -> None:
    async def problem() -> str | None:
        health = (await numbered.shop.get("/accounts/whatsapp/main"))["health"]
        found: str | None = health["detail"]
        return found

    assert "No app is subscribed" in str(await eventually(problem, 60))


# -- sending rules -------------------------------------------------------------------------------------------------------


async def hears(numbered: Numbered, person: str, ago: float) -> str:
    """A customer wrote so many seconds ago, by Meta's time, and Ana has the conversation; its path."""
    message = {"from": person, "id": f"wamid.{person}", "timestamp": str(int(time.time() - ago)), "type": "text"}
    contacts = [{"profile": {"name": "Sara"}, "wa_id": person}]
    await numbered.post(contacts=contacts, messages=[{**message, "text": {"body": "Where is my order?"}}])

    async def assigned() -> list[dict[str, Any]]:
        return await numbered.shop.items("/conversations", person=f"whatsapp:main:{person}", status="assigned")

    return f"/conversations/{(await eventually(assigned))[0]['id']}"


async def answer(numbered: Numbered, path: str, language: str = "en", **reply: Any) -> httpx2.Response:
    url = f"/v1/workspaces/shop{path}/replies"
    body = {"agent": "ana", **reply}
    return await numbered.shop.client.post(url, json=body, headers={"accept-language": language})


async def test_a_day_after_the_customers_last_message_only_a_template_goes_out(numbered: Numbered) -> None:
    path = await hears(numbered, "37126000002", ago=86_400 + 3_600)
    refused = await answer(numbered, path, "lv", text="Tomorrow.")
    assert (refused.status_code, refused.json()["code"]) == (409, "window_closed")
    assert re.fullmatch(
        r"Atbildes termiņš \(24 stundas\) beidzās (\d{4}-\d\d-\d\d )?plkst\. \d\d:\d\d; izmantojiet veidni\.",
        refused.json()["detail"],
    )
    template = {"name": "order_ready", "language": "lv", "parameters": ["1001"]}
    assert (await answer(numbered, path, template=template)).status_code == 201
    [sent] = await eventually(numbered.sent)
    assert sent["body"]["type"] == "template"


async def test_an_answer_that_waited_until_the_window_closed_is_not_sent_and_says_so(numbered: Numbered) -> None:
    path = await hears(numbered, "37126000003", ago=86_400 - 8)
    numbered.graph.faults.append(Fault(kind="rate_limited", count=1_000))
    accepted = await answer(numbered, path, text="Tomorrow.")
    assert accepted.status_code == 201, accepted.text

    async def failed() -> dict[str, Any] | None:
        newest: dict[str, Any] = (await numbered.shop.items(f"{path}/messages"))[-1]
        return newest if newest["state"] == "failed" else None

    message = await eventually(failed, 40)
    assert message is not None
    error = message["error"]
    assert error["code"] == "window_closed"
    assert re.fullmatch(r"The 24-hour window closed (on \S+ )?at \d\d:\d\d; use a template\.", error["detail"])
    assert await numbered.sent() == []
    assert (await numbered.shop.get(path))["status"] == "assigned"


async def test_a_long_answer_goes_out_in_parts_and_says_which_did_not_arrive(numbered: Numbered) -> None:
    path = await hears(numbered, "37126000004", ago=1)
    text = " ".join(f"This is sentence number {number} of the answer." for number in range(150))
    assert (await answer(numbered, path, text=text)).status_code == 201

    async def both() -> list[dict[str, Any]]:
        sent = await numbered.sent()
        return sent if len(sent) == 2 else []

    first, second = await eventually(both)
    assert f"{first['body']['text']['body']} {second['body']['text']['body']}" == text

    async def state() -> str:
        return str((await numbered.shop.items(f"{path}/messages"))[-1]["state"])

    await eventually(state, holds="sent".__eq__)
    status = {"timestamp": str(int(time.time())), "recipient_id": "37126000004"}
    errors = [{"code": 131026, "title": "Message undeliverable"}]
    await numbered.post(
        statuses=[
            {"id": first["id"], "status": "read", **status},
            {"id": second["id"], "status": "failed", "errors": errors, **status},
        ]
    )

    await eventually(state, holds="failed".__eq__)
    newest = (await numbered.shop.items(f"{path}/messages"))[-1]
    assert newest["error"]["detail"].startswith("Part 2 of 2 did not arrive. ")
