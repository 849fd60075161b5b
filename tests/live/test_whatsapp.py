"""WhatsApp through a running installation: signed webhooks in, calls to a stand-in of the Graph API out."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from services.demo.forms import FormFile
from services.demo.graph import FakeGraph
from services.demo.serving import serving
from tests.channels.whatsapp.cases import CREDENTIALS, HEADER, NUMBER, WABA, signature
from tests.live.contract import eventually
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, up
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
    running.start()
    running.wait_ready()
    yield running
    running.stop()
    assert "Traceback" not in running.log


@pytest.fixture
async def numbered(installation: Running, port: int) -> AsyncIterator[Numbered]:
    graph = FakeGraph("whatsapp", NUMBER)
    async with serving(graph.app, port=port) as url, shop_at(installation.url, ADMIN_KEY) as shop:
        await shop.put("", {"name": "Shop", "languages": ["lv", "en"]})
        await shop.put("/accounts/whatsapp/main", {"credentials": CREDENTIALS, "api_base": url})
        await shop.put("/agents/ana", {"name": "Ana", "teams": ["default"], "capacity": 5})
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

    case = (await eventually(assigned, 20))[0]
    messages = f"/conversations/{case['id']}/messages"
    [inbound] = await shop.items(messages)
    shown = await shop.client.get(inbound["attachments"][0]["url"])
    assert (shown.status_code, shown.content) == (200, JPEG)

    named = {"content-disposition": 'attachment; filename="return label.pdf"'}
    made = await shop.client.post("/v1/workspaces/shop/attachments", content=PDF, headers=named)
    reply = {"agent": "ana", "text": "Print this, please.", "attachments": [made.json()["id"]]}
    answer = await shop.client.post(f"/v1/workspaces/shop{messages.removesuffix('/messages')}/replies", json=reply)
    assert answer.status_code == 201, answer.text

    [sent] = await eventually(numbered.sent, 20)
    document = sent["body"]["document"]
    assert (sent["to"], document["caption"], document["filename"]) == (SARA, "Print this, please.", "return label.pdf")
    assert numbered.graph.files.get(document["id"]) is not None

    await numbered.post(
        statuses=[{"id": sent["id"], "status": "read", "timestamp": "1772366300", "recipient_id": SARA}]
    )

    async def read() -> bool:
        return bool((await shop.items(messages))[-1]["state"] == "read")

    await eventually(read)


async def test_first_words_need_a_template(numbered: Numbered) -> None:
    first = {"person": "whatsapp:main:37126000077", "agent": "ana", "text": "Your order is ready."}
    refused = await numbered.shop.client.post("/v1/workspaces/shop/messages", json=first)
    assert (refused.status_code, refused.json()["code"]) == (409, "template_required")
    template = {"name": "order_ready", "language": "lv", "parameters": ["1001"]}
    accepted = await numbered.shop.client.post("/v1/workspaces/shop/messages", json={**first, "template": template})
    assert accepted.status_code == 201, accepted.text
    [sent] = await eventually(numbered.sent, 20)
    assert sent["body"]["template"]["name"] == "order_ready"


async def test_the_account_says_what_keeps_messages_from_arriving(numbered: Numbered) -> None:
    async def problem() -> str | None:
        health = (await numbered.shop.get("/accounts/whatsapp/main"))["health"]
        found: str | None = health["detail"]
        return found

    assert "No app is subscribed" in str(await eventually(problem, 60))
