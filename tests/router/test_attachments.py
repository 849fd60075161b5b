"""Files over REST: uploads for replies, and the files of messages as answers that no browser can be made to run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from schemas.activity import Attachment
from schemas.commands import AddNote, CommandResult, Reply
from schemas.configuration import AgentBody
from schemas.envelope import Event
from schemas.identity import PersonKey
from services.platform.http.outgoing import (
    Download,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.store.port import Key
from services.records.agents import AGENTS, AgentRecord, agent_id
from services.records.blobs import BLOB_PARTS, BLOBS, RETENTION, UNUSED_RETENTION, purge_blobs, write_blob
from services.records.conversations import CONVERSATIONS, MESSAGES
from services.rest.byte_ranges import requested_range
from tests.fakes import START, in_order
from tests.rest import ADMIN_KEY, Rest, open_rest, problem_of
from tests.router.test_routes import KEY, ONE, SHOP, conversation, message

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PAGE = b"<!doctype html><script>alert(1)</script>"
FILE = f"{SHOP}/messages/m1/attachments/0"
TOKEN = "123456:ABC-DEF"
LOCATED = HttpResponse(200, {}, b'{"ok":true,"result":{"file_id":"f1","file_path":"photos/file_1.jpg"}}')


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with open_rest(file_bytes=100_000) as opened:
        await prepare(opened)
        yield opened


async def prepare(rest: Rest) -> None:
    await rest.workspace()
    rest.store.insert(CONVERSATIONS, "c1", conversation("c1"))
    agent = AgentRecord(workspace="shop", id="sara", body=AgentBody(name="Sara", teams=["default"]), at=START)
    rest.store.insert(AGENTS, agent_id("shop", "sara"), agent)
    answer = await rest.request("PUT", f"{SHOP}/accounts/telegram/main", {"credentials": {"bot_token": TOKEN}})
    assert answer.status_code == 201, answer.text


def has_file(rest: Rest, attachment: Attachment, **given: Any) -> None:
    """The message `m1` has this attachment."""
    rest.store.insert(MESSAGES, "m1", message("m1", "1", attachments=[attachment.model_dump(mode="json")], **given))


async def upload(rest: Rest, content: bytes = PNG, name: str = 'filename="a.png"', **headers: str) -> httpx2.Response:
    sent = {"authorization": f"Bearer {ADMIN_KEY}", "content-disposition": f"attachment; {name}", **headers}
    return await rest.client.post(f"{SHOP}/attachments", content=content, headers=sent)


async def uploaded(rest: Rest, content: bytes = PNG, name: str = 'filename="a.png"') -> str:
    answer = await upload(rest, content, name)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def parts(rest: Rest) -> int:
    return len(rest.store.all(BLOB_PARTS))


# -- a part of a file ----------------------------------------------------------------------------------------------------

# `Range` → status, and the bytes of a file of 1,000,000 that it asks for
RANGES: list[tuple[str, int, tuple[int, int]]] = [
    ("bytes=0-0", 206, (0, 1)),
    ("bytes=5-", 206, (5, 1_000_000)),
    ("bytes=0-", 206, (0, 1_000_000)),
    ("Bytes= 196607-196608", 206, (196_607, 196_609)),
    ("bytes=500000-700000", 206, (500_000, 700_001)),
    ("bytes=999999-2000000", 206, (999_999, 1_000_000)),
    ("bytes=-10", 206, (999_990, 1_000_000)),
    ("bytes=-2000000", 206, (0, 1_000_000)),
    ("bytes=1000000-", 416, (0, 0)),
    ("bytes=-0", 416, (0, 0)),
    # A malformed header, another unit, and several parts at once are as if there was none.
    ("bytes=7-3", 200, (0, 1_000_000)),
    ("bytes=-", 200, (0, 1_000_000)),
    ("bytes=a-b", 200, (0, 1_000_000)),
    ("lines=1-2", 200, (0, 1_000_000)),
    ("bytes=0-1,5-6", 200, (0, 1_000_000)),
]
CONTENT = PNG[:8] + bytes(n % 251 for n in range(999_992))


async def stored(rest: Rest, **_: Any) -> None:
    """The message `m1` has a file of a million bytes in our own store."""
    await write_blob(rest.store, "b1", CONTENT, workspace="shop", at=START)
    has_file(rest, Attachment(kind="image", blob="b1"))


async def at_its_platform(rest: Rest) -> None:
    has_file(rest, Attachment(kind="image", platform_id="f1"))
    rest.http.respond = lambda call: LOCATED if call.url.endswith("/getFile") else HttpResponse(200, {}, CONTENT)


@pytest.fixture
async def roomy() -> AsyncIterator[Rest]:
    async with open_rest(file_bytes=2_000_000) as opened:
        await prepare(opened)
        yield opened


@pytest.mark.parametrize("place", [stored, at_its_platform])
@pytest.mark.parametrize(("wanted", "status", "span"), RANGES)
async def test_a_part_of_a_file_is_what_was_asked_for(
    roomy: Rest, place: Any, wanted: str, status: int, span: tuple[int, int]
) -> None:
    await place(roomy)
    answer = await roomy.request("GET", FILE, range=wanted)
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["content-range"] == "bytes */1000000"
        problem_of(answer, 416)
        return
    first, end = span
    assert answer.content == CONTENT[first:end]
    assert answer.headers["content-length"] == str(end - first)
    assert answer.headers["content-type"] == "image/png"
    described = f"bytes {first}-{end - 1}/1000000" if status == 206 else None
    assert (answer.headers.get("content-range"), answer.headers["accept-ranges"]) == (described, "bytes")


async def test_parts_before_the_part_of_a_stored_file_are_not_read(roomy: Rest) -> None:
    await stored(roomy)
    del roomy.store.documents[Key(BLOB_PARTS.name, "b1/2")]
    assert (await roomy.request("GET", FILE, range="bytes=-5")).content == CONTENT[-5:]


@pytest.mark.parametrize("place", [stored, at_its_platform])
async def test_a_part_of_another_file_than_was_begun_is_the_whole_of_it(roomy: Rest, place: Any) -> None:
    await place(roomy)
    etag = (await roomy.request("GET", FILE)).headers["etag"]
    for if_range, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200), ("Sun, 01 Mar 2026 12:00:00 GMT", 200)):
        answer = await roomy.request("GET", FILE, **{"range": "bytes=1-2", "if-range": if_range})
        assert (answer.status_code, answer.headers["etag"]) == (status, etag)


def test_of_a_file_that_nobody_vouches_for_no_part_fits_another() -> None:
    assert requested_range("bytes=1-2", '"x"', 100, None) is None
    assert requested_range("bytes=1-2", None, None, '"x"') is None


# -- a customer's file -------------------------------------------------------------------------------------------------


async def test_a_file_is_fetched_from_its_platform_and_the_token_stays_here(rest: Rest) -> None:
    has_file(rest, Attachment(kind="image", platform_id="f1", name="عکس من.png", url=None))
    rest.http.respond = in_order(LOCATED, HttpResponse(200, {"content-type": "text/html"}, PNG))
    answer = await rest.request("GET", FILE)
    assert (answer.status_code, answer.content) == (200, PNG)
    assert dict(answer.headers) == {
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "same-site",
        "referrer-policy": "no-referrer",
        "cache-control": "private, no-store",
        "content-type": "image/png",
        "content-disposition": "attachment; filename=\"___ __.png\"; filename*=UTF-8''%D8%B9%DA%A9%D8%B3%20%D9%85%D9%86.png",
        "content-length": str(len(PNG)),
        "accept-ranges": "bytes",
        "etag": answer.headers["etag"],
    }
    assert [call.url for call in rest.http.calls] == [
        f"https://api.telegram.org/bot{TOKEN}/getFile",
        f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg",
    ]


async def test_the_same_file_is_read_under_its_conversation(rest: Rest) -> None:
    has_file(rest, Attachment(kind="image", platform_id="f1"))
    rest.http.respond = in_order(LOCATED, HttpResponse(200, {}, PNG))
    answer = await rest.request("GET", f"{ONE}/messages/m1/attachments/0")
    assert (answer.status_code, answer.content) == (200, PNG)
    rest.store.insert(CONVERSATIONS, "c2", conversation("c2"))
    problem_of(await rest.request("GET", f"{SHOP}/conversations/c2/messages/m1/attachments/0"), 404)


@pytest.mark.parametrize(
    "content", [SVG, PAGE, b"%PDF-1.7 /JavaScript", b"", b"alert(1)", b"PK\x03\x04", b"<?xml version='1.0'?>"]
)
async def test_what_could_run_is_bytes_whatever_sender_and_platform_call_it(rest: Rest, content: bytes) -> None:
    has_file(rest, Attachment(kind="image", platform_id="f1", name="a.png", media_type="image/png"))
    rest.http.respond = in_order(LOCATED, HttpResponse(200, {"content-type": "image/png"}, content))
    answer = await rest.request("GET", FILE)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_rest_shows_our_address_and_never_the_platforms(rest: Rest) -> None:
    linked = Attachment(
        kind="file", url="https://files.example/a?token=secret", name="a.pdf", media_type="application/pdf"
    )
    place = Attachment(kind="location", details={"latitude": 1.0})
    attachments = [linked.model_dump(mode="json"), place.model_dump(mode="json")]
    rest.store.insert(MESSAGES, "m1", message("m1", "1", attachments=attachments))
    answer = await rest.request("GET", f"{ONE}/messages")
    assert "secret" not in answer.text
    assert answer.json()["items"][0]["attachments"] == [
        {
            "id": "m1-0",
            "kind": "file",
            "platform_id": None,
            "name": "a.pdf",
            "media_type": "application/pdf",
            "size_bytes": None,
            "url": FILE,
            "details": {},
        },
        {
            "id": "m1-1",
            "kind": "location",
            "platform_id": None,
            "name": None,
            "media_type": None,
            "size_bytes": None,
            "url": None,
            "details": {"latitude": 1.0},
        },
    ]
    problem_of(await rest.request("GET", f"{SHOP}/messages/m1/attachments/1"), 404)
    problem_of(await rest.request("GET", f"{SHOP}/messages/m1/attachments/2"), 404)


async def test_a_file_of_another_workspace_is_404(rest: Rest) -> None:
    await rest.workspace("other")
    has_file(rest, Attachment(kind="image", platform_id="f1"))
    problem_of(await rest.request("GET", "/v1/workspaces/other/messages/m1/attachments/0"), 404)
    problem_of(await rest.request("GET", "/v1/workspaces/other/conversations/c1/messages/m1/attachments/0"), 404)
    # Nor does a message lead to a file of another workspace, whatever id stands in it.
    await write_blob(rest.store, "b1", PNG, workspace="other", at=START)
    has_file(rest, Attachment(kind="image", blob="b1"))
    problem_of(await rest.request("GET", FILE), 404)
    assert rest.http.calls == []


@pytest.mark.parametrize(("scope", "status"), [("read", 200), ("desk", 200), ("write", 200)])
async def test_reading_needs_a_key_that_reads(rest: Rest, scope: str, status: int) -> None:
    has_file(rest, Attachment(kind="image", platform_id="f1"))
    rest.http.respond = in_order(LOCATED, HttpResponse(200, {}, PNG))
    assert (await rest.request("GET", FILE, authorization=await rest.key(scope))).status_code == status
    problem_of(await rest.client.get(FILE), 401)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (HttpResponse(400, {}, b'{"ok":false,"description":"Bad Request: wrong file_id"}'), 404, "not_found"),
        (HttpResponse(400, {}, b'{"ok":false,"description":"Bad Request: file is too big"}'), 502, "file_too_large"),
        (HttpResponse(400, {}, b'{"ok":false,"description":"Bad Request: no"}'), 502, "file_refused"),
        (HttpResponse(401, {}, b'{"ok":false,"description":"Unauthorized"}'), 502, "file_refused"),
        (HttpResponse(429, {}, b'{"ok":false,"parameters":{"retry_after":7}}'), 503, "service_unavailable"),
        (HttpResponse(200, {}, b'{"ok":true,"result":{"file_path":"/var/lib/bot/f"}}'), 404, "not_found"),
        (HttpResponse(200, {}, b'{"ok":true,"result":{"file_path":"../../etc/passwd"}}'), 404, "not_found"),
        (TransientSendError(f"no connection to {TOKEN}"), 503, "service_unavailable"),
        (SendOutcomeUnknown("no answer"), 503, "service_unavailable"),
        (PermanentSendError("target", "private"), 502, "address_not_allowed"),
    ],
)
async def test_a_file_that_cannot_be_had_says_why(
    rest: Rest, failure: HttpResponse | Exception, status: int, code: str
) -> None:
    has_file(rest, Attachment(kind="image", platform_id="f1"))
    rest.http.respond = in_order(failure)
    answer = await rest.request("GET", FILE)
    assert problem_of(answer, status)["code"] == code
    assert TOKEN not in answer.text
    assert answer.headers["content-length"] == str(len(answer.content))
    assert ("retry-after" in answer.headers) == (status == 503)
    if failure == HttpResponse(429, {}, b'{"ok":false,"parameters":{"retry_after":7}}'):
        assert answer.headers["retry-after"] == "7"


async def test_a_file_over_the_limit_is_no_file(rest: Rest) -> None:
    has_file(rest, Attachment(kind="video", platform_id="f1"))
    rest.http.respond = in_order(LOCATED, HttpResponse(200, {}, bytes(100_001)))
    assert problem_of(await rest.request("GET", FILE), 502)["code"] == "file_too_large"


async def test_a_file_of_an_account_that_is_gone_is_404(rest: Rest) -> None:
    has_file(rest, Attachment(kind="image", platform_id="f1"))
    assert (await rest.request("DELETE", f"{SHOP}/accounts/telegram/main")).status_code == 204
    rest.time_source.move(2)
    problem_of(await rest.request("GET", FILE), 404)


async def test_a_file_that_breaks_off_is_never_taken_for_whole(rest: Rest) -> None:
    has_file(rest, Attachment(kind="video", platform_id="f1"))
    rest.http.respond = in_order(LOCATED)

    @asynccontextmanager
    async def download(url: str, headers: object = None, **limits: object) -> AsyncIterator[Download]:
        async def chunks() -> AsyncIterator[bytes]:
            yield bytes(1000)
            raise PermanentSendError("too_large", "it goes on and on")

        yield Download("video/mp4", None, chunks())

    rest.http.download = download  # type: ignore[method-assign]
    # A client sees no end of the body; the test's transport says so by an assertion.
    with pytest.raises(AssertionError):
        await rest.request("GET", FILE)


# -- uploads -----------------------------------------------------------------------------------------------------------


async def test_an_upload_is_answered_with_what_its_bytes_show(rest: Rest) -> None:
    answer = await upload(rest, PNG, "filename*=UTF-8''%D9%81%D8%A7%DA%A9%D8%AA%D9%88%D8%B1.png")
    assert answer.status_code == 201
    body = answer.json()
    assert body == {"id": body["id"], "media_type": "image/png", "size_bytes": len(PNG), "name": "فاکتور.png"}
    lying = await upload(rest, SVG, 'filename="../../a.png"', **{"content-type": "image/png"})
    assert (lying.json()["media_type"], lying.json()["name"]) == ("application/octet-stream", "a.png")


async def test_an_upload_has_limits(rest: Rest) -> None:
    problem_of(await upload(rest, bytes(100_001)), 413)
    problem_of(await upload(rest, b""), 422)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield bytes(1_000)

    problem_of(await upload(rest, endless()), 413)  # type: ignore[arg-type]
    assert parts(rest) == 0


async def test_a_large_upload_is_stored_and_read_in_parts(rest: Rest) -> None:
    async with open_rest() as large:
        await prepare(large)
        content = PNG + bytes(3_000_000)
        identity = await uploaded(large, content)
        has_file(large, Attachment(kind="image", blob=identity, name="a.png"), direction="outbound", state="sent")
        answer = await large.request("GET", FILE)
        assert (answer.content, answer.headers["content-type"]) == (content, "image/png")
        assert answer.headers["content-length"] == str(len(content))


async def test_an_upload_needs_the_scope_of_a_desk(rest: Rest) -> None:
    problem_of(await upload(rest, authorization=await rest.key("read")), 403)
    assert (await upload(rest, authorization=await rest.key("desk"))).status_code == 201
    await rest.workspace("other")
    sent = {"authorization": await rest.key("write", workspace="other")}
    problem_of(await rest.client.post(f"{SHOP}/attachments", content=PNG, headers=sent), 404)


async def test_a_card_number_in_a_files_name_is_not_stored(rest: Rest) -> None:
    answer = await upload(rest, PNG, 'filename="4111 1111 1111 1111.png"')
    assert "4111" not in answer.text
    assert "4111" not in str(rest.store.all(BLOBS))


# -- replies, and messages that we write first ---------------------------------------------------------------------------

WAYS = {
    "reply": (f"{ONE}/replies", {"agent": "sara"}),
    "first": (f"{SHOP}/messages", {"agent": "sara", "person": KEY.partition("/")[2]}),
}
"""Where messages to the same customer are written, and what each names besides its content."""
each_way = pytest.mark.parametrize("way", WAYS)


async def written(rest: Rest, way: str, **content: Any) -> httpx2.Response:
    path, named = WAYS[way]
    return await rest.request("POST", path, {**named, **content})


def applies(rest: Rest) -> None:
    """Carry replies out: the outcome names no message, so the answer is 202."""

    def answer(event: Event) -> CommandResult | None:
        return rest.outcome(event)

    rest.outcome_for = answer


@each_way
async def test_a_message_carries_its_files_and_may_have_no_text(rest: Rest, way: str) -> None:
    applies(rest)
    first, second = await uploaded(rest), await uploaded(rest, b"%PDF-1.7", 'filename="b.pdf"')
    answer = await written(rest, way, attachments=[second, first])
    assert answer.status_code == 202, answer.text
    assert rest.events[-1].data["text"] == {"key": None, "text": ""}
    assert rest.events[-1].data["attachments"] == [
        {"blob": second, "kind": "file", "media_type": "application/pdf", "size_bytes": 8, "name": "b.pdf"},
        {"blob": first, "kind": "image", "media_type": "image/png", "size_bytes": len(PNG), "name": "a.png"},
    ]


@each_way
async def test_a_file_of_a_message_is_stored_for_a_year_and_found_by_its_customer(rest: Rest, way: str) -> None:
    applies(rest)
    sent, unused = await uploaded(rest), await uploaded(rest)
    await written(rest, way, attachments=[sent])
    stored = rest.store.find(BLOBS, sent)
    assert stored is not None
    assert (stored.person, stored.expires_at - stored.at) == (KEY, RETENTION)
    assert await purge_blobs(rest.store, START + UNUSED_RETENTION * 2) == 1
    assert rest.store.find(BLOBS, unused) is None


@each_way
async def test_a_file_of_this_customer_goes_out_again(rest: Rest, way: str) -> None:
    applies(rest)
    person = PersonKey(*KEY.split("/", 1))
    await write_blob(rest.store, "earlier", PNG, workspace="shop", at=START, person=person)
    assert (await written(rest, way, attachments=["earlier"])).status_code == 202


@each_way
async def test_a_repeat_with_other_files_is_another_request(rest: Rest, way: str) -> None:
    applies(rest)
    path, named = WAYS[way]
    first, second = await uploaded(rest), await uploaded(rest)

    async def again(**content: Any) -> int:
        body = {**named, "text": "Here.", **content}
        return (await rest.request("POST", path, body, **{"idempotency-key": "k"})).status_code

    assert [await again(attachments=[first]) for _ in range(2)] == [202, 202]
    assert [await again(attachments=[second]), await again()] == [409, 409]


@each_way
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"attachments": ["nothing"]}, "/attachments/0"),
        ({"attachments": []}, "/text"),
        ({"attachments": ["a", "a"], "text": "x"}, "/attachments"),
        ({"attachments": [str(n) for n in range(11)]}, "/attachments"),
        ({"attachments": ["foreign"]}, "/attachments/0"),
        ({"attachments": ["of-another-customer"]}, "/attachments/0"),
    ],
)
async def test_files_that_cannot_go_out_are_422_and_nothing_is_published(
    rest: Rest, way: str, body: dict[str, Any], pointer: str
) -> None:
    await write_blob(rest.store, "foreign", PNG, workspace="other", at=START)
    reza = PersonKey("shop", "webchat:main:reza")
    await write_blob(rest.store, "of-another-customer", PNG, workspace="shop", at=START, person=reza)
    problem = problem_of(await written(rest, way, **body), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert all(event.type.startswith("pasokh.control.") for event in rest.events)


# -- notes, and what a file is meant as ----------------------------------------------------------------------------------


async def test_a_note_carries_files_that_are_stored_with_its_customer(rest: Rest) -> None:
    applies(rest)
    identity = await uploaded(rest)
    answer = await rest.request("POST", f"{ONE}/notes", {"agent": "sara", "attachments": [identity]})
    assert answer.status_code in (200, 202), answer.text
    note = rest.events[-1]
    assert (note.type, note.data["text"]) == ("pasokh.command.add_note", {"key": None, "text": ""})
    assert [file.blob for file in note.payload_as(AddNote).attachments] == [identity]
    stored = rest.store.find(BLOBS, identity)
    assert stored is not None
    assert (stored.person, stored.expires_at - stored.at) == (KEY, RETENTION)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/text"), ({"attachments": ["nothing"]}, "/attachments/0"), ({"attachments": ["foreign"]}, "/attachments/0")],
)
async def test_a_note_of_nothing_or_with_files_of_others_is_422(rest: Rest, body: dict[str, Any], pointer: str) -> None:
    await write_blob(rest.store, "foreign", PNG, workspace="other", at=START)
    problem = problem_of(await rest.request("POST", f"{ONE}/notes", {"agent": "sara", **body}), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("query", "content", "kind"),
    [
        ("", b"OggS\x00", "audio"),
        ("?kind=voice", b"OggS\x00", "voice"),
        ("?kind=sticker", b"RIFF1234WEBPVP8 ", "sticker"),
    ],
)
async def test_a_file_goes_out_as_what_it_is_meant_as(rest: Rest, query: str, content: bytes, kind: str) -> None:
    applies(rest)
    sent = {"authorization": f"Bearer {ADMIN_KEY}"}
    answer = await rest.client.post(f"{SHOP}/attachments{query}", content=content, headers=sent)
    assert answer.status_code == 201, answer.text
    await rest.request("POST", f"{ONE}/replies", {"agent": "sara", "attachments": [answer.json()["id"]]})
    assert [file.kind for file in rest.events[-1].payload_as(Reply).attachments] == [kind]
    problem_of(await rest.client.post(f"{SHOP}/attachments?kind=film", content=content, headers=sent), 422)
