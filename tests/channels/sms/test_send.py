"""What goes to Twilio, and what its answers mean."""

import json
from base64 import b64decode
from urllib.parse import parse_qs

import pytest

from schemas.activity import Address, Attachment
from services.channels.port import CredentialsRejected
from services.channels.sms import Sms
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.sms.cases import account
from tests.channels.test_every_channel import message_to
from tests.channels.twilio.calls import CREDENTIALS, TOKEN
from tests.fakes import START, FakeHttp

SENT = HttpResponse(201, {}, b'{"sid": "SM77", "status": "queued"}')


def answering(status: int, code: int | None = None, **headers: str) -> FakeHttp:
    body = json.dumps({"code": code, "message": "said", "status": status}).encode() if code else b"<html>"
    return FakeHttp(lambda call: HttpResponse(status, headers, body))


async def test_a_text_is_posted_with_the_address_of_its_states() -> None:
    http = FakeHttp(lambda call: SENT)
    receipt = await Sms().send(message_to(Sms(), account()), account(), http)
    (call,) = http.calls
    form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    sid = CREDENTIALS["account_sid"]
    assert call.url == f"https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages.json"
    assert b64decode(call.headers["authorization"].removeprefix("Basic ")).decode() == f"{sid}:{TOKEN}"
    assert form == {
        "To": "+37126000001",
        "From": "+37120000001",
        "Body": "hello",
        "StatusCallback": "https://support.example/webhooks/sms/shop/main?message=0195511e-0000-7000-8000-00000000000a",
    }
    assert (receipt.platform_id, len(receipt.aliases)) == ("SM77", 1)


@pytest.mark.parametrize(
    ("chat", "settings", "sender"),
    [
        ("+37126000001", {"messaging_service_sid": "MG" + "0" * 32}, ("MessagingServiceSid", "MG" + "0" * 32)),
        ("whatsapp:+37126000001", {}, ("From", "whatsapp:+37120000001")),
    ],
)
async def test_the_sender_is_of_the_service_by_which_the_customer_wrote(
    chat: str, settings: dict[str, str], sender: tuple[str, str]
) -> None:
    http = FakeHttp(lambda call: SENT)
    message = message_to(Sms(), account()).model_copy(update={"address": Address(chat=chat)})
    await Sms().send(message, account(settings=settings), http)
    assert parse_qs(http.calls[0].body.decode())[sender[0]] == [sender[1]]


@pytest.mark.parametrize(
    ("http", "kind", "code"),
    [
        (answering(400, 21610), PermanentSendError, "opted_out"),
        (answering(400, 21211), PermanentSendError, "invalid_address"),
        (answering(400, 21614), PermanentSendError, "undeliverable"),
        (answering(400, 21617), PermanentSendError, "too_long"),
        (answering(400, 21606), PermanentSendError, "sender_rejected"),
        (answering(400, 99999), PermanentSendError, "rejected"),
        (answering(404), PermanentSendError, "rejected"),
        (answering(401, 20003), CredentialsRejected, None),
        (answering(403, 20005), CredentialsRejected, None),
        (answering(403, 90000), CredentialsRejected, None),
        (answering(403, 21608), PermanentSendError, "undeliverable"),
        (answering(401), CredentialsRejected, None),
        (answering(429, 20429), TransientSendError, "account"),
        (answering(400, 21611), TransientSendError, "account"),
        (answering(503, 20503), TransientSendError, "message"),
        (answering(403), TransientSendError, "account"),
        (answering(500, 20500), SendOutcomeUnknown, None),
        (answering(502), SendOutcomeUnknown, None),
        (answering(200), SendOutcomeUnknown, None),
    ],
)
async def test_what_an_answer_means(http: FakeHttp, kind: type[Exception], code: str | None) -> None:
    with pytest.raises(kind) as raised:
        await Sms().send(message_to(Sms(), account()), account(), http)
    error = raised.value
    found = error.code if isinstance(error, PermanentSendError) else getattr(error, "scope", None)
    assert found == code


async def test_a_limit_waits_as_long_as_twilio_says() -> None:
    with pytest.raises(TransientSendError) as raised:
        await Sms().send(message_to(Sms(), account()), account(), answering(429, 20429, **{"retry-after": "7"}))
    assert raised.value.after == 7


async def test_the_token_goes_to_twilio_alone() -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM7/Media/ME1"
    found = await Sms().locate(Attachment(kind="image", url=url), account(), FakeHttp())
    assert (found.url, "authorization" in found.headers) == (url, True)
    for other in ("https://elsewhere.example/ME1", "http://api.twilio.com/ME1", "https://twilio.com.example/1", None):
        with pytest.raises(PermanentSendError, match="not at Twilio"):
            await Sms().locate(Attachment(kind="image", url=other), account(), FakeHttp())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ({"sms_url": "https://support.example/webhooks/sms/shop/main"}, None),
        ({"sms_url": ""}, "endpoint_not_set"),
        ({"sms_url": "https://elsewhere.example/?key=secret"}, "endpoint_elsewhere"),
        (None, None),
    ],
)
async def test_the_check_looks_where_the_number_calls(number: dict[str, str] | None, code: str | None) -> None:
    body = json.dumps({"incoming_phone_numbers": [number] if number else []}).encode()
    http = FakeHttp(lambda call: HttpResponse(200, {}, body))
    found = await Sms().check(account(), http, "https://support.example", START)
    assert (found.reason.code if found and found.reason else None) == code
    assert "secret" not in str(found)


async def test_the_check_says_that_the_token_is_refused() -> None:
    with pytest.raises(CredentialsRejected):
        await Sms().check(account(), answering(401, 20003), None, START)
