"""Files in live chat: a visitor sends some and reads those of their own conversation, and nobody else's."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from schemas.activity import Attachment
from schemas.conversation import Author
from services.platform.store.codec import encode
from services.records.blobs import BLOBS, RETENTION, UNUSED_RETENTION, write_blob
from services.records.conversations import MESSAGES
from tests.fakes import START
from tests.rest import problem_of
from tests.webchat.harness import ORIGIN, PATH, WebchatHarness, open_webchat

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
SVG = b"<svg onload='alert(1)'/>"


@pytest.fixture
async def chat() -> AsyncIterator[WebchatHarness]:
    async with open_webchat() as opened:
        yield opened


async def upload(chat: WebchatHarness, holder: dict[str, str], content: bytes = PNG, **headers: str) -> httpx2.Response:
    named = {"content-disposition": "attachment; filename*=UTF-8''%D8%B1%D8%B3%DB%8C%D8%AF.png"}
    return await chat.client.post(f"{PATH}/attachments", content=content, headers={**named, **holder, **headers})


async def uploaded(chat: WebchatHarness, holder: dict[str, str], content: bytes = PNG) -> str:
    answer = await upload(chat, holder, content)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def send(chat: WebchatHarness, holder: dict[str, str], *files: str, **body: Any) -> httpx2.Response:
    message = {"id": str(uuid4()), "attachments": list(files), **body}
    return await chat.client.post(f"{PATH}/messages", json=message, headers=holder)


async def test_a_visitor_sends_a_file_without_a_word_and_sees_it(chat: WebchatHarness) -> None:
    holder = await chat.holder()
    identity = await uploaded(chat, holder)
    answer = await send(chat, holder, identity)
    assert answer.status_code == 201, answer.text
    [attachment] = answer.json()["attachments"]
    path = f"{PATH}/messages/{answer.json()['id']}/attachments/0"
    assert attachment == {
        "id": identity,
        "kind": "image",
        "platform_id": None,
        "name": "رسید.png",
        "media_type": "image/png",
        "size_bytes": len(PNG),
        "url": path,
        "details": {},
    }
    assert (await chat.messages(holder))[0]["attachments"] == [attachment]
    read = await chat.client.get(path, headers={**holder, "origin": ORIGIN})
    assert (read.status_code, read.content, read.headers["content-type"]) == (200, PNG, "image/png")
    assert read.headers["content-disposition"].endswith("filename*=UTF-8''%D8%B1%D8%B3%DB%8C%D8%AF.png")
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert read.headers["access-control-allow-origin"] == ORIGIN
    stored = chat.store.find(BLOBS, identity)
    assert stored is not None
    assert stored.expires_at - stored.at == RETENTION


async def test_the_activity_names_the_file_and_not_its_bytes(chat: WebchatHarness) -> None:
    holder = await chat.holder()
    await send(chat, holder, await uploaded(chat, holder, SVG), text="see")
    [attachment] = chat.activities[-1].attachments
    assert (attachment.kind, attachment.media_type, attachment.url) == ("file", "application/octet-stream", None)
    assert attachment.blob is not None


async def test_what_could_run_comes_back_as_bytes(chat: WebchatHarness) -> None:
    holder = await chat.holder()
    answer = await send(chat, holder, await uploaded(chat, holder, SVG))
    read = await chat.client.get(answer.json()["attachments"][0]["url"], headers=holder)
    assert (read.content, read.headers["content-type"]) == (SVG, "application/octet-stream")
    assert read.headers["content-disposition"].startswith("attachment;")


async def test_nobody_else_reads_a_visitors_file(chat: WebchatHarness) -> None:
    holder, other = await chat.holder(), await chat.holder()
    identity = await uploaded(chat, holder)
    path = (await send(chat, holder, identity)).json()["attachments"][0]["url"]
    problem_of(await chat.client.get(path, headers=other), 404)
    problem_of(await chat.client.get(path), 401)
    # Nor by naming it in a message of one's own.
    problem = problem_of(await send(chat, other, identity), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/attachments/0"]


async def test_a_file_of_a_note_or_in_public_is_not_the_visitors(chat: WebchatHarness) -> None:
    holder = await chat.holder()
    sent = (await send(chat, holder, await uploaded(chat, holder))).json()
    record = chat.store.find(MESSAGES, sent["id"])
    assert record is not None
    for changes in ({"direction": "note"}, {"surface": "public"}):
        hidden = MESSAGES.decode({**encode(record), **changes, "id": "hidden"})
        chat.store.insert(MESSAGES, "hidden", hidden)
        problem_of(await chat.client.get(f"{PATH}/messages/hidden/attachments/0", headers=holder), 404)


async def test_a_visitor_reads_the_file_of_an_agent(chat: WebchatHarness) -> None:
    holder = await chat.holder()
    sent = (await chat.write(holder)).json()
    record = chat.store.find(MESSAGES, sent["id"])
    assert record is not None
    await write_blob(chat.store, "b1", PNG, workspace="shop", at=START)
    attachment = Attachment(kind="image", blob="b1", media_type="image/png", size_bytes=len(PNG))
    answer: dict[str, Any] = {
        "id": "a1",
        "direction": "outbound",
        "order": "9",
        "attachments": [attachment.model_dump(mode="json")],
    }
    author = Author(kind="agent", id="sara").model_dump(mode="json")
    chat.store.insert(MESSAGES, "a1", MESSAGES.decode({**encode(record), **answer, "author": author}))
    read = await chat.client.get(f"{PATH}/messages/a1/attachments/0", headers=holder)
    assert (read.status_code, read.content) == (200, PNG)
    problem_of(await chat.client.get(f"{PATH}/messages/a1/attachments/1", headers=holder), 404)
    problem_of(await chat.client.get(f"{PATH}/messages/none/attachments/0", headers=holder), 404)


async def test_a_visitor_gets_no_address_of_a_platform(chat: WebchatHarness) -> None:
    holder = await chat.holder()
    sent = (await chat.write(holder)).json()
    record = chat.store.find(MESSAGES, sent["id"])
    assert record is not None
    elsewhere = Attachment(kind="file", url="https://files.example/?token=secret", platform_id="f1")
    document: dict[str, Any] = {**encode(record), "attachments": [elsewhere.model_dump(mode="json")]}
    chat.store.insert(MESSAGES, sent["id"], MESSAGES.decode(document))
    assert (await chat.messages(holder))[0]["attachments"][0]["url"] is None
    problem_of(await chat.client.get(f"{PATH}/messages/{sent['id']}/attachments/0", headers=holder), 404)


async def test_uploads_of_visitors_have_limits() -> None:
    limits = {"file_bytes": 100_000, "address_file_bytes_per_hour": 100_000}
    async with open_webchat(**limits) as chat:
        holder = await chat.holder()
        problem_of(await upload(chat, holder, bytes(100_001)), 413)
        problem_of(await upload(chat, holder, b""), 422)
        problem_of(await upload(chat, {}), 401)
        assert (await upload(chat, holder, bytes(90_000))).status_code == 201
        refused = await upload(chat, holder, bytes(90_000))
        problem_of(refused, 429)
        assert int(refused.headers["retry-after"]) > 0


async def test_an_unsent_upload_is_stored_for_a_day(chat: WebchatHarness) -> None:
    identity = await uploaded(chat, await chat.holder())
    stored = chat.store.find(BLOBS, identity)
    assert stored is not None
    assert stored.expires_at - stored.at == UNUSED_RETENTION


async def test_a_message_says_something_or_has_a_file(chat: WebchatHarness) -> None:
    holder = await chat.holder()
    problem = problem_of(await send(chat, holder), 422)
    assert [error["pointer"] for error in problem["errors"]] == ["/text"]
    assert chat.activities == []


async def test_pages_of_other_origins_may_name_their_files(chat: WebchatHarness) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    answer = await chat.client.options(f"{PATH}/attachments", headers=asked)
    assert "content-disposition" in answer.headers["access-control-allow-headers"]
    refused = await chat.client.post(f"{PATH}/attachments", content=PNG, headers={"origin": "https://evil.example"})
    problem_of(refused, 403)
