"""Live chat over a real process: what a browser is promised, while it stands and over a restart."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest

from services.platform.http.standard_webhooks import signed_headers
from tests.live.installation import ADMIN_KEY, Running, Shop, shop_at, up
from tests.live.waiting import eventually

PATH = "/webchat/shop/main"
SIGNING = "whsec_" + "c2VjcmV0LW9mLXRoZS1zaG9wLWZvci10ZXN0cy0wMQ=="
CARD = "4111 1111 1111 1111"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    given = {"PASOKH_ADMIN_KEY": ADMIN_KEY, "PASOKH_PUBLIC_URL": "https://support.example"}
    running = up(tmp_path_factory.mktemp("webchat"), **given, PASOKH_ALLOW_PRIVATE_TARGETS="true")
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
async def shop(installation: Running) -> AsyncIterator[Shop]:
    async with shop_at(installation.url, ADMIN_KEY, "shop") as shop:
        await shop.put("", {"name": "Shop"})
        await shop.put("/agents/sara", {"name": "Sara", "teams": ["default"], "capacity": 1000})
        await shop.put("/agents/sara/presence", {"status": "online"})
        credentials = {"identity_secret": "a-secret-of-the-shop", "allowed_origins": ["*"]}
        await shop.put("/accounts/webchat/main", {"credentials": credentials})
        callback = {"secret": SIGNING, "callback_url": "http://127.0.0.1:9/replies"}
        await shop.put("/accounts/api/main", {"credentials": callback})
        yield shop


@asynccontextmanager
async def visitor(installation: Running, **body: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser with a session."""
    async with httpx2.AsyncClient(base_url=installation.url, timeout=20, trust_env=False) as client:
        answer = await client.post(f"{PATH}/sessions", json=body)
        assert answer.status_code == 201, answer.text
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        yield client


async def write(client: httpx2.AsyncClient, text: str, identity: str | None = None) -> dict[str, Any]:
    answer = await client.post(f"{PATH}/messages", json={"id": identity or str(uuid4()), "text": text})
    assert answer.status_code == 201, answer.text
    message: dict[str, Any] = answer.json()
    return message


async def read(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"{PATH}/messages")).json()["items"]
    return items


@asynccontextmanager
async def streaming(client: httpx2.AsyncClient, **headers: str) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Pairs of id and message of a stream that has begun."""
    async with client.stream("GET", f"{PATH}/stream", headers=headers) as answer:
        assert answer.status_code == 200
        lines = answer.aiter_lines()

        async def messages() -> AsyncIterator[tuple[str, Any]]:
            place = ""
            async for line in lines:
                name, _, value = line.partition(": ")
                place = value if name == "id" else place
                if name == "data":
                    yield place, json.loads(value)

        assert await anext(lines) == "retry: 1000"
        yield messages()


async def answer(shop: Shop, conversation: str, text: str) -> dict[str, Any]:
    """Sara's reply, as soon as it is hers."""
    path = f"/v1/workspaces/shop/conversations/{conversation}"
    for _ in range(300):
        if (await shop.get(f"/conversations/{conversation}"))["agent"] is not None:
            break
        await asyncio.sleep(0.05)
    given = await shop.client.post(f"{path}/replies", json={"agent": "sara", "text": text})
    assert given.status_code == 201, given.text
    reply: dict[str, Any] = given.json()
    return reply


async def test_both_directions_reach_the_stream_within_a_second(installation: Running, shop: Shop) -> None:
    async with visitor(installation, language="en") as client, streaming(client) as stream, asyncio.timeout(30):
        mine = await write(client, f"My card is {CARD}")
        assert (await anext(stream))[1] == mine
        assert mine["masked"] == ["card"]
        reply = await answer(shop, mine["conversation"], "Good morning")
        began = time.monotonic()
        _, heard = await anext(stream)
        assert time.monotonic() - began < 1.0
        assert (heard["id"], heard["text"], heard["direction"]) == (reply["id"], "Good morning", "outbound")
        found = await read(client)
        assert [one["id"] for one in found] == [mine["id"], reply["id"]]
        assert found[0] == mine
        files = [path.read_bytes() for path in (installation.folder / "data").iterdir() if path.is_file()]
        assert not any(CARD.encode() in content for content in files)


async def test_a_session_its_messages_and_its_stream_outlive_a_restart(installation: Running, shop: Shop) -> None:
    identity = str(uuid4())
    async with visitor(installation) as client, asyncio.timeout(90):
        async with streaming(client) as stream:
            mine = await write(client, "Hello", identity)
            place, _ = await anext(stream)
        installation.kill()
        installation.start()
        installation.wait_ready()
        assert await write(client, "Hello", identity) == mine
        reply = await answer(shop, mine["conversation"], "Still here")
        async with streaming(client, **{"last-event-id": place}) as stream:
            assert [(await anext(stream))[1]["id"]] == [reply["id"]]
        assert [one["id"] for one in await read(client)] == [mine["id"], reply["id"]]


async def _case_with_a_link(shop: Shop, customer: str) -> tuple[dict[str, Any], str]:
    """A card in public: the case, and the token of the link that the public notice has."""
    await _posts(shop, customer, f"Why was {CARD} charged twice?")

    async def moving() -> list[dict[str, Any]]:
        found = await shop.items("/conversations", person=f"api:main:{customer}")
        return [one for one in found if one["handoff"]]

    [case] = await eventually(moving)
    said = (await shop.get(f"/conversations/{case['id']}/messages"))["items"]
    notice = next(one["text"] for one in said if one["author"]["kind"] == "system")
    link = next(word for word in notice.split() if word.startswith("https://support.example/webchat/shop/main"))
    [token] = parse_qs(urlsplit(link).query)["handoff"]
    return case, token


async def _posts(shop: Shop, customer: str, text: str) -> None:
    """The customer writes in public."""
    post = {"id": str(uuid4()), "type": "message", "person": {"id": customer}, "surface": "public", "thread": "post-1"}
    body = json.dumps({**post, "text": text}).encode()
    headers = signed_headers([SIGNING], str(uuid4()), datetime.now(UTC), body)
    taken = await shop.client.post("/webhooks/api/shop/main", content=body, headers=headers)
    assert taken.status_code == 200, taken.text


async def test_a_link_in_public_leads_the_customer_into_the_case_and_nobody_else(
    installation: Running, shop: Shop
) -> None:
    async with asyncio.timeout(60):
        case, token = await _case_with_a_link(shop, "neda")
        async with visitor(installation, handoff=token) as stranger, visitor(installation, handoff=token) as client:
            theirs = await write(stranger, "I come first")
            mine = await write(client, "It is me")
            assert case["id"] not in (theirs["conversation"], mine["conversation"])
            async with streaming(client) as stream:
                await _posts(shop, "neda", await _words(client))

                async def is_private() -> bool:
                    shown = await shop.get(f"/conversations/{case['id']}")
                    return bool(shown["handoff"]["state"] == "completed")

                await eventually(is_private)
                reply = await answer(shop, case["id"], "Here we can talk")
                while (await anext(stream))[1]["id"] != reply["id"]:
                    pass

            async def is_read() -> bool:
                return [one["text"] for one in await read(client)] == ["It is me", "Here we can talk"]

            await eventually(is_read)
            later = await write(client, "Thank you")
            assert later["conversation"] == case["id"]
            assert "Here we can talk" not in [one["text"] for one in await read(stranger)]
            assert (await write(stranger, "Me too"))["conversation"] == theirs["conversation"]
        said = (await shop.get(f"/conversations/{case['id']}/messages"))["items"]
        assert not [one for one in said if one["text"] in ("I come first", "Me too")]


async def test_an_agent_confirms_who_followed_and_anybody_may_clear(installation: Running, shop: Shop) -> None:
    async with asyncio.timeout(60):
        case, token = await _case_with_a_link(shop, "omid")
        path = f"/v1/workspaces/shop/conversations/{case['id']}/handoff"
        async with visitor(installation, handoff=token) as client:
            mine = await write(client, "It is me")
            await _words(client)
            [followed] = (await shop.get(f"/conversations/{case['id']}"))["handoff"]["unconfirmed"]
            assert followed["conversation"] == mine["conversation"]
            nobody = await shop.client.post(f"{path}/confirm", json={"person": "webchat:main:anon-1"})
            assert nobody.status_code == 409, nobody.text
            done = await shop.client.post(f"{path}/confirm", json={"person": followed["person"].partition("/")[2]})
            assert (done.status_code, done.json()["handoff"]["state"]) == (200, "completed"), done.text
            cleared = await shop.client.post(f"{path}/clear", json={"agent": "sara"})
            assert (cleared.status_code, cleared.json()["sensitive"]) == (200, False), cleared.text
            told = await shop.items(f"/conversations/{case['id']}/events")
            [fact] = [one["data"] for one in told if one["type"] == "pasokh.conversation.handoff_cleared"]
            assert fact["agent"] == "sara"


async def _words(client: httpx2.AsyncClient) -> str:
    """The two words that the chat asks its visitor to write."""

    async def asked() -> list[str]:
        await asyncio.sleep(0.1)  # a visitor may ask 20 times a second
        return [one["text"] for one in await read(client) if one["author"]["kind"] == "system"]

    [text] = await eventually(asked)
    return text.partition("before: ")[2].partition("\n")[0]
