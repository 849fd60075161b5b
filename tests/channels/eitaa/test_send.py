"""Eitaa sends and says that it hears nothing."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from schemas.activity import Address
from schemas.conversation import Author
from schemas.outbound import OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText
from services.channels.eitaa import Eitaa
from services.channels.port import CredentialsRejected, InvalidPayload, InvalidSignature, OutgoingFile, Request
from services.ingest.parsing import preview_activities
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.eitaa.cases import TOKEN, account
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import held

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
API = f"https://eitaayar.ir/api/{TOKEN}"
SENT = HttpResponse(200, {}, b'{"ok": true, "result": {"message_id": 77}}')


def outbound(text: str = "سفارش شما در راه است") -> OutboundMessage:
    return OutboundMessage(
        id="0195511e-0000-7000-8000-00000000000a",
        conversation="c-1",
        key="shop/eitaa:main:1404",
        workspace="shop",
        channel="eitaa",
        account="main",
        surface="private",
        address=Address(chat="1404"),
        author=Author(kind="agent", id="sara", name="Sara"),
        text=EncryptedText(text=text),
        accepted_at=AT,
    )


def refused(status: int, description: str) -> HttpResponse:
    body = {"ok": False, "error_code": status, "description": description}
    return HttpResponse(status, {}, json.dumps(body).encode())


async def test_a_text_goes_out_as_a_form() -> None:
    http = FakeHttp(in_order(SENT))
    receipt = await Eitaa().send(outbound(), account(), http)
    [call] = http.calls
    assert call.url == f"{API}/sendMessage"
    assert parse_qs(call.body.decode()) == {"chat_id": ["1404"], "text": ["سفارش شما در راه است"]}
    assert receipt.platform_id == "77"
    assert len(receipt.aliases) == 1


async def test_a_file_goes_out_with_the_text_beside_it() -> None:
    http = FakeHttp(in_order(SENT))
    known = OutboundAttachment(blob="b1", kind="file", media_type="text/csv", size_bytes=2, name="a.csv")
    await Eitaa().send_files(outbound("رسید"), [OutgoingFile(known, held(b"ab"))], account(), http)
    [call] = http.calls
    assert call.url == f"{API}/sendFile"
    assert b'name="file"; filename="a.csv"' in call.body
    assert "رسید".encode() in call.body


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refused(429, "too many"), TransientSendError, None),
        (refused(401, "Unauthorized"), CredentialsRejected, None),
        (refused(404, "Not Found"), CredentialsRejected, None),
        (refused(403, "not an administrator"), PermanentSendError, "blocked"),
        (refused(400, "chat not found"), PermanentSendError, "not_found"),
        (HttpResponse(200, {}, b'{"ok": false, "description": "something"}'), PermanentSendError, "rejected"),
        (refused(500, "later"), TransientSendError, None),
        (HttpResponse(502, {}, b"<html>"), SendOutcomeUnknown, None),
    ],
)
async def test_what_eitaayar_answers_decides_what_becomes_of_the_message(
    answer: HttpResponse, error: type[Exception], code: str | None
) -> None:
    with pytest.raises(error) as raised:
        await Eitaa().send(outbound(), account(), FakeHttp(in_order(answer)))
    assert getattr(raised.value, "code", None) == code
    assert TOKEN not in str(raised.value)


async def test_a_check_asks_for_the_token_alone() -> None:
    http = FakeHttp(in_order(HttpResponse(200, {}, b'{"ok": true, "result": {}}'), refused(401, "Unauthorized")))
    assert await Eitaa().check(account(), http, None, AT) is None
    with pytest.raises(CredentialsRejected):
        await Eitaa().check(account(), http, None, AT)
    assert [call.url for call in http.calls] == [f"{API}/getMe"] * 2


def test_a_call_is_refused_and_a_body_says_that_nothing_comes_in() -> None:
    call = Request("POST", "/webhooks/eitaa/shop/main", {}, {}, b"{}", AT)
    with pytest.raises(InvalidSignature):
        Eitaa().verify(call, account())
    with pytest.raises(InvalidPayload, match="Eitaa only sends"):
        preview_activities("eitaa", b"{}")
    assert not Eitaa().capabilities.receives
