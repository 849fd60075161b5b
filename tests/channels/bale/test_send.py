"""How messages, files and changes go out, what Bale's answers mean, and what a bot says of itself."""

from datetime import UTC, datetime

import pytest

from schemas.activity import Address
from schemas.channel import ActionKind
from schemas.conversation import Author
from schemas.outbound import ChannelAction, OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText
from services.channels.bale import Bale
from services.channels.port import CredentialsRejected, OutgoingFile
from services.channels.registry import account_rules
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.bale.cases import SECRET, TOKEN, account, ok, payload, refused, request
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import held

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
API = f"https://tapi.bale.ai/bot{TOKEN}"
SENT = ok({"message_id": 77})
OURS = f"https://chat.example.com/webhooks/bale/shop/main/{SECRET}"


def outbound(chat: str = "70001", reply_to: str | None = None, text: str = "سلام") -> OutboundMessage:
    return OutboundMessage(
        id="0195511e-0000-7000-8000-00000000000a",
        conversation="c-1",
        key=f"shop/bale:main:{chat}",
        workspace="shop",
        channel="bale",
        account="main",
        surface="private" if reply_to is None else "public",
        address=Address(chat=chat, reply_to=reply_to),
        author=Author(kind="agent", id="sara", name="Sara"),
        text=EncryptedText(text=text),
        accepted_at=AT,
    )


def action(kind: ActionKind, *further: str) -> ChannelAction:
    return ChannelAction(
        id="a1",
        conversation="c-1",
        key="shop/bale:main:70001",
        workspace="shop",
        channel="bale",
        account="main",
        surface="private",
        address=Address(chat="70001"),
        kind=kind,
        platform_id=None if kind == "typing" else "77",
        further_ids=list(further),
        text=EncryptedText(text="better") if kind == "edit" else None,
        accepted_at=AT,
    )


async def test_an_answer_in_a_group_names_the_message_by_bales_own_parameter() -> None:
    http = FakeHttp(in_order(SENT))
    receipt = await Bale().send(outbound("5400001", "11"), account(), http)
    [call] = http.calls
    assert (call.url, call.json) == (
        f"{API}/sendMessage",
        {"chat_id": 5400001, "reply_to_message_id": 11, "text": "سلام"},
    )
    assert receipt.platform_id == "77"


async def test_an_echo_of_what_was_sent_is_known_by_its_alias() -> None:
    receipt = await Bale().send(outbound(), account(), FakeHttp(in_order(ok({"message_id": 11}))))
    [echo] = Bale().parse(request(payload("own_message")), account())
    assert receipt.aliases == (echo.message,)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (refused(429, "Too Many Requests"), TransientSendError, None),
        (refused(400, "bot limit exceed"), TransientSendError, None),
        (HttpResponse(429, {}, b"local_rate_limited"), TransientSendError, None),
        (refused(403, "permission_denied"), PermanentSendError, "blocked"),
        (refused(400, "permission_denied"), PermanentSendError, "blocked"),
        (refused(400, "no such group or user"), PermanentSendError, "not_found"),
        (refused(400, "message is too long"), PermanentSendError, "too_long"),
        (refused(400, "something new"), PermanentSendError, "rejected"),
        (refused(400, "Bad Request: Token not found"), CredentialsRejected, None),
        (refused(401, "Unauthorized"), CredentialsRejected, None),
        (refused(500, "internal error"), TransientSendError, None),
        (HttpResponse(502, {}, b"<html>"), SendOutcomeUnknown, None),
        (HttpResponse(200, {}, b"<html>"), SendOutcomeUnknown, None),
    ],
)
async def test_what_bale_answers_decides_what_becomes_of_the_message(
    answer: HttpResponse, error: type[Exception], code: str | None
) -> None:
    with pytest.raises(error) as raised:
        await Bale().send(outbound(), account(), FakeHttp(in_order(answer)))
    assert getattr(raised.value, "code", None) == code
    assert TOKEN not in str(raised.value)


async def test_a_limit_holds_the_chat_as_long_as_bale_says() -> None:
    answer = HttpResponse(429, {}, b'{"ok": false, "description": "slow", "parameters": {"retry_after": 9}}')
    with pytest.raises(TransientSendError) as raised:
        await Bale().send(outbound(), account(), FakeHttp(in_order(answer)))
    assert (raised.value.after, raised.value.scope) == (9.0, "chat")


@pytest.mark.parametrize(
    ("kind", "media_type", "method"),
    [("image", "image/png", "sendPhoto"), ("voice", "audio/ogg", "sendVoice"), ("file", "text/csv", "sendDocument")],
)
async def test_a_file_goes_by_the_method_of_its_kind(kind: str, media_type: str, method: str) -> None:
    described = OutboundAttachment.model_validate(
        {"kind": kind, "media_type": media_type, "name": "a", "size_bytes": 2, "blob": "b1"}
    )
    http = FakeHttp(in_order(SENT))
    await Bale().send_files(outbound(text=""), [OutgoingFile(described, held(b"ab"))], account(), http)
    [call] = http.calls
    assert call.url == f"{API}/{method}"
    assert b'name="chat_id"' in call.body


async def test_an_edit_changes_the_text_and_a_caption_where_there_is_no_text() -> None:
    http = FakeHttp(in_order(refused(400, "there is no text in the message to edit"), ok(True)))
    await Bale().perform(action("edit"), account(), http)
    assert [call.url.rpartition("/")[2] for call in http.calls] == ["editMessageText", "editMessageCaption"]


async def test_each_part_of_a_long_text_is_deleted_by_a_call_of_its_own() -> None:
    http = FakeHttp(in_order(ok(True), refused(400, "message to delete not found"), ok(True)))
    with pytest.raises(PermanentSendError) as raised:
        await Bale().perform(action("delete", "78", "79"), account(), http)
    assert [call.json["message_id"] for call in http.calls] == [77, 78, 79]
    # The router counts a message that is gone as deleted.
    assert raised.value.code == "not_found"


async def test_typing_is_shown_in_the_chat() -> None:
    http = FakeHttp(in_order(ok(True)))
    await Bale().perform(action("typing"), account(), http)
    [call] = http.calls
    assert call.json == {"chat_id": 70001, "action": "typing"}


async def test_updates_are_fetched_without_a_list_of_kinds_and_go_on_after_the_last() -> None:
    http = FakeHttp(in_order(ok([{"update_id": 41, "message": {}}]), ok([])))
    first = await Bale().poll(account(), http, None)
    await Bale().poll(account(), http, first.cursor)
    assert first.cursor == "123456:42"
    assert "allowed_updates" not in http.calls[0].json
    assert http.calls[1].json["offset"] == 42


# -- the check of an account ---------------------------------------------------------------------------------------------


async def checked(url: str | None, secret: object = SECRET) -> str | None:
    info = ok({} if url is None else {"url": url})
    owner = account(credentials={"bot_token": TOKEN, "path_secret": secret})
    found = await Bale().check(owner, FakeHttp(in_order(ok({"id": 1}), info)), "https://chat.example.com", AT)
    return None if found is None else found.detail


async def test_a_bot_with_its_webhook_here_is_well() -> None:
    assert await checked(OURS) is None
    assert await checked(OURS, ["a-newer-secret", SECRET]) is None


@pytest.mark.parametrize(
    "url",
    ["", f"https://old.example.com/webhooks/bale/shop/main/{SECRET}", OURS + "x", "https://chat.example.com/x-secret"],
)
async def test_a_webhook_that_is_not_ours_is_named_without_the_end_of_its_address(url: str) -> None:
    found = await checked(url)
    assert found is not None
    assert SECRET not in found
    assert "x-secret" not in found
    assert "telegram" not in found.lower()


async def test_a_token_that_bale_does_not_know_is_refused() -> None:
    with pytest.raises(CredentialsRejected):
        await Bale().check(account(), FakeHttp(in_order(refused(401, "Unauthorized"))), None, AT)


def test_a_polled_account_needs_no_secret_and_another_does() -> None:
    alone = {"credentials": {"bot_token": TOKEN}}
    assert account_rules(Bale()).problems(account(**alone, settings={"receive": "poll"}).body) == []
    assert [pointer for pointer, _ in account_rules(Bale()).problems(account(**alone).body)] == [
        "/credentials/path_secret"
    ]
