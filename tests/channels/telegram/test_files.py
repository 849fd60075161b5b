"""Files over the Bot API: where a customer's is, and how ours go out."""

import json
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from schemas.activity import Attachment, AttachmentKind
from schemas.outbound import OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText
from services.channels.port import CredentialsRejected, MediaLocation, OutgoingFile, SendReceipt
from services.channels.telegram import Telegram
from services.domain.outgoing_files import as_sent, caption_limit, file_problem
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.telegram.cases import TOKEN, account
from tests.channels.telegram.test_send import answer, named, outbound, refusal
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import HttpCall, held

SENT = {"ok": True, "result": {"message_id": 77}}
ALBUM = {"ok": True, "result": [{"message_id": 77}, {"message_id": 78}]}


def file(kind: AttachmentKind = "image", name: str | None = "a.png", content: bytes = b"\x89PNG") -> OutgoingFile:
    types = {"image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}
    media_type = types.get(kind, "application/octet-stream")
    known = OutboundAttachment(blob="b1", kind=kind, media_type=media_type, size_bytes=len(content), name=name)
    return OutgoingFile(known, held(content))


async def sent(
    http: FakeHttp, *files: OutgoingFile, text: str = "سلام", message: OutboundMessage | None = None
) -> SendReceipt:
    changed = (message or outbound()).model_copy(update={"text": EncryptedText(text=text)})
    return await Telegram().send_files(changed, files, account(), http)


def form(call: HttpCall) -> dict[str, Any]:
    """The parts of a form: text by name; of a file its name, its type and its bytes."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parts: dict[str, Any] = {}
    for part in BytesParser(EmailMessage, policy=HTTP).parsebytes(head + call.body).iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", None, "content-disposition"))
        file_name = part.get_filename()
        parts[name] = content.decode() if file_name is None else (file_name, part.get_content_type(), content)
    return parts


@pytest.mark.parametrize(
    ("kind", "method", "field"),
    [
        ("image", "sendPhoto", "photo"),
        ("video", "sendVideo", "video"),
        ("audio", "sendAudio", "audio"),
        ("voice", "sendVoice", "voice"),
        ("file", "sendDocument", "document"),
    ],
)
async def test_one_file_goes_out_with_its_text_as_caption(kind: AttachmentKind, method: str, field: str) -> None:
    http = FakeHttp(in_order(answer(200, SENT)))
    one = file(kind, "فاکتور ۱.png")
    assert await sent(http, one) == named("77")
    [call] = http.calls
    assert call.url == f"https://api.telegram.org/bot{TOKEN}/{method}"
    assert form(call) == {
        "chat_id": "70001",
        "caption": "سلام",
        field: ("فاکتور ۱.png", one.attachment.media_type, b"\x89PNG"),
    }


async def test_a_file_without_text_has_no_caption_and_finds_its_topic() -> None:
    http = FakeHttp(in_order(answer(200, SENT)))
    await sent(http, file(), text="", message=outbound(thread="5", reply_to="9"))
    parts = form(http.calls[0])
    assert "caption" not in parts
    assert parts["message_thread_id"] == "5"
    assert json.loads(parts["reply_parameters"]) == {"message_id": 9, "allow_sending_without_reply": True}


async def test_a_sticker_goes_out_as_one() -> None:
    http = FakeHttp(in_order(answer(200, SENT)))
    await sent(http, file("sticker", "a.webp"), text="")
    assert http.calls[0].url.endswith("/sendSticker")
    assert form(http.calls[0]).keys() == {"chat_id", "sticker"}


async def test_a_voice_note_that_the_customer_takes_from_nobody_goes_out_as_a_document() -> None:
    http = FakeHttp(in_order(refusal(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"), answer(200, SENT)))
    await sent(http, file("voice", "note.ogg"))
    assert [call.url.rpartition("/")[2] for call in http.calls] == ["sendVoice", "sendDocument"]


async def test_several_files_are_one_album_whose_other_messages_are_aliases() -> None:
    http = FakeHttp(in_order(answer(200, ALBUM)))
    assert await sent(http, file("image"), file("video", "b.mp4")) == named("77", "78")
    [call] = http.calls
    assert call.url.endswith("/sendMediaGroup")
    parts = form(call)
    assert json.loads(parts["media"]) == [
        {"type": "photo", "media": "attach://file0", "caption": "سلام"},
        {"type": "video", "media": "attach://file1"},
    ]
    assert (parts["file0"][0], parts["file1"][0]) == ("a.png", "b.mp4")


async def test_files_that_fit_into_no_album_go_out_as_documents_in_one_call() -> None:
    http = FakeHttp(in_order(answer(200, ALBUM)))
    await sent(http, file("image"), file("file", "b.pdf"))
    assert [one["type"] for one in json.loads(form(http.calls[0])["media"])] == ["document", "document"]


async def test_a_picture_that_is_no_photo_goes_out_as_a_document() -> None:
    http = FakeHttp(in_order(refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"), answer(200, SENT)))
    assert await sent(http, file()) == named("77")
    assert [call.url.rpartition("/")[2] for call in http.calls] == ["sendPhoto", "sendDocument"]


async def test_a_deleted_topic_is_left_out_as_with_a_text() -> None:
    http = FakeHttp(in_order(refusal(400, "Bad Request: message thread not found"), answer(200, SENT)))
    receipt = await sent(http, file(), message=outbound(thread="5"))
    assert receipt.address is not None
    assert receipt.address.thread is None
    assert "message_thread_id" not in form(http.calls[1])


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (refusal(429, "Too Many Requests", retry_after=3), TransientSendError),
        (refusal(403, "Forbidden: bot was blocked by the user"), PermanentSendError),
        (refusal(413, "Request Entity Too Large"), PermanentSendError),
        (refusal(401, "Unauthorized"), CredentialsRejected),
        (answer(502, b"bad gateway"), SendOutcomeUnknown),
        (SendOutcomeUnknown(f"https://api.telegram.org/bot{TOKEN}/sendPhoto"), SendOutcomeUnknown),
        (TransientSendError(f"https://api.telegram.org/bot{TOKEN}/sendPhoto"), TransientSendError),
    ],
)
async def test_an_answer_means_the_same_as_for_a_text(
    response: HttpResponse | Exception, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        await sent(FakeHttp(in_order(response)), file())
    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None


async def test_a_customers_file_has_an_address_of_an_hour() -> None:
    http = FakeHttp(in_order(answer(200, {"ok": True, "result": {"file_path": "photos/a b.jpg"}})))
    location = await Telegram().locate(Attachment(kind="image", platform_id="f1"), account(), http)
    assert location == MediaLocation(f"https://api.telegram.org/file/bot{TOKEN}/photos/a%20b.jpg")
    assert http.calls[0].json == {"file_id": "f1"}


async def test_a_bot_api_server_of_ones_own_serves_its_files_too() -> None:
    http = FakeHttp(in_order(answer(200, {"ok": True, "result": {"file_path": "f"}})))
    ours = account(api_base="https://bots.example/")
    location = await Telegram().locate(Attachment(kind="image", platform_id="f1"), ours, http)
    assert location.url == f"https://bots.example/file/bot{TOKEN}/f"


def known(size: int, media_type: str, kind: AttachmentKind) -> OutboundAttachment:
    return OutboundAttachment(blob="b", kind=kind, media_type=media_type, size_bytes=size, name="a")


@pytest.mark.parametrize(
    ("files", "pointer", "kinds", "caption"),
    [
        ([known(10, "image/png", "image")], None, ["image"], 1024),
        ([known(10_000_001, "image/png", "image")], None, ["file"], 1024),
        ([known(10, "image/gif", "image")], None, ["file"], 1024),
        ([known(10, "application/pdf", "file")], None, ["file"], 1024),
        ([known(50_000_001, "video/mp4", "video")], "/attachments/0", None, 1024),
        ([known(10, "image/png", "image")] * 10, None, ["image"] * 10, 1024),
        ([known(10, "image/png", "image")] * 11, "/attachments", None, 1024),
        ([known(10, "audio/ogg", "voice")], None, ["voice"], 1024),
        ([known(10, "audio/ogg", "audio")], None, ["file"], 1024),
        ([known(10, "audio/mpeg", "voice")], None, ["voice"], 1024),
        ([known(10, "audio/wav", "voice")], None, ["file"], 1024),
        ([known(10, "image/webp", "sticker")], None, ["sticker"], 0),
        ([known(600_000, "image/webp", "sticker")], None, ["image"], 1024),
        ([known(10, "application/gzip", "sticker")], None, ["sticker"], 0),
        ([], None, [], None),
    ],
)
def test_what_telegram_takes_is_data(
    files: list[OutboundAttachment], pointer: str | None, kinds: list[AttachmentKind] | None, caption: int | None
) -> None:
    problem = file_problem(files, "telegram", Telegram.capabilities)
    assert (problem and problem.pointer) == pointer
    if kinds is not None:
        sent_as = [one.kind for one in as_sent(files, Telegram.capabilities)]
        assert (sent_as, caption_limit(sent_as, Telegram.capabilities)) == (kinds, caption)
