"""What is sent, and what each answer of Meta means."""

import json
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from schemas.activity import Address, Attachment, AttachmentKind
from schemas.channel import ActionKind
from schemas.conversation import Author
from schemas.outbound import ChannelAction, MessageTemplate, OutboundAttachment, OutboundMessage, ReplyReference
from schemas.values import EncryptedText
from services.channels.account_scope import AccountScope
from services.channels.port import CredentialsRejected, MediaLocation, OutgoingFile, SendReceipt
from services.channels.whatsapp import Whatsapp
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.whatsapp.cases import NUMBER, TOKEN, account
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import HttpCall, held

GRAPH = f"https://graph.facebook.com/v25.0/{NUMBER}"
OWN = "019cb000-0000-7000-8000-000000000001"
SARA, MAHDI, GROUP = "37126000001", "IR.8800000000000001", "Y2FwaV9ncm91cDox"
ADDRESSED = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": SARA}


def answer(status: int, body: object, **headers: str) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def accepted() -> HttpResponse:
    return answer(200, {"contacts": [{"input": SARA, "wa_id": SARA}], "messages": [{"id": "wamid.ours-1"}]})


def refusal(code: int, status: int = 400, details: str = "no", **more: Any) -> HttpResponse:
    error = {"message": f"(#{code}) title", "code": code, "error_data": {"details": details}, **more}
    return answer(status, {"error": error})


def outbound(chat: str = SARA, **more: Any) -> OutboundMessage:
    return OutboundMessage.model_validate(
        {
            "id": OWN,
            "conversation": "c1",
            "key": f"shop/whatsapp:main:{chat}",
            "workspace": "shop",
            "channel": "whatsapp",
            "account": "main",
            "surface": "private",
            "address": Address(chat=chat),
            "author": Author(kind="agent", id="ana"),
            "text": EncryptedText(text="سلام سارا"),
            "accepted_at": datetime(2026, 3, 1, tzinfo=UTC),
            **more,
        }
    )


async def sent(http: FakeHttp, message: OutboundMessage | None = None, **changes: Any) -> SendReceipt:
    return await Whatsapp().send(message or outbound(), account(**changes), http)


async def body_of(message: OutboundMessage) -> Any:
    http = FakeHttp(in_order(accepted()))
    await sent(http, message)
    [call] = http.calls
    return call.json


async def test_a_text_goes_to_the_number_with_our_own_id_and_the_token_in_a_header() -> None:
    http = FakeHttp(in_order(accepted()))
    receipt = await sent(http)
    [call] = http.calls
    assert (call.method, call.url) == ("POST", f"{GRAPH}/messages")
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert call.json == {
        **ADDRESSED,
        "biz_opaque_callback_data": OWN,
        "type": "text",
        "text": {"body": "سلام سارا"},
    }
    scope = AccountScope("shop", "whatsapp", "main", NUMBER)
    assert receipt == SendReceipt("wamid.ours-1", aliases=(scope.message_id("wamid.ours-1"),))


async def test_another_base_replaces_metas_for_every_call() -> None:
    http = FakeHttp(in_order(accepted()))
    await sent(http, api_base="http://127.0.0.1:8090/")
    assert http.calls[0].url == f"http://127.0.0.1:8090/v25.0/{NUMBER}/messages"


async def test_a_person_without_a_number_is_the_recipient_and_a_group_is_a_group() -> None:
    person = await body_of(outbound(MAHDI))
    assert (person["recipient"], "to" in person) == (MAHDI, False)
    group = await body_of(outbound(GROUP, surface="public"))
    assert (group["to"], group["recipient_type"]) == (GROUP, "group")


async def test_an_answer_to_a_message_names_it() -> None:
    body = await body_of(outbound(in_reply_to=ReplyReference(platform_id="wamid.1")))
    assert body["context"] == {"message_id": "wamid.1"}


async def test_a_template_has_its_language_and_its_parameters() -> None:
    template = MessageTemplate(name="order_ready", language="lv", parameters=["Sara", "1001"])
    body = await body_of(outbound(template=template))
    texts = [{"type": "text", "text": "Sara"}, {"type": "text", "text": "1001"}]
    assert body["type"] == "template"
    assert "text" not in body
    assert body["template"] == {
        "name": "order_ready",
        "language": {"policy": "deterministic", "code": "lv"},
        "components": [{"type": "body", "parameters": texts}],
    }
    plain = await body_of(outbound(template=MessageTemplate(name="hello", language="en")))
    assert "components" not in plain["template"]


# -- files ---------------------------------------------------------------------------------------------------------------


def file(kind: AttachmentKind = "image", media_type: str = "image/png", name: str | None = "a.png") -> OutgoingFile:
    known = OutboundAttachment(blob="b1", kind=kind, media_type=media_type, size_bytes=4, name=name)
    return OutgoingFile(known, held(b"\x89PNG"))


async def sent_file(one: OutgoingFile, text: str = "", **more: Any) -> tuple[HttpCall, Any]:
    http = FakeHttp(in_order(answer(200, {"id": "media-1"}), accepted()))
    message = outbound(text=EncryptedText(text=text), **more)
    receipt = await Whatsapp().send_files(message, [one], account(), http)
    assert receipt.platform_id == "wamid.ours-1"
    upload, send = http.calls
    return upload, send.json


def form(call: HttpCall) -> dict[str, Any]:
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    parts: dict[str, Any] = {}
    for part in BytesParser(EmailMessage, policy=HTTP).parsebytes(head + call.body).iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", None, "content-disposition"))
        shown = part.get_filename()
        parts[name] = content.decode() if shown is None else (shown, part.get_content_type(), content)
    return parts


async def test_a_file_is_uploaded_and_then_sent_by_its_id() -> None:
    upload, body = await sent_file(file(), "Our new mug")
    assert (upload.url, upload.headers["authorization"]) == (f"{GRAPH}/media", f"Bearer {TOKEN}")
    assert form(upload) == {
        "messaging_product": "whatsapp",
        "type": "image/png",
        "file": ("a.png", "image/png", b"\x89PNG"),
    }
    assert body == {
        **ADDRESSED,
        "biz_opaque_callback_data": OWN,
        "type": "image",
        "image": {"id": "media-1", "caption": "Our new mug"},
    }


@pytest.mark.parametrize(
    ("one", "kind", "content"),
    [
        (file("video", "video/mp4", None), "video", {"id": "media-1"}),
        (file("audio", "audio/mpeg"), "audio", {"id": "media-1"}),
        (file("voice", "audio/ogg"), "audio", {"id": "media-1", "voice": True}),
        (file("sticker", "image/webp"), "sticker", {"id": "media-1"}),
        (file("file", "application/pdf", "bill.pdf"), "document", {"id": "media-1", "filename": "bill.pdf"}),
        (file("file", "application/pdf", None), "document", {"id": "media-1"}),
    ],
)
async def test_a_file_goes_out_as_what_it_is(one: OutgoingFile, kind: str, content: dict[str, Any]) -> None:
    _, body = await sent_file(one)
    assert (body["type"], body[kind]) == (kind, content)


@pytest.mark.parametrize(
    ("one", "head"),
    [
        (file(), {"type": "image", "image": {"id": "media-1"}}),
        (
            file("audio", "audio/mpeg", "a.mp3"),
            {"type": "document", "document": {"id": "media-1", "filename": "a.mp3"}},
        ),
    ],
)
async def test_a_file_heads_a_template(one: OutgoingFile, head: dict[str, Any]) -> None:
    _, body = await sent_file(one, template=MessageTemplate(name="bill", language="lv", parameters=["1001"]))
    assert [component["type"] for component in body["template"]["components"]] == ["header", "body"]
    assert body["template"]["components"][0]["parameters"] == [head]


async def test_an_upload_may_be_repeated_and_is_no_message() -> None:
    refused = FakeHttp(in_order(refusal(131053)))
    with pytest.raises(PermanentSendError) as raised:
        await Whatsapp().send_files(outbound(), [file()], account(), refused)
    assert (raised.value.code, len(refused.calls)) == ("media_rejected", 1)
    nameless = FakeHttp(in_order(answer(200, {})))
    with pytest.raises(PermanentSendError):
        await Whatsapp().send_files(outbound(), [file()], account(), nameless)


# -- errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "scope"),
    [
        ((4, 80007, 130429, 131016, 131048, 131057), "account"),
        ((131056,), "chat"),
        ((131000, 1, 2), "message"),
    ],
)
async def test_a_limit_is_later_and_has_its_scope(codes: tuple[int, ...], scope: str) -> None:
    for code in codes:
        with pytest.raises(TransientSendError) as raised:
            await sent(FakeHttp(in_order(refusal(code, 429))))
        assert raised.value.scope == scope, code


async def test_a_limit_has_the_time_that_meta_names() -> None:
    limited = answer(429, {"error": {"code": 130429, "message": "slow down"}}, retry_after="30")
    with pytest.raises(TransientSendError) as raised:
        await sent(FakeHttp(in_order(limited)))
    assert raised.value.after == 30.0


@pytest.mark.parametrize("code", [0, 3, 10, 190, 200, 250, 299, 131005, 131045, 133010])
async def test_a_token_a_permission_or_a_number_that_is_not_accepted_is_the_accounts_fault(code: int) -> None:
    with pytest.raises(CredentialsRejected) as raised:
        await sent(FakeHttp(in_order(refusal(code, 401))))
    assert raised.value.status == 401


@pytest.mark.parametrize("code", [10, 200])
async def test_a_permission_with_a_subcode_that_nobody_knows_concerns_the_message(code: int) -> None:
    refused = answer(400, {"error": {"code": code, "error_subcode": 777, "message": "No."}})
    with pytest.raises(PermanentSendError) as raised:
        await sent(FakeHttp(in_order(refused)))
    assert raised.value.code == "rejected"


@pytest.mark.parametrize(
    ("codes", "name"),
    [
        ((131047,), "window_closed"),
        ((131026, 131049, 130472, 131030), "undeliverable"),
        ((131050,), "opted_out"),
        ((131051, 131062), "unsupported"),
        ((368, 131031, 130497), "blocked_by_platform"),
        ((131042,), "payment"),
        ((131053,), "media_rejected"),
        (tuple(range(132000, 132017)), "template"),
        ((100, 131008, 131009, 131021, 135000), "rejected"),
    ],
)
async def test_a_refusal_has_a_stable_code_and_metas_sentence(codes: tuple[int, ...], name: str) -> None:
    for code in codes:
        with pytest.raises(PermanentSendError) as raised:
            await sent(FakeHttp(in_order(refusal(code, details="Because."))))
        assert (raised.value.code, raised.value.status) == (name, 400), code
        assert str(raised.value) == f"Meta's error {code}: Because."


@pytest.mark.parametrize(
    "given",
    [
        answer(502, b"<html>"),
        answer(504, b""),
        answer(200, b"<html>"),
        answer(200, {}),
        answer(200, {"messages": [{}]}),
    ],
)
async def test_an_answer_that_says_nothing_leaves_it_uncertain(given: HttpResponse) -> None:
    with pytest.raises(SendOutcomeUnknown):
        await sent(FakeHttp(in_order(given)))


# -- actions -------------------------------------------------------------------------------------------------------------


def action(kind: ActionKind, **more: Any) -> ChannelAction:
    return ChannelAction.model_validate(
        {
            "id": "a1",
            "conversation": "c1",
            "key": f"shop/whatsapp:main:{SARA}",
            "workspace": "shop",
            "channel": "whatsapp",
            "account": "main",
            "surface": "private",
            "address": Address(chat=SARA, reply_to="wamid.last"),
            "kind": kind,
            "accepted_at": datetime(2026, 3, 1, tzinfo=UTC),
            **more,
        }
    )


async def performed(one: ChannelAction) -> Any:
    http = FakeHttp(in_order(answer(200, {"success": True})))
    assert await Whatsapp().perform(one, account(), http) == SendReceipt(one.platform_id)
    [call] = http.calls
    assert call.url == f"{GRAPH}/messages"
    return call.json


async def test_seen_marks_the_message_and_typing_the_last_one_of_the_customer() -> None:
    seen = {"messaging_product": "whatsapp", "status": "read"}
    assert await performed(action("seen", platform_id="wamid.1")) == {**seen, "message_id": "wamid.1"}
    typing = {"typing_indicator": {"type": "text"}}
    assert await performed(action("typing")) == {**seen, "message_id": "wamid.last", **typing}


async def test_a_reaction_is_set_and_taken_back() -> None:
    heart = await performed(action("react", platform_id="wamid.1", emoji="❤"))
    assert heart == {**ADDRESSED, "type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "❤"}}
    assert (await performed(action("react", platform_id="wamid.1")))["reaction"]["emoji"] == ""


async def test_typing_without_any_message_of_the_customer_is_shown_nowhere() -> None:
    with pytest.raises(PermanentSendError):
        await Whatsapp().perform(action("typing", address=Address(chat=SARA)), account(), FakeHttp())


# -- files of customers --------------------------------------------------------------------------------------------------


async def located(url: object, **changes: Any) -> tuple[MediaLocation, FakeHttp]:
    http = FakeHttp(in_order(answer(200, {"url": url, "mime_type": "image/jpeg", "id": "55"})))
    return await Whatsapp().locate(Attachment(kind="image", platform_id="55"), account(**changes), http), http


@pytest.mark.parametrize("url", ["https://lookaside.fbsbx.com/whatsapp?mid=55", "https://graph.facebook.com/v25.0/x"])
async def test_a_file_is_where_meta_says_and_wants_our_token(url: str) -> None:
    location, http = await located(url)
    assert location == MediaLocation(url, {"authorization": f"Bearer {TOKEN}"})
    [call] = http.calls
    assert (call.method, call.url) == ("GET", f"https://graph.facebook.com/v25.0/55?phone_number_id={NUMBER}")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "http://lookaside.fbsbx.com/x",
        "https://fbsbx.com.evil.example/x",
        "https://[",
        "",
        None,
    ],
)
async def test_our_token_goes_to_no_other_host(url: object) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await located(url)
    assert raised.value.code == "not_found"


async def test_a_base_of_ones_own_gives_files_out_itself() -> None:
    location, _ = await located("http://127.0.0.1:8090/files/55", api_base="http://127.0.0.1:8090")
    assert location.url == "http://127.0.0.1:8090/files/55"
    with pytest.raises(PermanentSendError):
        await located("http://127.0.0.1:8091/files/55", api_base="http://127.0.0.1:8090")


async def test_a_file_that_is_gone_is_not_found() -> None:
    gone = FakeHttp(in_order(refusal(100, error_subcode=33)))
    for one, http in ((Attachment(kind="image", platform_id="55"), gone), (Attachment(kind="location"), FakeHttp())):
        with pytest.raises(PermanentSendError) as raised:
            await Whatsapp().locate(one, account(), http)
        assert raised.value.code == "not_found"
