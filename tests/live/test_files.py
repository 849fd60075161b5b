"""Files through a running installation: in from Telegram and from an integrator, out to Telegram, and what nobody gets."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from services.demo.serving import serving
from services.demo.telegram import FakeTelegram
from services.platform.core.time_source import SystemTimeSource
from services.platform.http.standard_webhooks import signed_headers
from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, up, update_of
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports
from tests.rest import problem_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 2000
PAGE = b"<!doctype html><script>alert(1)</script>"
SECRET = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
CHUNK = bytes(1_000_000)


@dataclass
class World:
    """An installation, a stand-in for Telegram, and two servers of files: one that may be called and one that may not."""

    shop: Shop
    telegram: FakeTelegram
    allowed: str
    forbidden: str
    streamed: list[int]


@pytest.fixture(scope="module")
def port() -> int:
    [port] = free_ports(1)
    return port


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Running]:
    settings = {"PASOKH_ADMIN_KEY": ADMIN_KEY, "PASOKH_FILE_BYTES": "5000000", **allowing(port)}
    running = up(tmp_path_factory.mktemp("files"), **settings)
    running.start()
    running.wait_ready()
    yield running
    running.stop()


@pytest.fixture
async def world(installation: Running, port: int) -> AsyncIterator[World]:
    telegram, streamed = FakeTelegram(), [0]
    private = Starlette(routes=[Route("/secret", lambda _: Response(b"inner secret"))])

    async def endless(request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(10_000):
                if await request.is_disconnected():
                    return
                streamed[0] += len(CHUNK)
                yield CHUNK

        return StreamingResponse(chunks(), media_type="video/mp4")

    async with serving(private) as forbidden:

        async def moved(_: Request) -> Response:
            return RedirectResponse(f"{forbidden}/secret")

        media = [
            Route("/page.png", lambda _: Response(PAGE, media_type="image/png")),
            Route("/endless", endless),
            Route("/huge", lambda _: Response(b"", headers={"content-length": "10000000000"})),
            Route("/moved", moved),
        ]
        app = Starlette(routes=[Mount("/media", routes=media), Mount("/", telegram.app)])
        async with serving(app, port=port) as url, shop_at(installation.url, ADMIN_KEY) as shop:
            await shop.open_with(url, {"sara": {f"lang:{language}": 5 for language in ("en", "fa", "ar", "lv")}})
            credentials = {"secret": SECRET, "callback_url": f"{url}/media/page.png"}
            await shop.put("/accounts/api/main", {"credentials": credentials})
            yield World(shop, telegram, f"{url}/media", forbidden, streamed)


async def last_of(shop: Shop, path: str, **given: str) -> dict[str, Any]:
    """The last item of a list, as soon as there is one."""

    async def items() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await shop.get(path, **given))["items"]
        return found

    return (await eventually(items))[-1]


async def from_integrator(world: World, url: str) -> str:
    """A customer's message with a file at this address; the path at which it is read."""
    person = uuid4().hex
    body = {"id": uuid4().hex, "type": "message", "person": {"id": person}, "surface": "private", "text": "see"}
    raw = json.dumps({**body, "attachments": [{"kind": "image", "url": url, "name": "a.png"}]}).encode()
    headers = signed_headers([SECRET], uuid4().hex, SystemTimeSource().now(), raw)
    answer = await world.shop.client.post("/webhooks/api/shop/main", content=raw, headers=headers)
    assert answer.status_code in (200, 207), answer.text
    case = await last_of(world.shop, "/conversations", person=f"api:main:{person}")
    message = await last_of(world.shop, f"/conversations/{case['id']}/messages")
    [attachment] = message["attachments"]
    assert url not in str(message)
    return str(attachment["url"])


async def test_a_photo_comes_in_and_an_album_goes_out(world: World) -> None:
    shop = world.shop
    described = world.telegram.files.add(PNG)
    update = update_of(501, 901, "")
    del update["message"]["text"]
    update["message"] |= {"photo": [{**described, "width": 10, "height": 10}], "caption": "my receipt"}
    assert (await shop.post(update)).status_code == 200
    case = await last_of(shop, "/conversations", person="telegram:main:901")
    message = await last_of(shop, f"/conversations/{case['id']}/messages")
    [attachment] = message["attachments"]
    read = await shop.client.get(attachment["url"])
    assert (read.status_code, read.headers["content-type"], read.content) == (200, "image/png", PNG)
    assert read.headers["x-content-type-options"] == "nosniff"

    identities = []
    for name, content in (("رسید.png", PNG), ("b.png", PNG + b"2")):
        named = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        made = await shop.client.post("/v1/workspaces/shop/attachments", content=content, headers=named)
        assert made.status_code == 201, made.text
        known = {"id": made.json()["id"], "media_type": "image/png", "size_bytes": len(content), "name": name}
        assert made.json() == known
        identities.append(known["id"])

    async def agent() -> object:
        return (await shop.get(f"/conversations/{case['id']}"))["agent"]

    await eventually(agent)
    path = f"/v1/workspaces/shop/conversations/{case['id']}/replies"
    given = await shop.client.post(path, json={"agent": "sara", "text": "Here", "attachments": identities})
    assert given.status_code == 201, given.text
    assert [file["id"] for file in given.json()["attachments"]] == identities

    async def both_sent() -> bool:
        return len(world.telegram.sent) == 2

    await eventually(both_sent)
    sent: list[dict[str, Any]] = list(world.telegram.sent)
    assert [(one["chat_id"], one["text"], one["file"]["kind"], one["file"]["name"]) for one in sent] == [
        (901, "Here", "photo", "رسید.png"),
        (901, "", "photo", "b.png"),
    ]
    assert (await shop.client.get(given.json()["attachments"][0]["url"])).content == PNG


async def uploaded(shop: Shop, content: bytes, query: str = "") -> str:
    made = await shop.client.post(f"/v1/workspaces/shop/attachments{query}", content=content)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_voice_note_goes_out_with_what_fits_beside_it_and_the_rest_follows(world: World) -> None:
    shop, note = world.shop, b"OggS\x00" + bytes(1000)
    assert (await shop.post(update_of(601, 902, "call me"))).status_code == 200
    case = await last_of(shop, "/conversations", person="telegram:main:902")

    async def agent() -> object:
        return (await shop.get(f"/conversations/{case['id']}"))["agent"]

    await eventually(agent)
    place, text = f"/v1/workspaces/shop/conversations/{case['id']}", "This is a sentence. " * 60
    voice = {"agent": "sara", "text": text, "attachments": [await uploaded(shop, note, "?kind=voice")]}
    given = await shop.client.post(f"{place}/replies", json=voice)
    assert given.status_code == 201, given.text

    async def both_sent() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = [one for one in world.telegram.sent if one["chat_id"] == 902]
        return sent if len(sent) == 2 else []

    first, second = await eventually(both_sent)
    assert (first["file"]["kind"], len(first["text"]) <= 1024, "file" in second) == ("voice", True, False)
    assert f"{first['text']} {second['text']}" == text.strip()

    # The agent hears it again, from the middle.
    part = await shop.client.get(given.json()["attachments"][0]["url"], headers={"range": "bytes=5-9"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, bytes(5), "bytes 5-9/1005")
    assert part.headers["content-type"] == "audio/ogg"


async def test_a_file_goes_out_first_to_who_wrote_before(world: World) -> None:
    shop = world.shop
    assert (await shop.post(update_of(801, 904, "thank you"))).status_code == 200
    case = await last_of(shop, "/conversations", person="telegram:main:904")
    assert (
        await shop.client.post(f"/v1/workspaces/shop/conversations/{case['id']}/resolve", json={})
    ).status_code == 200
    body = {"person": "telegram:main:904", "agent": "sara", "attachments": [await uploaded(shop, PNG)]}
    given = await shop.client.post("/v1/workspaces/shop/messages", json=body)
    assert given.status_code == 201, given.text

    async def sent() -> list[dict[str, Any]]:
        return [one for one in world.telegram.sent if one["chat_id"] == 904]

    [photo] = await eventually(sent)
    assert (photo["text"], photo["file"]["kind"], photo["file"]["size_bytes"]) == ("", "photo", len(PNG))
    assert (await shop.client.get(given.json()["attachments"][0]["url"])).content == PNG


async def test_a_note_has_files_that_the_customer_never_gets(world: World) -> None:
    shop = world.shop
    assert (await shop.post(update_of(701, 903, "my bill is wrong"))).status_code == 200
    case = await last_of(shop, "/conversations", person="telegram:main:903")
    before = len(world.telegram.sent)
    place = f"/v1/workspaces/shop/conversations/{case['id']}"
    body = {"agent": "sara", "attachments": [await uploaded(shop, PNG)]}
    assert (await shop.client.post(f"{place}/notes", json=body)).status_code == 200
    note = await last_of(shop, f"/conversations/{case['id']}/messages")
    assert (note["direction"], note["text"]) == ("note", None)
    assert (await shop.client.get(note["attachments"][0]["url"])).content == PNG
    assert len(world.telegram.sent) == before


async def test_a_page_that_calls_itself_a_picture_is_bytes(world: World) -> None:
    path = await from_integrator(world, f"{world.allowed}/page.png")
    read = await world.shop.client.get(path)
    assert (read.status_code, read.headers["content-type"], read.content) == (200, "application/octet-stream", PAGE)
    assert read.headers["content-disposition"].startswith("attachment;")
    assert read.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("where", ["forbidden", "moved"])
async def test_nothing_leads_into_a_private_network(world: World, where: str) -> None:
    url = f"{world.forbidden}/secret" if where == "forbidden" else f"{world.allowed}/moved"
    answer = await world.shop.client.get(await from_integrator(world, url))
    assert problem_of(answer, 502)["code"] == "address_not_allowed"
    assert "inner secret" not in answer.text


async def test_ten_gigabytes_are_cut_off(world: World) -> None:
    stated = await world.shop.client.get(await from_integrator(world, f"{world.allowed}/huge"))
    assert problem_of(stated, 502)["code"] == "file_too_large"
    path = await from_integrator(world, f"{world.allowed}/endless")
    received: list[int] = []

    async def read_all() -> None:
        async with world.shop.client.stream("GET", path) as answer:
            assert answer.status_code == 200
            async for part in answer.aiter_raw():
                received.append(len(part))

    with pytest.raises(httpx2.RemoteProtocolError):
        await read_all()
    assert sum(received) <= 5_000_000
    # What the server had written ahead lies in buffers of sockets.
    assert world.streamed[0] < 100_000_000


@pytest.mark.parametrize("declared", [b"Content-Length: 5000001", b"Transfer-Encoding: chunked"])
async def test_an_upload_over_the_limit_is_refused_before_all_of_it_is_read(world: World, declared: bytes) -> None:
    url = world.shop.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    key = world.shop.client.headers["authorization"].encode()
    head = [b"POST /v1/workspaces/shop/attachments HTTP/1.1", b"Host: x", b"Authorization: " + key, declared]
    writer.write(b"\r\n".join([*head, b"", b""]))
    answering, written = asyncio.create_task(reader.read()), 0
    with suppress(ConnectionError):
        # Of a declared length nothing needs to be sent; of what declares none, what is over the limit is enough.
        while b"chunked" in declared and written < 100_000_000 and not answering.done():
            writer.write(b"%x\r\n" % len(CHUNK) + CHUNK + b"\r\n")
            await writer.drain()
            written += len(CHUNK)
            # A socket that takes all of it never pauses `drain`, and then nobody would read the answer.
            await asyncio.sleep(0)
    answer = await asyncio.wait_for(answering, 20)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413"), answer[:200]
    assert b"connection: close" in answer.lower()
    assert b"A file has at most 5 MB (5,000,000 bytes) here. Send a smaller one" in answer
    assert written < 50_000_000
