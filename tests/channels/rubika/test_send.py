"""How messages, files and changes go out, and what Rubika's answers mean."""

import json
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from schemas.activity import Address, Attachment, AttachmentKind
from schemas.channel import ActionKind
from schemas.conversation import Author
from schemas.outbound import ChannelAction, OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText
from services.channels.port import CredentialsRejected, MediaLocation, OutgoingFile, SendReceipt
from services.channels.rubika import Rubika
from services.channels.rubika_api.origin import scope_of
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.rubika.cases import CHAT, GROUP, TOKEN, account, ok, refused
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import HttpCall, held

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
API = f"https://botapi.rubika.ir/v3/{TOKEN}"
UPLOAD = "https://messenger.example/SendFileApi.ashx?ticket=t1cket"
SENT, DONE = ok(message_id="77"), ok()
FILE_ID = ok(file_id="900")
ME = ok(bot={"bot_id": "b0Shop"})
TOKEN_REFUSED = refused("INVALID_ACCESS", "token is not valid.")
Answer = HttpResponse | Exception


def outbound(chat: str = CHAT, reply_to: str | None = None, text: str = "سلام") -> OutboundMessage:
    return OutboundMessage(
        id="0195511e-0000-7000-8000-00000000000a",
        conversation="c-1",
        key=f"shop/rubika:main:{chat}",
        workspace="shop",
        channel="rubika",
        account="main",
        surface="private" if chat == CHAT else "public",
        address=Address(chat=chat, reply_to=reply_to),
        author=Author(kind="agent", id="sara", name="Sara"),
        text=EncryptedText(text=text),
        accepted_at=AT,
    )


def action(kind: ActionKind, *further: str) -> ChannelAction:
    return ChannelAction(
        id="a1",
        conversation="c-1",
        key=f"shop/rubika:main:{CHAT}",
        workspace="shop",
        channel="rubika",
        account="main",
        surface="private",
        address=Address(chat=CHAT),
        kind=kind,
        platform_id="77",
        further_ids=list(further),
        text=EncryptedText(text="better") if kind == "edit" else None,
        accepted_at=AT,
    )


def receipt(name: str, chat: str = CHAT, address: Address | None = None) -> SendReceipt:
    return SendReceipt(name, address=address, aliases=(scope_of(account()).message_id(chat, name),))


def methods(http: FakeHttp) -> list[str]:
    return [call.url.rpartition("/")[2] for call in http.calls]


async def test_a_text_goes_to_its_chat_and_is_known_by_its_id() -> None:
    http = FakeHttp(in_order(SENT))
    assert await Rubika().send(outbound(), account(), http) == receipt("77")
    [call] = http.calls
    assert (call.url, call.json) == (f"{API}/sendMessage", {"chat_id": CHAT, "text": "سلام"})


async def test_an_id_that_is_a_number_is_the_same_id() -> None:
    assert await Rubika().send(outbound(), account(), FakeHttp(in_order(ok(message_id=77)))) == receipt("77")


@pytest.mark.parametrize("base", ["https://bots.example", "https://bots.example/", "https://bots.example/v3"])
async def test_an_address_of_ones_own_takes_the_place_of_rubikas(base: str) -> None:
    http = FakeHttp(in_order(SENT))
    await Rubika().send(outbound(), account(api_base=base), http)
    assert http.calls[0].url == f"https://bots.example/v3/{TOKEN}/sendMessage"


async def test_a_text_in_a_group_answers_the_message() -> None:
    http = FakeHttp(in_order(SENT))
    assert await Rubika().send(outbound(GROUP, "5"), account(), http) == receipt("77", GROUP)
    assert http.calls[0].json == {"chat_id": GROUP, "text": "سلام", "reply_to_message_id": "5"}


async def test_without_the_message_that_it_answers_a_text_still_reaches_the_group() -> None:
    http = FakeHttp(in_order(refused("INVALID_INPUT"), SENT))
    sent = await Rubika().send(outbound(GROUP, "5"), account(), http)
    assert sent == receipt("77", GROUP, Address(chat=GROUP))
    assert http.calls[1].json == {"chat_id": GROUP, "text": "سلام"}


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refused("TOO_REQUESTS"), TransientSendError, "chat"),
        (HttpResponse(429, {"retry-after": "7"}, b"slow down"), TransientSendError, "chat"),
        (refused("SERVER_ERROR"), TransientSendError, "message"),
        (refused("ERROR_TRY_AGAIN", http_status=500), TransientSendError, "message"),
        (refused("ERROR_OF_SOME_KIND", http_status=500), TransientSendError, "message"),
        (HttpResponse(500, {}, b""), TransientSendError, "message"),
        (HttpResponse(503, {}, b"busy"), TransientSendError, "message"),
        (HttpResponse(302, {}, b""), TransientSendError, "account"),
        (HttpResponse(403, {}, b"<html>"), TransientSendError, "account"),
        (TOKEN_REFUSED, CredentialsRejected, None),
        (refused("INVALID_TOKEN"), CredentialsRejected, None),
        (refused("INVALID_AUTH"), CredentialsRejected, None),
        (HttpResponse(401, {}, b""), CredentialsRejected, None),
        (refused("INVALID_INPUT"), PermanentSendError, "rejected"),
        (refused("INVALID_INPUT", "chat not found"), PermanentSendError, "not_found"),
        (refused("INVALID_INPUT", "text is too long"), PermanentSendError, "too_long"),
        (refused("NOT_FOUND"), PermanentSendError, "not_found"),
        (refused("INVALID_METHOD"), PermanentSendError, "unsupported"),
        (refused("SOMETHING_NEW"), PermanentSendError, "rejected"),
        (HttpResponse(404, {}, b"Not Found"), PermanentSendError, "rejected"),
        (HttpResponse(413, {}, b""), PermanentSendError, "too_large"),
        (HttpResponse(200, {}, b"<html>"), SendOutcomeUnknown, None),
        (HttpResponse(200, {}, b"{}"), SendOutcomeUnknown, None),
        (HttpResponse(502, {}, b"bad gateway"), SendOutcomeUnknown, None),
        (HttpResponse(504, {}, b""), SendOutcomeUnknown, None),
    ],
)
async def test_an_answer_decides_what_becomes_of_a_message(
    answer: HttpResponse, error: type[Exception], code: str | None
) -> None:
    with pytest.raises(error) as raised:
        await Rubika().send(outbound(), account(), FakeHttp(in_order(answer)))
    assert code == getattr(raised.value, "scope", getattr(raised.value, "code", None))
    assert TOKEN not in str(raised.value)


async def test_the_status_inside_an_error_is_the_one_that_counts() -> None:
    body = json.dumps({"status": "ERROR_GENERIC", "status_det": "TOO_REQUESTS"}).encode()
    with pytest.raises(TransientSendError):
        await Rubika().send(outbound(), account(), FakeHttp(in_order(HttpResponse(200, {}, body))))


async def test_a_wait_that_is_asked_for_is_kept() -> None:
    with pytest.raises(TransientSendError) as raised:
        await Rubika().send(
            outbound(), account(), FakeHttp(in_order(HttpResponse(429, {"retry-after": "7"}, b"slow down")))
        )
    assert raised.value.after == 7


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (ME, PermanentSendError),
        (TOKEN_REFUSED, CredentialsRejected),
        (refused("INVALID_ACCESS"), CredentialsRejected),
        (HttpResponse(502, {}, b""), TransientSendError),
        (refused("TOO_REQUESTS"), TransientSendError),
    ],
)
async def test_an_access_that_is_refused_is_of_the_chat_only_if_the_token_is_taken(
    asked: HttpResponse, error: type[Exception]
) -> None:
    http = FakeHttp(in_order(refused("INVALID_ACCESS"), asked))
    with pytest.raises(error) as raised:
        await Rubika().send(outbound(), account(), http)
    assert methods(http) == ["sendMessage", "getMe"]
    assert getattr(raised.value, "code", "blocked") == "blocked"


# -- files -----------------------------------------------------------------------------------------------------------------


def file(kind: AttachmentKind = "image", name: str | None = "mug.png", content: bytes = b"\x89PNG") -> OutgoingFile:
    known = OutboundAttachment(blob="b1", kind=kind, media_type="image/png", size_bytes=len(content), name=name)
    return OutgoingFile(known, held(content))


async def sent(http: FakeHttp, one: OutgoingFile, text: str = "", **address: str) -> SendReceipt:
    return await Rubika().send_files(outbound(text=text, **address), [one], account(), http)


def form(call: HttpCall) -> dict[str, tuple[str | None, str, bytes]]:
    """The files of a form, by the names of their fields: file name, type and bytes."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + call.body).iter_parts()
    found = {}
    for part in parts:
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found[str(part.get_param("name", None, "content-disposition"))] = (
            part.get_filename(),
            part.get_content_type(),
            content,
        )
    return found


@pytest.mark.parametrize(
    ("kind", "named"),
    [("image", "Image"), ("video", "Video"), ("audio", "Music"), ("voice", "Voice"), ("file", "File")],
)
async def test_a_file_is_uploaded_first_and_sent_once_at_the_end(kind: AttachmentKind, named: str) -> None:
    http = FakeHttp(in_order(ok(upload_url=UPLOAD), FILE_ID, SENT))
    assert await sent(http, file(kind, "فاکتور.png"), text="this") == receipt("77")
    asked, upload, last = http.calls
    assert (asked.url, asked.json) == (f"{API}/requestSendFile", {"type": named})
    assert (upload.url, form(upload)) == (UPLOAD, {"file": ("فاکتور.png", "image/png", b"\x89PNG")})
    assert (last.url, last.json) == (f"{API}/sendFile", {"chat_id": CHAT, "file_id": "900", "text": "this"})


async def test_a_file_without_a_text_has_none_and_answers_in_a_group() -> None:
    http = FakeHttp(in_order(ok(upload_url=UPLOAD), FILE_ID, SENT))
    await sent(http, file(name=None), chat=GROUP, reply_to="5")
    assert http.calls[2].json == {"chat_id": GROUP, "reply_to_message_id": "5", "file_id": "900"}


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([refused("TOO_REQUESTS")], TransientSendError),
        ([TOKEN_REFUSED], CredentialsRejected),
        ([HttpResponse(502, {}, b"")], TransientSendError),
        ([ok()], TransientSendError),
        ([ok(upload_url="file:///etc/passwd")], TransientSendError),
        ([ok(upload_url=UPLOAD), HttpResponse(502, {}, b"")], TransientSendError),
        ([ok(upload_url=UPLOAD), HttpResponse(200, {}, b"<html>")], TransientSendError),
        ([ok(upload_url=UPLOAD), HttpResponse(413, {}, b"")], PermanentSendError),
        ([ok(upload_url=UPLOAD), ok()], TransientSendError),
        ([ok(upload_url=UPLOAD), TransientSendError(f"no connection to {UPLOAD}")], TransientSendError),
        ([ok(upload_url=UPLOAD), FILE_ID, HttpResponse(502, {}, b"")], SendOutcomeUnknown),
        ([ok(upload_url=UPLOAD), FILE_ID, refused("INVALID_INPUT")], PermanentSendError),
    ],
)
async def test_until_it_is_sent_a_file_may_be_tried_again(answers: list[Answer], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        await sent(FakeHttp(in_order(*answers)), file())
    assert "t1cket" not in str(raised.value)
    assert TOKEN not in str(raised.value)


async def test_a_customers_file_is_where_rubika_says() -> None:
    http = FakeHttp(in_order(ok(download_url="https://files.example/1?key=k")))
    found = await Rubika().locate(Attachment(kind="image", platform_id="f1"), account(), http)
    assert found == MediaLocation("https://files.example/1?key=k")
    assert (http.calls[0].url, http.calls[0].json) == (f"{API}/getFile", {"file_id": "f1"})


@pytest.mark.parametrize("answer", [refused("INVALID_INPUT"), refused("NOT_FOUND"), ok(), ok(download_url="/disk")])
async def test_a_file_that_is_gone_is_not_found(answer: HttpResponse) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await Rubika().locate(Attachment(kind="image", platform_id="f1"), account(), FakeHttp(in_order(answer)))
    assert raised.value.code == "not_found"
    with pytest.raises(PermanentSendError):
        await Rubika().locate(Attachment(kind="location"), account(), FakeHttp())


# -- changes ---------------------------------------------------------------------------------------------------------------


async def test_an_edit_gives_a_message_its_new_text() -> None:
    http = FakeHttp(in_order(DONE))
    assert await Rubika().perform(action("edit"), account(), http) == SendReceipt("77")
    [call] = http.calls
    assert (call.url, call.json) == (
        f"{API}/editMessageText",
        {"chat_id": CHAT, "message_id": "77", "text": "better"},
    )


async def test_a_deletion_takes_all_that_a_message_became() -> None:
    http = FakeHttp(in_order(DONE, refused("NOT_FOUND"), DONE))
    await Rubika().perform(action("delete", "78", "79"), account(), http)
    assert [call.json for call in http.calls] == [{"chat_id": CHAT, "message_id": name} for name in ("77", "78", "79")]


async def test_a_message_that_is_gone_cannot_be_deleted_and_says_so() -> None:
    with pytest.raises(PermanentSendError) as raised:
        await Rubika().perform(action("delete"), account(), FakeHttp(in_order(refused("NOT_FOUND"))))
    assert raised.value.code == "not_found"


async def test_what_rubika_has_no_call_for_is_unsupported() -> None:
    with pytest.raises(PermanentSendError) as raised:
        await Rubika().perform(action("typing"), account(), FakeHttp())
    assert raised.value.code == "unsupported"
