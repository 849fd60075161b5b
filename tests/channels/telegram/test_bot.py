"""What the bot says of itself: its token, its webhook, its updates."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.channels.port import CredentialsRejected
from services.channels.registry import account_rules
from services.channels.telegram import Telegram
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.telegram.cases import TOKEN, account
from tests.channels.telegram.test_send import answer, refusal
from tests.fakes import FakeHttp, in_order

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ME = answer(200, {"ok": True, "result": {"id": 1, "is_bot": True, "username": "shop_bot"}})
PATH = f"/webhooks/telegram/{account().workspace}/{account().id}"
WEBHOOK_URL = f"https://chat.example.com{PATH}"


def webhook(**info: Any) -> HttpResponse:
    return answer(200, {"ok": True, "result": {"url": WEBHOOK_URL, "pending_update_count": 0, **info}})


async def checked(
    *answers: HttpResponse | Exception, public_url: str | None = "https://chat.example.com/"
) -> str | None:
    found = await Telegram().check(account(), FakeHttp(in_order(*answers)), public_url, NOW)
    return found.detail if found else None


async def test_bot_with_its_webhook_here_is_well() -> None:
    http = FakeHttp(in_order(ME, webhook()))
    assert await Telegram().check(account(), http, "https://chat.example.com", NOW) is None
    assert [url.rsplit("/", 1)[1] for url, *_ in http.calls] == ["getMe", "getWebhookInfo"]


@pytest.mark.parametrize("given", [refusal(401, "Unauthorized"), refusal(404, "Not Found")])
async def test_revoked_token_is_unauthorized_and_in_no_error(given: HttpResponse) -> None:
    with pytest.raises(CredentialsRejected) as raised:
        await checked(given)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("status", [401, 404, 409, 429, 500])
async def test_description_that_quotes_the_token_does_not_carry_it_into_an_error(status: int) -> None:
    with pytest.raises((CredentialsRejected, PermanentSendError, TransientSendError)) as raised:
        await checked(refusal(status, f"no method at /bot{TOKEN}/getMe"))
    assert TOKEN not in str(raised.value)
    assert "/bot<token>/getMe" in str(raised.value)


async def test_error_of_a_call_keeps_its_status_and_its_scope() -> None:
    with pytest.raises(PermanentSendError) as refused:
        await checked(PermanentSendError("target", f"bot{TOKEN} is private", 403))
    assert (refused.value.code, refused.value.status, TOKEN in str(refused.value)) == ("target", 403, False)
    with pytest.raises(TransientSendError) as late:
        await checked(TransientSendError(f"bot{TOKEN} is slow", 7.0, "account"))
    assert (late.value.after, late.value.scope, TOKEN in str(late.value)) == (7.0, "account", False)


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        ({"url": ""}, "No webhook is set"),
        ({"url": f"https://old.example.com{PATH}"}, "is set to https://old.example.com"),
        ({"url": "https://chat.example.com/other"}, "is set to https://chat.example.com/other"),
    ],
)
async def test_webhook_that_is_not_ours_is_named(info: dict[str, object], problem: str) -> None:
    found = await checked(ME, webhook(**info))
    assert found is not None
    assert problem in found
    assert "pasokh telegram connect" in found


async def test_secret_in_the_address_of_a_foreign_webhook_is_not_repeated() -> None:
    found = await checked(ME, webhook(url="https://user:pass@other.example/hook?token=s3cret"))
    assert found is not None
    assert "s3cret" not in found
    assert "pass" not in found.replace("pasokh", "")


async def test_without_a_known_address_of_ours_the_path_alone_is_compared() -> None:
    assert await checked(ME, webhook(url=f"https://anything.example{PATH}"), public_url=None) is None
    assert await checked(ME, webhook(url="https://anything.example/x"), public_url=None) is not None


@pytest.mark.parametrize(("waiting", "minutes", "fails"), [(4, 1, True), (4, 9, True), (0, 1, False), (4, 11, False)])
async def test_platform_that_cannot_deliver_is_a_fault_while_updates_wait(
    waiting: int, minutes: int, fails: bool
) -> None:
    at = int((NOW - timedelta(minutes=minutes)).timestamp())
    found = await checked(
        ME,
        webhook(pending_update_count=waiting, last_error_date=at, last_error_message="Connection timed out"),
    )
    assert (found is not None and "Connection timed out" in found) == fails


@pytest.mark.parametrize("info", [answer(200, {"ok": True, "result": {}}), refusal(404, "Not Found")])
async def test_server_that_does_not_say_where_the_webhook_is_accuses_nobody(info: HttpResponse) -> None:
    assert await checked(ME, info) is None


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (refusal(429, "Too Many Requests", retry_after=3), TransientSendError),
        (answer(502, b"<html>"), TransientSendError),
        (refusal(400, "Bad Request"), PermanentSendError),
        (SendOutcomeUnknown("reset"), SendOutcomeUnknown),
    ],
)
async def test_answer_that_is_not_clear_is_no_finding(given: HttpResponse | Exception, error: type[Exception]) -> None:
    with pytest.raises(error):
        await checked(given)


# -- fetching ----------------------------------------------------------------------------------------------------------


async def test_fetch_names_the_cursor_and_gives_bodies_as_they_would_have_been_posted() -> None:
    updates = [{"update_id": 7, "message": {"text": "سلام"}}, {"update_id": 9, "poll": {}}]
    http = FakeHttp(in_order(answer(200, {"ok": True, "result": updates})))
    fetched = await Telegram().poll(account(), http, "7")
    [(url, body, *_)] = http.calls
    assert (url.rsplit("/", 1)[1], body["offset"]) == ("getUpdates", 7)
    assert {"message_reaction", "business_message", "deleted_business_messages"} <= set(body["allowed_updates"])
    assert [json.loads(one) for one in fetched.bodies] == updates
    assert fetched.cursor == "123456:10"


async def test_nothing_new_leaves_the_cursor_where_it_is() -> None:
    http = FakeHttp(in_order(answer(200, {"ok": True, "result": []}), answer(200, {"ok": True, "result": []})))
    assert (await Telegram().poll(account(), http, "7")).cursor == "7"
    assert (await Telegram().poll(account(), http, None)).cursor is None
    assert "offset" not in http.calls[1].json


async def test_half_a_character_in_one_update_loses_none_of_them() -> None:
    raw = b'{"ok":true,"result":[{"update_id":1,"message":{"text":"a\\ud83d"}},{"update_id":2,"message":{}}]}'
    fetched = await Telegram().poll(account(), FakeHttp(in_order(answer(200, raw))), None)
    assert (len(fetched.bodies), fetched.cursor) == (2, "123456:3")
    assert json.loads(fetched.bodies[0])["message"]["text"] == "a\ufffd"


async def test_somebody_else_who_fetches_is_a_conflict() -> None:
    with pytest.raises(PermanentSendError) as raised:
        await Telegram().poll(
            account(), FakeHttp(in_order(refusal(409, "Conflict: terminated by other getUpdates"))), None
        )
    assert raised.value.code == "conflict"


@pytest.mark.parametrize(
    ("settings", "credentials", "fine"),
    [
        ({"receive": "poll"}, {"bot_token": TOKEN}, True),
        ({"receive": "webhook"}, {"bot_token": TOKEN}, False),
        ({}, {"bot_token": TOKEN}, False),
        ({"receive": "fetch"}, {"bot_token": TOKEN, "secret_token": "long-enough"}, False),
    ],
)
def test_account_that_is_polled_needs_no_secret_and_receive_has_two_values(
    settings: dict[str, Any], credentials: dict[str, str], fine: bool
) -> None:
    body = account().body.model_copy(update={"settings": settings, "credentials": credentials})
    assert (account_rules(Telegram()).problems(body) == []) == fine
