"""What goes out on Messenger and Instagram, and what each answer of Meta means."""

import json
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from schemas.activity import Address, AttachmentKind
from schemas.outbound import OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import CredentialsRejected, OutgoingFile
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.in_words import in_words
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.channels.test_every_channel import message_to
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import HttpCall, held

CHANNELS: dict[str, Any] = {"messenger": Messenger(), "instagram": Instagram()}
CASES: dict[str, Any] = {"messenger": messenger, "instagram": instagram}
GRAPH = {"messenger": "https://graph.facebook.com/v25.0", "instagram": "https://graph.instagram.com/v25.0"}
both = pytest.mark.parametrize("name", CHANNELS)


def answer(status: int, body: object) -> HttpResponse:
    return HttpResponse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


ACCEPTED = answer(200, {"recipient_id": "70001", "message_id": "m_ours1"})
UPLOADED = answer(200, {"attachment_id": "4455"})


def message(name: str, **changes: Any) -> OutboundMessage:
    return message_to(CHANNELS[name], CASES[name].account()).model_copy(update=changes)


async def sent(name: str, http: FakeHttp, account: Any = None, **changes: Any) -> Any:
    return await CHANNELS[name].send(message(name, **changes), account or CASES[name].account(), http)


@both
async def test_an_answer_is_a_response_with_the_token_in_a_header(name: str) -> None:
    http = FakeHttp(lambda call: ACCEPTED)
    receipt = await sent(name, http)
    [call] = http.calls
    assert (call.method, call.url) == ("POST", f"{GRAPH[name]}/me/messages")
    assert call.headers["authorization"] == f"Bearer {CASES[name].TOKEN}"
    own = {"metadata": message(name).id} if name == "messenger" else {}
    assert call.json == {
        "recipient": {"id": "70001"},
        "messaging_type": "RESPONSE",
        "message": {"text": "hello", **own},
    }
    echo = CASES[name].CHAT.echo(1, "hello")
    [shown] = CHANNELS[name].parse(CASES[name].CHAT.post([echo]), CASES[name].account())
    assert (receipt.platform_id, receipt.aliases, receipt.person) == ("m_ours1", (shown.message,), None)


@both
async def test_an_answer_after_a_day_has_the_tag_of_its_window(name: str) -> None:
    http = FakeHttp(lambda call: ACCEPTED)
    await sent(name, http, tag="HUMAN_AGENT", address=Address(chat="70001", reply_to="m_theirs1"))
    [body] = [call.json for call in http.calls]
    assert (body["messaging_type"], body["tag"], body["reply_to"]) == (
        "MESSAGE_TAG",
        "HUMAN_AGENT",
        {"mid": "m_theirs1"},
    )


async def test_the_login_decides_where_the_api_is() -> None:
    accounts = {
        "https://graph.instagram.com": instagram.account(),
        "https://graph.facebook.com": instagram.account({"login": "facebook"}, page_id="100200300"),
    }
    for host, account in accounts.items():
        http = FakeHttp(lambda call: ACCEPTED)
        await sent("instagram", http, account)
        assert [call.url for call in http.calls] == [f"{host}/v25.0/me/messages"]


# -- files ---------------------------------------------------------------------------------------------------------------


def form(call: HttpCall) -> dict[str, tuple[str | None, str, bytes]]:
    """The fields of a form: file name, type and bytes of each."""
    parsed = BytesParser(policy=HTTP).parsebytes(
        b"content-type: " + call.headers["content-type"].encode() + b"\r\n\r\n" + call.body
    )
    assert isinstance(parsed, EmailMessage)
    fields: dict[str, tuple[str | None, str, bytes]] = {}
    for part in parsed.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        fields[name] = (part.get_filename(), part.get_content_type(), content)
    return fields


def outgoing(kind: AttachmentKind, media_type: str, file_name: str | None) -> OutgoingFile:
    about = OutboundAttachment(blob="b1", kind=kind, media_type=media_type, size_bytes=3, name=file_name)
    return OutgoingFile(about, held(b"\x00\x01\x02"))


@both
@pytest.mark.parametrize(
    ("kind", "media_type", "file_name", "type_", "sent_name"),
    [
        ("image", "image/png", "kettle.png", "image", "kettle.png"),
        ("video", "video/mp4", "leak.mp4", "video", "leak.mp4"),
        ("audio", "audio/mp4", None, "audio", "file"),
        ("voice", "audio/mp4", "v.m4a", "audio", "v.m4a"),
        ("file", "application/pdf", "čeks.pdf", "file", "file.pdf"),
        ("file", "application/pdf", "чек", "file", "file"),
    ],
)
async def test_a_file_is_uploaded_and_then_sent_once(
    name: str, kind: AttachmentKind, media_type: str, file_name: str | None, type_: str, sent_name: str
) -> None:
    http = FakeHttp(in_order(UPLOADED, ACCEPTED))
    empty = message(name, text=EncryptedText(text=""))
    receipt = await CHANNELS[name].send_files(
        empty, [outgoing(kind, media_type, file_name)], CASES[name].account(), http
    )
    upload, call = http.calls
    assert upload.url == f"{GRAPH[name]}/me/message_attachments"
    fields = form(upload)
    about = json.loads(fields["message"][2])
    assert about == {"attachment": {"type": type_, "payload": {"is_reusable": True}}}
    assert fields["filedata"] == (sent_name, media_type, b"\x00\x01\x02")
    assert ("platform" in fields) == (name == "instagram")
    assert call.json["message"]["attachment"] == {"type": type_, "payload": {"attachment_id": "4455"}}
    assert receipt.platform_id == "m_ours1"


@both
async def test_an_upload_without_an_answer_may_be_repeated_and_a_send_may_not(name: str) -> None:
    def broken(call: HttpCall) -> HttpResponse:
        raise SendOutcomeUnknown("no answer")

    with pytest.raises(SendOutcomeUnknown):
        await sent(name, FakeHttp(broken))
    http = FakeHttp(lambda call: answer(200, {}))
    with pytest.raises(PermanentSendError):
        await CHANNELS[name].send_files(
            message(name), [outgoing("file", "application/pdf", None)], CASES[name].account(), http
        )
    assert len(http.calls) == 1


# -- errors --------------------------------------------------------------------------------------------------------------


def refusal(code: int, subcode: int | None = None, status: int = 400, **more: Any) -> HttpResponse:
    error = {"message": "(#1) no", "code": code, **({"error_subcode": subcode} if subcode else {}), **more}
    return answer(status, {"error": error})


TOO_LATE = "(#10) This message is sent outside of allowed window."
TESTED: list[tuple[HttpResponse, str | None, type[Exception], object]] = [
    (refusal(10, 2018278), None, PermanentSendError, "window_closed"),
    (refusal(10, 2534022), None, PermanentSendError, "window_closed"),
    (refusal(10, 2018065), None, PermanentSendError, "window_closed"),
    (refusal(10, 2018300), None, PermanentSendError, "other_app"),
    (refusal(10, 777), None, PermanentSendError, "rejected"),
    (refusal(10), None, CredentialsRejected, None),
    (refusal(10, message=TOO_LATE), None, PermanentSendError, "window_closed"),
    (refusal(200, 777), None, PermanentSendError, "rejected"),
    (refusal(200), None, CredentialsRejected, None),
    (refusal(10), "HUMAN_AGENT", PermanentSendError, "window_closed"),
    (refusal(200), "HUMAN_AGENT", PermanentSendError, "window_closed"),
    (refusal(551), None, PermanentSendError, "blocked"),
    (refusal(551, 1545041), None, PermanentSendError, "blocked"),
    (refusal(200, 1545041), None, PermanentSendError, "blocked"),
    (refusal(200, 2018028), None, PermanentSendError, "not_permitted"),
    (refusal(200, 2018108), None, PermanentSendError, "not_permitted"),
    (refusal(100, 2018001), None, PermanentSendError, "not_found"),
    (refusal(100, 2018109), None, PermanentSendError, "too_large"),
    (refusal(100), None, PermanentSendError, "rejected"),
    (refusal(368), None, PermanentSendError, "blocked_by_platform"),
    (refusal(190, status=401), None, CredentialsRejected, None),
    (refusal(190, 463, status=401), None, CredentialsRejected, None),
    (refusal(4), None, TransientSendError, "account"),
    (refusal(17), None, TransientSendError, "account"),
    (refusal(32), None, TransientSendError, "account"),
    (refusal(613), None, TransientSendError, "account"),
    (refusal(1200), None, TransientSendError, "chat"),
    (refusal(4, 2018022), None, TransientSendError, "chat"),
    (refusal(2, status=500), None, TransientSendError, "message"),
    (refusal(99999, is_transient=True), None, TransientSendError, "message"),
    (answer(502, b"<html>"), None, SendOutcomeUnknown, None),
    (answer(200, {}), None, SendOutcomeUnknown, None),
    (answer(200, b"<html>"), None, SendOutcomeUnknown, None),
]


@both
@pytest.mark.parametrize(("response", "tag", "kind", "detail"), TESTED)
async def test_each_answer_has_one_verdict(
    name: str, response: HttpResponse, tag: str | None, kind: type[Exception], detail: object
) -> None:
    with pytest.raises(kind) as raised:
        await sent(name, FakeHttp(lambda call: response), tag=tag)
    error = raised.value
    assert type(error) is kind
    shown = error.code if isinstance(error, PermanentSendError) else getattr(error, "scope", None)
    assert shown == detail


@both
async def test_an_agent_reads_what_to_do(name: str) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await sent(name, FakeHttp(lambda call: refusal(10, 2018278)))
    assert in_words(raised.value) == (
        "The time for an answer is over. Wait until the customer writes again. (Meta's error 10/2018278: (#1) no)"
    )


@both
def test_without_human_agent_nothing_goes_out_after_a_day(name: str) -> None:
    channel = CHANNELS[name]
    allowed = channel.capabilities_for(CASES[name].account().body)
    assert [(window.seconds, window.tag, window.people_only) for window in allowed.windows] == [
        (86_400, None, False),
        (604_800, "HUMAN_AGENT", True),
    ]
    refused = channel.capabilities_for(CASES[name].account({"human_agent": False}).body)
    assert refused == allowed.model_copy(update={"windows": allowed.windows[:1]})
