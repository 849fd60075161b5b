"""Answers of the Graph API and what each of them means for a message."""

import orjson
import pytest

from services.channels.account_scope import AccountScope
from services.channels.meta.graph import GraphApi, later_for_chat, refused
from services.channels.port import CredentialsRejected
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.fakes import FakeHttp

API = "https://graph.facebook.com/v25.0"
SCOPE = AccountScope("shop", "messenger", "main", "1001")
VERDICTS = {131047: refused("window_closed"), 131056: later_for_chat, 2018278: refused("window_closed")}


def failing(status: int, error: dict[str, object], headers: dict[str, str] | None = None) -> FakeHttp:
    body = orjson.dumps({"error": {"message": "(#1) no", **error}}) if error else b"<html>"
    return FakeHttp(lambda call: HttpResponse(status, headers or {}, body))


async def error_of(http: FakeHttp) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is the question
        await GraphApi(http, API, "t0ken", SCOPE).post("me/messages", {"a": 1}, VERDICTS)
    return caught.value


async def test_the_token_is_in_a_header_and_the_answer_is_an_object() -> None:
    http = FakeHttp(lambda call: HttpResponse(200, {}, b'{"message_id":"m.1"}'))
    assert await GraphApi(http, API, "t0ken", SCOPE).post("me/messages", {"a": 1}, VERDICTS) == {"message_id": "m.1"}
    [call] = http.calls
    assert (call.method, call.url, call.body) == ("POST", f"{API}/me/messages", b'{"a":1}')
    assert call.headers == {"authorization": "Bearer t0ken", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (400, {"code": 131047}, PermanentSendError, "window_closed"),
        # The subcode is the more precise: code 10 alone is a missing permission.
        (400, {"code": 10, "error_subcode": 2018278}, PermanentSendError, "window_closed"),
        (403, {"code": 10}, CredentialsRejected, None),
        (401, {"code": 190, "error_subcode": 463}, CredentialsRejected, None),
        (403, {"code": 230}, CredentialsRejected, None),
        (400, {"code": 100}, PermanentSendError, "rejected"),
        (400, {"code": 100, "is_transient": True}, TransientSendError, None),
        (500, {"code": 2}, TransientSendError, None),
        (503, {"code": 99_999}, TransientSendError, None),
        (502, {}, SendOutcomeUnknown, None),
        (404, {}, PermanentSendError, "rejected"),
        (429, {}, TransientSendError, None),
        (429, {"code": 99_999}, TransientSendError, None),
        # A proxy that lets nobody through has not asked Meta.
        (302, {}, TransientSendError, None),
        (401, {}, TransientSendError, None),
        (403, {}, TransientSendError, None),
        (407, {}, TransientSendError, None),
        (400, {}, PermanentSendError, "rejected"),
        (413, {}, PermanentSendError, "rejected"),
    ],
)
async def test_an_error_is_a_verdict(status: int, error: dict[str, object], kind: type, code: str | None) -> None:
    found = await error_of(failing(status, error))
    assert type(found) is kind
    assert getattr(found, "code", None) == code
    assert "t0ken" not in str(found)


async def test_a_limit_has_its_scope_and_its_time() -> None:
    person = await error_of(failing(400, {"code": 131056}))
    account = await error_of(failing(429, {"code": 613}, {"retry-after": "30"}))
    assert isinstance(person, TransientSendError)
    assert isinstance(account, TransientSendError)
    assert (person.scope, person.after) == ("chat", None)
    assert (account.scope, account.after) == ("account", 30.0)


async def test_an_error_in_an_answer_of_success_is_an_error() -> None:
    assert isinstance(await error_of(failing(200, {"code": 190})), CredentialsRejected)


async def test_the_sentence_of_the_details_is_shown() -> None:
    error = await error_of(failing(400, {"code": 131047, "error_data": {"details": "More than 24 hours have passed"}}))
    assert str(error) == "Meta's error 131047: More than 24 hours have passed"
