"""What is sent, and what each answer of the platform means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.activity import Address
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import Sealed
from services.channels.port import Answer, Receipt, Refused, Retryable, Uncertain
from services.channels.telegram import Telegram
from tests.channels.telegram.cases import TOKEN, account

SENT = {"ok": True, "result": {"message_id": 77}}


class Platform:
    """Answers what it was told to, in order, and keeps what it was asked."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers, self.calls = list(answers), list[tuple[str, Any]]()

    async def post_json(self, url: str, body: object) -> Answer:
        self.calls.append((url, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        raise AssertionError("telegram signs nothing")


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers or {}, raw)


def refusal(status: int, description: str, **parameters: int) -> Answer:
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
        text=Sealed(text="سلام سارا"),
        accepted_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


async def sent(platform: Platform, message: OutboundMessage | None = None, **changes: object) -> Receipt:
    return await Telegram().send(message or outbound(), account(**changes), platform)


async def test_private_answer_names_chat_and_text_alone() -> None:
    platform = Platform(answer(200, SENT))
    assert await sent(platform) == Receipt("77")
    assert platform.calls == [
        (f"https://api.telegram.org/bot{TOKEN}/sendMessage", {"chat_id": 70001, "text": "سلام سارا"})
    ]


async def test_answer_in_a_topic_replies_to_the_message() -> None:
    platform = Platform(answer(200, SENT))
    message = outbound(chat="-1001700000001", thread="33", reply_to="900", via="bc1")
    await sent(platform, message, api_base="http://127.0.0.1:8081/")
    ((url, body),) = platform.calls
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
async def test_platform_that_surely_did_not_take_it_is_tried_again(given: Answer, after: float | None) -> None:
    with pytest.raises(Retryable) as raised:
        await sent(Platform(given))
    assert raised.value.after == after


@pytest.mark.parametrize(
    "given",
    [answer(502, b"<html>"), answer(504, b""), answer(200, b"<html>"), answer(200, {}), answer(204, b"")],
)
async def test_answer_that_says_nothing_leaves_it_uncertain(given: Answer) -> None:
    with pytest.raises(Uncertain):
        await sent(Platform(given))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (refusal(403, "Forbidden: bot was blocked by the user"), "blocked"),
        (refusal(403, "Forbidden: user is deactivated"), "blocked"),
        (refusal(401, "Unauthorized"), "credentials"),
        (refusal(404, "Not Found"), "credentials"),
        (refusal(400, "Bad Request: message is too long"), "too_long"),
        (refusal(400, "Bad Request: chat not found"), "not_found"),
        (refusal(400, "Bad Request: can't parse entities"), "rejected"),
        (answer(413, b""), "rejected"),
        (answer(302, b""), "rejected"),
    ],
)
async def test_refusal_has_a_stable_code(given: Answer, code: str) -> None:
    with pytest.raises(Refused) as raised:
        await sent(Platform(given))
    assert raised.value.code == code


async def test_group_that_moved_is_followed_once() -> None:
    moved = refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009)
    platform = Platform(moved, answer(200, SENT))
    assert await sent(platform) == Receipt("77")
    assert [body["chat_id"] for _, body in platform.calls] == [70001, -1009]
    with pytest.raises(Refused):
        await sent(Platform(moved, moved))


async def test_success_without_an_id_is_still_a_success() -> None:
    assert await sent(Platform(answer(200, {"ok": True, "result": True}))) == Receipt(None)


@pytest.mark.parametrize("kind", [Retryable, Uncertain])
async def test_token_is_in_no_error(kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        await sent(Platform(kind(f"POST https://api.telegram.org/bot{TOKEN}/sendMessage failed")))
    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None
    with pytest.raises(Refused) as refused:
        await sent(Platform(Refused("target", f"bot{TOKEN} is private")))
    assert (refused.value.code, TOKEN in str(refused.value)) == ("target", False)
