"""What is sent, and what each answer of LINE means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.activity import Address, Attachment
from schemas.conversation import Author
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import EncryptedText
from services.channels.line import Line
from services.channels.line_api.event import message_id
from services.channels.port import CredentialsRejected, MediaLocation, SendReceipt
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.line.cases import CUSTOMER, GROUP, TOKEN, account
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import HttpCall

OWN = "019cb000-0000-7000-8000-000000000001"
PUBLIC_URL = "https://shop.example"
OURS = f"{PUBLIC_URL}/webhooks/line/shop/main"


def answer(status: int, body: object = None, **headers: str) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def accepted(status: int = 200) -> HttpResponse:
    return answer(status, {"sentMessages": [{"id": "461230966842064897", "quoteToken": "a-token"}]})


def outbound(chat: str = CUSTOMER, **more: Any) -> OutboundMessage:
    return OutboundMessage.model_validate(
        {
            "id": OWN,
            "conversation": "c1",
            "key": f"shop/line:main:{CUSTOMER}",
            "workspace": "shop",
            "channel": "line",
            "account": "main",
            "surface": "private" if chat == CUSTOMER else "public",
            "address": Address(chat=chat),
            "author": Author(kind="agent", id="ana"),
            "text": EncryptedText(text="سلام سارا"),
            "accepted_at": datetime(2026, 3, 1, tzinfo=UTC),
            **more,
        }
    )


async def sent(*answers: HttpResponse, message: OutboundMessage | None = None) -> tuple[SendReceipt, list[HttpCall]]:
    http = FakeHttp(in_order(*answers))
    receipt = await Line().send(message or outbound(), account(), http)
    return receipt, http.calls


@pytest.mark.parametrize("chat", [CUSTOMER, GROUP])
async def test_a_text_is_pushed_to_its_chat(chat: str) -> None:
    receipt, [call] = await sent(accepted(), message=outbound(chat))
    assert (call.method, call.url) == ("POST", "https://api.line.me/v2/bot/message/push")
    assert json.loads(call.body) == {"to": chat, "messages": [{"type": "text", "text": "سلام سارا"}]}
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert receipt.platform_id == "461230966842064897"
    assert receipt.aliases == (message_id("shop", "main", "461230966842064897"),)


async def test_a_message_has_the_same_retry_key_whenever_it_is_tried_and_no_other_has_it() -> None:
    keys = []
    for identity in (OWN, OWN, f"{OWN}/2"):
        _, [call] = await sent(accepted(), message=outbound(id=identity))
        keys.append(call.headers["x-line-retry-key"])
    assert keys[0] == keys[1] != keys[2]
    assert all(len(key) == 36 for key in keys)


async def test_a_message_that_line_has_already_is_sent() -> None:
    receipt, _ = await sent(accepted(409))
    assert receipt.platform_id == "461230966842064897"
    bare, _ = await sent(
        answer(409, {"message": "The retry key is already accepted"}, x_line_accepted_request_id="r-1")
    )
    assert bare == SendReceipt(None)


async def test_an_account_with_an_address_of_its_own_calls_it_alone() -> None:
    http = FakeHttp(in_order(accepted()))
    there = account(api_base="https://line.example/api/")
    await Line().send(outbound(), there, http)
    assert http.calls[0].url == "https://line.example/api/v2/bot/message/push"
    location = await Line().locate(Attachment(kind="image", platform_id="1"), there, http)
    assert location.url == "https://line.example/api/v2/bot/message/1/content"


@pytest.mark.parametrize(
    ("response", "error", "code"),
    [
        (
            answer(400, {"message": "The property, 'to', in the request body is invalid"}),
            PermanentSendError,
            "not_found",
        ),
        (answer(400, {"message": "Failed to send messages"}), PermanentSendError, "undeliverable"),
        (answer(400, {"message": "Length must be between 0 and 5000"}), PermanentSendError, "too_long"),
        (answer(400, {"message": "The request body has 1 error(s)"}), PermanentSendError, "rejected"),
        (answer(404, {"message": "Not found"}), PermanentSendError, "not_found"),
        (answer(401, {"message": "Authentication failed"}), CredentialsRejected, None),
        (answer(403, {"message": "Access to this API is not available for your account"}), CredentialsRejected, None),
        (answer(500, {"message": "Internal"}), SendOutcomeUnknown, None),
        (answer(502, b"<html>"), SendOutcomeUnknown, None),
        (answer(302, b""), SendOutcomeUnknown, None),
        (answer(200, b"<html>"), SendOutcomeUnknown, None),
        (answer(409, b"<html>"), SendOutcomeUnknown, None),
        # A proxy's refusal: LINE itself says why.
        (answer(400, b"<html>"), TransientSendError, None),
    ],
)
async def test_a_refusal_is_an_error_of_its_class(
    response: HttpResponse, error: type[Exception], code: str | None
) -> None:
    with pytest.raises(error) as raised:
        await sent(response)
    assert getattr(raised.value, "code", None) == code
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    ("response", "after"),
    [
        (answer(429, {"message": "You have reached your monthly limit."}), 3600.0),
        (answer(429, {"message": "Too many requests"}, retry_after="7"), 7.0),
        (answer(429, {"message": "Too many requests"}), None),
    ],
)
async def test_a_limit_holds_the_account(response: HttpResponse, after: float | None) -> None:
    with pytest.raises(TransientSendError) as raised:
        await sent(response)
    assert (raised.value.after, raised.value.scope) == (after, "account")


# -- typing and files ----------------------------------------------------------------------------------------------------


def typing() -> ChannelAction:
    return ChannelAction.model_validate(
        {
            "id": OWN,
            "conversation": "c1",
            "key": f"shop/line:main:{CUSTOMER}",
            "workspace": "shop",
            "channel": "line",
            "account": "main",
            "surface": "private",
            "address": Address(chat=CUSTOMER),
            "author": Author(kind="agent", id="ana"),
            "kind": "typing",
            "accepted_at": datetime(2026, 3, 1, tzinfo=UTC),
        }
    )


async def test_typing_is_shown_by_the_loading_animation() -> None:
    http = FakeHttp(in_order(answer(202, {})))
    await Line().perform(typing(), account(), http)
    assert http.calls[0].url == "https://api.line.me/v2/bot/chat/loading/start"
    assert json.loads(http.calls[0].body) == {"chatId": CUSTOMER, "loadingSeconds": 20}
    with pytest.raises(PermanentSendError):
        await Line().perform(typing(), account(), FakeHttp(in_order(answer(400, {"message": "no"}))))


async def test_the_file_of_a_message_is_fetched_with_the_token() -> None:
    found = await Line().locate(Attachment(kind="image", platform_id="55/../1"), account(), FakeHttp(in_order()))
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert found == MediaLocation("https://api-data.line.me/v2/bot/message/55%2F..%2F1/content", headers)


async def test_the_token_goes_to_no_address_that_a_message_names() -> None:
    outside = Attachment(kind="image", url="https://pictures.example/1.jpg")
    assert await Line().locate(outside, account(), FakeHttp(in_order())) == MediaLocation(outside.url or "")


async def test_what_has_no_file_is_not_found() -> None:
    with pytest.raises(PermanentSendError) as raised:
        await Line().locate(Attachment(kind="sticker"), account(), FakeHttp(in_order()))
    assert raised.value.code == "not_found"


# -- the account -----------------------------------------------------------------------------------------------------------


async def checked(*answers: HttpResponse) -> AccountFinding | None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return await Line().check(account(), FakeHttp(in_order(*answers)), PUBLIC_URL, now)


INFO = answer(200, {"userId": "U1", "basicId": "@123abcde", "chatMode": "bot"})


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        (answer(200, {"endpoint": OURS, "active": True}), None),
        (answer(200, {"endpoint": OURS, "active": False}), "endpoint_switched_off"),
        (answer(200, {"endpoint": "https://other.example/hook", "active": True}), "endpoint_elsewhere"),
        (answer(404, {"message": "Webhook endpoint not found"}), "endpoint_not_set"),
        (answer(200, {"active": False}), "endpoint_not_set"),
    ],
)
async def test_the_account_says_whether_line_calls_us(endpoint: HttpResponse, code: str | None) -> None:
    found = await checked(INFO, endpoint)
    assert (found.reason.code if found and found.reason else None) == code


async def test_a_refused_token_is_told() -> None:
    with pytest.raises(CredentialsRejected):
        await checked(answer(401, {"message": "Authentication failed"}))
    with pytest.raises(SendOutcomeUnknown):
        await checked(INFO, answer(500, {"message": "down"}))
