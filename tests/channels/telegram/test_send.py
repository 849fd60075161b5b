"""What is sent, and what each answer of the platform means."""

import json
from datetime import UTC, datetime

import pytest

from schemas.activity import Address
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.bot_api.origin import MessageScope
from services.channels.port import CredentialsRejected, SendReceipt
from services.channels.telegram import Telegram
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.in_words import in_words
from tests.channels.telegram.cases import TOKEN, account
from tests.fakes import FakeHttp, in_order

SENT = {"ok": True, "result": {"message_id": 77}}


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers or {}, raw)


def refusal(status: int, description: str, **parameters: int) -> HttpResponse:
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return answer(status, body)


def outbound(**address: str) -> OutboundMessage:
    return OutboundMessage(
        id="m1",
        conversation="c1",
        key="shop/telegram:main:70001",
        workspace="shop",
        channel="telegram",
        account="main",
        surface="private",
        address=Address.model_validate({"chat": "70001"} | address),
        author=Author(kind="agent", id="ana"),
        text=EncryptedText(text="سلام سارا"),
        accepted_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


async def sent(http: FakeHttp, message: OutboundMessage | None = None, **changes: object) -> SendReceipt:
    return await Telegram().send(message or outbound(), account(**changes), http)


def named(*numbers: str, chat: str = "70001", via: str | None = None, address: Address | None = None) -> SendReceipt:
    """The receipt of messages that have these numbers there."""
    scope = MessageScope("shop", "telegram", "main", TOKEN.split(":")[0], via, chat)
    ours = tuple(scope.message_id(number) for number in numbers)
    return SendReceipt(numbers[0], address, ours, further_ids=numbers[1:])


async def test_private_answer_names_chat_and_text_alone() -> None:
    http = FakeHttp(in_order(answer(200, SENT)))
    assert await sent(http) == named("77")
    [call] = http.calls
    assert call.url == f"https://api.telegram.org/bot{TOKEN}/sendMessage"
    assert call.json == {"chat_id": 70001, "text": "سلام سارا"}


async def test_answer_in_a_topic_replies_to_the_message() -> None:
    http = FakeHttp(in_order(answer(200, SENT)))
    message = outbound(chat="-1001700000001", thread="33", reply_to="900", via="bc1")
    await sent(http, message, api_base="http://127.0.0.1:8081/")
    [(url, body, *_)] = http.calls
    assert url == f"http://127.0.0.1:8081/bot{TOKEN}/sendMessage"
    assert body == {
        "chat_id": -1001700000001,
        "text": "سلام سارا",
        "message_thread_id": 33,
        "reply_parameters": {"message_id": 900, "allow_sending_without_reply": True},
        "business_connection_id": "bc1",
    }


@pytest.mark.parametrize(
    ("given", "after"),
    [
        (refusal(429, "Too Many Requests: retry after 14", retry_after=14), 14.0),
        (answer(429, b"", {"retry-after": "3"}), 3.0),
        (answer(429, b"<html>"), None),
        (refusal(502, "Bad Gateway"), None),
        (answer(500, b""), None),
        (answer(503, b"", {"retry-after": "9"}), 9.0),
    ],
)
async def test_platform_that_surely_did_not_take_it_is_tried_again(given: HttpResponse, after: float | None) -> None:
    with pytest.raises(TransientSendError) as raised:
        await sent(FakeHttp(in_order(given)))
    assert raised.value.after == after
    assert raised.value.scope == ("chat" if given.status == 429 else "message" if after is None else "account")


@pytest.mark.parametrize("status", [302, 307, 403, 407, 408])
async def test_an_answer_of_a_proxy_lets_the_account_wait(status: int) -> None:
    """A 403 without the words of the Bot API does not say that the customer blocked the bot."""
    with pytest.raises(TransientSendError) as raised:
        await sent(FakeHttp(in_order(answer(status, b"<html>", {"retry-after": "4"}))))
    assert (raised.value.scope, raised.value.after) == ("account", 4.0)


@pytest.mark.parametrize(
    "given",
    [answer(502, b"<html>"), answer(504, b""), answer(200, b"<html>"), answer(200, {}), answer(204, b"")],
)
async def test_answer_that_says_nothing_leaves_it_uncertain(given: HttpResponse) -> None:
    with pytest.raises(SendOutcomeUnknown):
        await sent(FakeHttp(in_order(given)))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (refusal(403, "Forbidden: bot was blocked by the user"), "blocked"),
        (refusal(403, "Forbidden: user is deactivated"), "blocked"),
        (refusal(400, "Bad Request: message is too long"), "too_long"),
        (refusal(400, "Bad Request: chat not found"), "not_found"),
        (refusal(400, "Bad Request: can't parse entities"), "rejected"),
        (answer(400, b"<html>"), "rejected"),
        (answer(413, b""), "rejected"),
    ],
)
async def test_refusal_has_a_stable_code(given: HttpResponse, code: str) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await sent(FakeHttp(in_order(given)))
    assert (raised.value.code, raised.value.status) == (code, given.status)


@pytest.mark.parametrize(
    ("description", "code", "words"),
    [
        ("BUSINESS_PEER_USAGE_MISSING", "window_closed", "24 hours"),
        ("business connection not found", "not_connected", "disconnected"),
        ("not enough rights to send text messages to the chat", "blocked", "administrator"),
        ("ALLOW_PAYMENT_REQUIRED_25", "rejected", "Stars"),
    ],
)
async def test_refusal_is_explained_to_the_agent(description: str, code: str, words: str) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await sent(FakeHttp(in_order(refusal(400, f"Bad Request: {description}"))))
    assert raised.value.code == code
    assert words in in_words(raised.value)
    assert description in in_words(raised.value)


@pytest.mark.parametrize("given", [refusal(401, "Unauthorized"), refusal(404, "Not Found"), answer(404, b"<html>")])
async def test_revoked_token_is_the_accounts_fault_and_not_the_messages(given: HttpResponse) -> None:
    with pytest.raises(CredentialsRejected) as raised:
        await sent(FakeHttp(in_order(given)))
    assert raised.value.status == given.status


async def test_group_that_moved_is_followed_once() -> None:
    moved = refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009)
    http = FakeHttp(in_order(moved, answer(200, SENT)))
    message = outbound(thread="33", reply_to="900")
    assert await sent(http, message) == named("77", chat="-1009", address=Address(chat="-1009"))
    assert [body["chat_id"] for _, body, *_ in http.calls] == [70001, -1009]
    with pytest.raises(PermanentSendError):
        await sent(FakeHttp(in_order(moved, moved)))


IN_TOPIC = {"chat": "-1001", "thread": "33", "reply_to": "900", "via": "bc1"}


@pytest.mark.parametrize(
    "description",
    ["Bad Request: message thread not found", "Bad Request: TOPIC_CLOSED", "Bad Request: TOPIC_DELETED"],
)
async def test_topic_that_is_gone_gives_way_to_its_own_chat_once_and_the_receipt_says_where_it_went(
    description: str,
) -> None:
    http = FakeHttp(in_order(refusal(400, description), answer(200, SENT)))
    receipt = await sent(http, outbound(**IN_TOPIC))
    assert receipt == named("77", chat="-1001", via="bc1", address=Address(chat="-1001", via="bc1"))
    first, second = (call.json for call in http.calls)
    assert (first["message_thread_id"], first["chat_id"]) == (33, -1001)
    assert second == {"chat_id": -1001, "text": "سلام سارا", "business_connection_id": "bc1"}


async def test_customer_of_a_channels_direct_messages_is_never_left_out_of_the_wider_form() -> None:
    http = FakeHttp(in_order(refusal(400, "Bad Request: message to be replied not found"), answer(200, SENT)))
    await sent(http, outbound(chat="-1003", direct_topic="700", reply_to="5"))
    assert [body["direct_messages_topic_id"] for _, body, *_ in http.calls] == [700, 700]
    with pytest.raises(PermanentSendError):
        await sent(
            FakeHttp(in_order(refusal(400, "Bad Request: message thread not found"))), outbound(direct_topic="700")
        )


@pytest.mark.parametrize(
    "description", ["message to be replied not found", "reply message not found", "REPLY_MESSAGE_ID_INVALID"]
)
async def test_message_to_answer_that_is_gone_leaves_the_topic_as_it_is(description: str) -> None:
    http = FakeHttp(in_order(refusal(400, f"Bad Request: {description}"), answer(200, SENT)))
    receipt = await sent(http, outbound(**IN_TOPIC))
    assert receipt.address == Address(chat="-1001", thread="33", via="bc1")
    assert "reply_parameters" not in http.calls[1].json


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([refusal(400, "Bad Request: TOPIC_CLOSED")] * 2, PermanentSendError),
        ([refusal(400, "Bad Request: TOPIC_CLOSED"), SendOutcomeUnknown("reset")], SendOutcomeUnknown),
        ([refusal(400, "Bad Request: TOPIC_CLOSED"), answer(504, b"")], SendOutcomeUnknown),
        ([SendOutcomeUnknown("reset")], SendOutcomeUnknown),
        ([refusal(403, "Forbidden: message thread not found")], PermanentSendError),
    ],
)
async def test_wider_form_is_tried_once_and_never_after_a_doubt(
    answers: list[HttpResponse | Exception], error: type[Exception]
) -> None:
    http = FakeHttp(in_order(*answers))
    with pytest.raises(error):
        await sent(http, outbound(**IN_TOPIC))
    assert len(http.calls) == len(answers)


async def test_chat_that_is_gone_has_no_wider_form() -> None:
    with pytest.raises(PermanentSendError) as raised:
        await sent(FakeHttp(in_order(refusal(400, "Bad Request: chat not found"))), outbound(**IN_TOPIC))
    assert raised.value.code == "not_found"


async def test_success_without_an_id_is_still_a_success() -> None:
    assert await sent(FakeHttp(in_order(answer(200, {"ok": True, "result": True})))) == SendReceipt(None)


@pytest.mark.parametrize("kind", [TransientSendError, SendOutcomeUnknown])
async def test_token_is_in_no_error(kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        await sent(FakeHttp(in_order(kind(f"POST https://api.telegram.org/bot{TOKEN}/sendMessage failed"))))
    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None
    with pytest.raises(PermanentSendError) as refused:
        await sent(FakeHttp(in_order(PermanentSendError("target", f"bot{TOKEN} is private"))))
    assert (refused.value.code, TOKEN in str(refused.value)) == ("target", False)
