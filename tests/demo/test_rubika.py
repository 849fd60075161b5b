"""The stand-in answers as Rubika does, remembers what it took, and fails as told."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from services.demo.photo import PHOTO
from services.demo.rubika import PHOTO_ID, FakeRubika

API, CHAT = "/v3/DEMO0TOKEN", "b0DemoPerson001"


@pytest.fixture
def stand_in() -> FakeRubika:
    return FakeRubika()


@pytest.fixture
async def client(stand_in: FakeRubika) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=stand_in.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand-in") as client:
        yield client


async def called(client: httpx2.AsyncClient, method: str, **body: object) -> dict[str, object]:
    answer: dict[str, object] = (await client.post(f"{API}/{method}", json=body)).json()
    return answer


async def taken(client: httpx2.AsyncClient, method: str, **body: object) -> dict[str, str]:
    answer = await called(client, method, **body)
    assert answer["status"] == "OK", answer
    data = answer["data"]
    assert isinstance(data, dict)
    return data


async def test_a_message_that_was_taken_is_listed_edited_and_deleted(client: httpx2.AsyncClient) -> None:
    sent = await taken(client, "sendMessage", chat_id=CHAT, text="one", reply_to_message_id="7")
    await taken(client, "editMessageText", chat_id=CHAT, message_id=sent["message_id"], text="two")
    await taken(client, "deleteMessage", chat_id=CHAT, message_id=sent["message_id"])
    [item] = (await client.get("/_sent")).json()["items"]
    assert (item["to"], item["text"], item["reply_to"], item["deleted"]) == (CHAT, "two", "7", True)
    gone = await called(client, "deleteMessage", chat_id=CHAT, message_id=sent["message_id"])
    assert gone["status"] == "NOT_FOUND"


async def test_a_file_is_uploaded_sent_and_read_again(client: httpx2.AsyncClient) -> None:
    asked = await taken(client, "requestSendFile", type="Image")
    uploaded = (await client.post(asked["upload_url"], files={"file": ("mug.png", b"bytes", "image/png")})).json()
    name = uploaded["data"]["file_id"]
    await taken(client, "sendFile", chat_id=CHAT, file_id=name, text="this")
    [item] = (await client.get("/_sent")).json()["items"]
    assert (item["text"], item["file"]) == ("this", {"file_id": name, "size_bytes": 5})
    located = await taken(client, "getFile", file_id=name)
    assert (await client.get(located["download_url"])).content == b"bytes"
    used = (await client.post(asked["upload_url"], files={"file": ("mug.png", b"bytes", "image/png")})).json()
    assert used["status"] == "INVALID_INPUT"


async def test_below_a_path_the_addresses_of_files_are_below_it_too(stand_in: FakeRubika) -> None:
    transport = httpx2.ASGITransport(app=Starlette(routes=[Mount("/rubika", stand_in.app)]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://stand-in") as client:
        asked = (await client.post(f"/rubika{API}/requestSendFile", json={"type": "File"})).json()["data"]
        uploaded = await client.post(asked["upload_url"], files={"file": ("a.txt", b"x", "text/plain")})
        named = {"file_id": uploaded.json()["data"]["file_id"]}
        located = (await client.post(f"/rubika{API}/getFile", json=named)).json()["data"]
        assert (await client.get(located["download_url"])).content == b"x"


async def test_the_photo_of_the_demo_is_there_and_others_can_be_added(client: httpx2.AsyncClient) -> None:
    located = await taken(client, "getFile", file_id=PHOTO_ID)
    assert (await client.get(located["download_url"])).content == PHOTO
    added = (await client.post("/_files", content=b"mine")).json()["file_id"]
    located = await taken(client, "getFile", file_id=added)
    assert (await client.get(located["download_url"])).content == b"mine"
    assert (await client.get("/files/none")).status_code == 404


async def test_updates_are_listed_behind_the_offset_until_it_moves(client: httpx2.AsyncClient) -> None:
    for number in range(3):
        await client.post("/_updates", json={"type": "StartedBot", "chat_id": f"b0{number}"})
    first = (await called(client, "getUpdates", limit=2))["data"]
    assert isinstance(first, dict)
    assert [one["chat_id"] for one in first["updates"]] == ["b00", "b01"]
    rest = (await called(client, "getUpdates", limit=2, offset_id=first["next_offset_id"]))["data"]
    assert isinstance(rest, dict)
    assert [one["chat_id"] for one in rest["updates"]] == ["b02"]
    last = (await called(client, "getUpdates", offset_id=rest["next_offset_id"]))["data"]
    assert last == {"updates": [], "next_offset_id": rest["next_offset_id"]}


async def test_addresses_are_set_by_their_type(client: httpx2.AsyncClient, stand_in: FakeRubika) -> None:
    assert await taken(client, "updateBotEndpoints", url="https://a.example", type="ReceiveUpdate") == {
        "status": "Done"
    }
    assert stand_in.endpoints == {"ReceiveUpdate": "https://a.example"}


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("sendMessage", {"chat_id": CHAT}, "INVALID_INPUT"),
        ("sendMessage", {"chat_id": CHAT, "text": "x" * 4097}, "INVALID_INPUT"),
        ("sendMessage", {"chat_id": "nobody", "text": "x"}, "INVALID_INPUT"),
        ("sendFile", {"chat_id": CHAT, "file_id": "none"}, "INVALID_INPUT"),
        ("getFile", {"file_id": "none"}, "INVALID_INPUT"),
        ("requestSendFile", {"type": "Painting"}, "INVALID_INPUT"),
        ("updateBotEndpoints", {"url": "ftp://a", "type": "ReceiveUpdate"}, "INVALID_INPUT"),
        ("sendDance", {}, "INVALID_METHOD"),
    ],
)
async def test_what_rubika_would_refuse_is_refused(
    client: httpx2.AsyncClient, stand_in: FakeRubika, method: str, body: dict[str, object], status: str
) -> None:
    assert (await called(client, method, **body))["status"] == status
    assert not stand_in.log.items


async def test_a_token_of_another_form_is_refused(client: httpx2.AsyncClient) -> None:
    answer = (await client.post("/v3/no-token/getMe", json={})).json()
    assert answer == {"status": "INVALID_ACCESS", "dev_message": "token is not valid."}


@pytest.mark.parametrize(
    ("kind", "status", "http_status"),
    [
        ("rate_limited", "TOO_REQUESTS", 200),
        ("blocked", "INVALID_ACCESS", 200),
        ("refused", "INVALID_INPUT", 200),
        ("error", "SERVER_ERROR", 500),
    ],
)
async def test_a_fault_is_of_one_message(client: httpx2.AsyncClient, kind: str, status: str, http_status: int) -> None:
    await client.post("/_faults", json={"kind": kind})
    failed = await client.post(f"{API}/sendMessage", json={"chat_id": CHAT, "text": "x"})
    assert (failed.json()["status"], failed.status_code) == (status, http_status)
    await taken(client, "sendMessage", chat_id=CHAT, text="x")
    assert len((await client.get("/_sent")).json()["items"]) == 1
