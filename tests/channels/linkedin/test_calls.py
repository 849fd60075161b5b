"""What is sent, deleted, fetched and renewed, and what each answer of LinkedIn means."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from schemas.activity import Address
from schemas.conversation import Author
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import EncryptedText
from services.channels.linkedin import Linkedin
from services.channels.linkedin_api.notification import message_id
from services.channels.port import Account, CredentialsRejected, SendReceipt
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from tests.channels.linkedin.cases import PAGE, POST, REFRESH_TOKEN, SECRET, TOKEN, account, payload, request, theirs
from tests.fakes import FakeHttp, ManualTimeSource, in_order

NOW = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
CLOCK = ManualTimeSource(NOW)
MILLISECONDS = int(NOW.timestamp() * 1000)
HOUR, MINUTE = 3_600_000, 60_000


def linkedin() -> Linkedin:
    return Linkedin(CLOCK)


def answer(status: int, body: object = None, **headers: str) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def outbound(**address: Any) -> OutboundMessage:
    return OutboundMessage(
        id="019cb000-0000-7000-8000-000000000001",
        conversation="c1",
        key="shop/linkedin:main:urn:li:person:Dace01",
        workspace="shop",
        channel="linkedin",
        account="main",
        surface="public",
        address=Address(chat=POST, **address),
        author=Author(kind="agent", id="ana"),
        text=EncryptedText(text="Jā, sūtām!"),
        accepted_at=NOW,
    )


def deletion(platform_id: str | None) -> ChannelAction:
    known = outbound()
    return ChannelAction(
        id="a1",
        conversation="c1",
        key=known.key,
        workspace="shop",
        channel="linkedin",
        account="main",
        surface="public",
        address=known.address,
        kind="delete",
        message="m1",
        platform_id=platform_id,
        accepted_at=NOW,
    )


async def test_an_answer_stands_below_the_comment_that_it_answers() -> None:
    http = FakeHttp(in_order(answer(201, x_restli_id="7001")))
    receipt = await linkedin().send(outbound(reply_to=theirs(1)), account(), http)
    [call] = http.calls
    encoded = "urn%3Ali%3Acomment%3A%28urn%3Ali%3Aactivity%3A7100000000000000001%2C1001%29"
    assert (call.method, call.url) == ("POST", f"https://api.linkedin.com/rest/socialActions/{encoded}/comments")
    assert json.loads(call.body) == {
        "actor": PAGE,
        "object": POST,
        "message": {"text": "Jā, sūtām!"},
        "parentComment": theirs(1),
    }
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert (call.headers["linkedin-version"], call.headers["x-restli-protocol-version"]) == ("202610", "2.0.0")
    assert receipt == SendReceipt(f"urn:li:comment:({POST},7001)", aliases=(message_id("shop", "main", "7001"),))


async def test_an_answer_to_a_post_stands_below_it() -> None:
    named = f"urn:li:comment:({POST},7002)"
    http = FakeHttp(in_order(answer(201, x_restli_id=named)))
    receipt = await linkedin().send(outbound(), account(settings={"version": "202701"}), http)
    assert "parentComment" not in json.loads(http.calls[0].body)
    assert http.calls[0].headers["linkedin-version"] == "202701"
    assert receipt.platform_id == named


async def test_a_comment_of_ours_is_deleted() -> None:
    http = FakeHttp(in_order(answer(204)))
    await linkedin().perform(deletion(f"urn:li:comment:({POST},7001)"), account(), http)
    [call] = http.calls
    assert call.method == "DELETE"
    assert call.url.endswith("/comments/7001?actor=urn%3Ali%3Aorganization%3A4242")


@pytest.mark.parametrize("platform_id", [None, POST])
async def test_what_is_no_comment_cannot_be_deleted(platform_id: str | None) -> None:
    with pytest.raises(PermanentSendError) as raised:
        await linkedin().perform(deletion(platform_id), account(), FakeHttp(in_order()))
    assert raised.value.code == "not_found"


DAY_LIMIT = "Resource level throttle APPLICATION DAY limit for calls to this resource is reached."
MINUTE_LIMIT = "Resource level throttle MEMBER MINUTE limit for calls to this resource is reached."


def said(status: int, message: str = "said by LinkedIn") -> HttpResponse:
    return answer(status, {"status": status, "code": "X", "message": message})


@pytest.mark.parametrize(
    ("response", "error", "code"),
    [
        (said(401, f"Invalid access token {TOKEN}"), CredentialsRejected, None),
        (said(403, "Not enough permissions to access: socialActions"), CredentialsRejected, None),
        (said(403, "Unpermitted fields present in REQUEST_BODY: [/content]"), PermanentSendError, "unsupported"),
        (said(404), PermanentSendError, "not_found"),
        (said(400, "Text length exceeds 1250"), PermanentSendError, "too_long"),
        (said(400), PermanentSendError, "rejected"),
        (said(500), SendOutcomeUnknown, None),
        (answer(502, b"<html>"), SendOutcomeUnknown, None),
        (answer(302), SendOutcomeUnknown, None),
        (answer(201), SendOutcomeUnknown, None),
        (answer(400, b"<html>"), TransientSendError, None),
    ],
)
async def test_a_refusal_is_an_error_of_its_class(
    response: HttpResponse, error: type[Exception], code: str | None
) -> None:
    with pytest.raises(error) as raised:
        await linkedin().send(outbound(), account(), FakeHttp(in_order(response)))
    assert getattr(raised.value, "code", None) == code
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    ("response", "after"),
    [
        (said(429, DAY_LIMIT), 2.5 * 3600),
        (said(429, MINUTE_LIMIT), 60.0),
        (answer(429, {"message": DAY_LIMIT}, retry_after="7"), 7.0),
        (said(426, "Requested version 202410 is not active"), 3600.0),
    ],
)
async def test_a_limit_holds_the_account_until_it_ends(response: HttpResponse, after: float) -> None:
    with pytest.raises(TransientSendError) as raised:
        await linkedin().send(outbound(), account(), FakeHttp(in_order(response)))
    assert (raised.value.after, raised.value.scope) == (after, "account")


async def test_without_an_access_token_nothing_is_called() -> None:
    fresh = Account("shop", "linkedin", "main", account().body)
    http = FakeHttp(in_order())
    with pytest.raises(TransientSendError):
        await linkedin().send(outbound(), fresh, http)
    assert http.calls == []
    assert linkedin().expires_at(fresh, NOW) == NOW


# -- tokens --------------------------------------------------------------------------------------------------------------


async def test_an_access_token_is_made_of_the_refresh_token() -> None:
    body = {"access_token": "new", "expires_in": 5_184_000, "refresh_token": "renewed", "refresh_token_expires_in": 1}
    http = FakeHttp(in_order(answer(200, body)))
    renewed = await linkedin().refresh(account(), NOW, http)
    assert renewed.tokens == {"access_token": "new", "refresh_token": "renewed"}
    assert renewed.expires_at == NOW + timedelta(days=60)
    assert http.calls[0].url == "https://www.linkedin.com/oauth/v2/accessToken"
    assert parse_qs(http.calls[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": [REFRESH_TOKEN],
        "client_id": ["77abcdefghijkl"],
        "client_secret": [SECRET],
    }


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(400, {"error": "invalid_grant", "error_description": f"{REFRESH_TOKEN} expired"}), CredentialsRejected),
        (answer(401, {"error": "invalid_client", "error_description": SECRET}), CredentialsRejected),
        (answer(200, {}), PermanentSendError),
        (answer(503, b""), SendOutcomeUnknown),
        (answer(400, b"<html>"), TransientSendError),
    ],
)
async def test_a_refusal_of_a_token_is_an_error_without_secrets(response: HttpResponse, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        await linkedin().refresh(account(), NOW, FakeHttp(in_order(response)))
    assert not any(secret in str(raised.value) for secret in (REFRESH_TOKEN, SECRET))


# -- what webhooks missed ------------------------------------------------------------------------------------------------


def page(*times: int) -> HttpResponse:
    items = [{"action": "COMMENT", "notificationId": at, "lastModifiedAt": at} for at in times]
    return answer(200, {"paging": {}, "elements": items})


def span(url: str) -> tuple[int, int]:
    text = parse_qs(urlsplit(url).query)["timeRange"][0].strip("()")
    start, end = (int(part.split(":")[1]) for part in text.split(","))
    return start, end


async def test_the_first_walk_goes_back_as_far_as_may_be_stored() -> None:
    http = FakeHttp(in_order(page(30, 10, 20)))
    result = await linkedin().poll(account(), http, None)
    assert span(http.calls[0].url) == (MILLISECONDS - 47 * HOUR, MILLISECONDS)
    assert "&organizationalEntity=urn%3Ali%3Aorganization%3A4242&actions=List(COMMENT," in http.calls[0].url
    [body] = map(json.loads, result.bodies)
    assert [item["lastModifiedAt"] for item in body["notifications"]] == [10, 20, 30]
    assert not result.has_more


async def test_a_walk_goes_on_page_by_page_and_the_next_one_behind_it() -> None:
    first = await linkedin().poll(account(), FakeHttp(in_order(page(*range(50)))), None)
    assert (first.has_more, [len(json.loads(body)["notifications"]) for body in first.bodies]) == (True, [10] * 5)
    http = FakeHttp(in_order(page(), page()))
    second = await linkedin().poll(account(), http, first.cursor)
    assert "&start=50&count=50" in http.calls[0].url
    assert (second.has_more, list(second.bodies)) == (False, [])
    await linkedin().poll(account(), http, second.cursor)
    assert span(http.calls[1].url) == (MILLISECONDS - 10 * MINUTE, MILLISECONDS)


@pytest.mark.parametrize(
    "cursor", ["", "no json", "[]", '{"organization": "urn:li:organization:1", "since": 1, "until": 2}']
)
async def test_a_cursor_of_another_page_is_of_no_use(cursor: str) -> None:
    http = FakeHttp(in_order(page()))
    await linkedin().poll(account(), http, cursor)
    assert span(http.calls[0].url) == (MILLISECONDS - 47 * HOUR, MILLISECONDS)


async def test_a_notification_is_one_message_by_webhook_and_by_poll() -> None:
    [item] = json.loads(payload("comment"))["notifications"]
    result = await linkedin().poll(account(), FakeHttp(in_order(answer(200, {"elements": [item]}))), None)
    fetched = [activity.id for body in result.bodies for activity in linkedin().parse(request(body), account())]
    assert fetched == [activity.id for activity in linkedin().parse(request(payload("comment")), account())]


def test_polling_can_be_switched_off() -> None:
    assert linkedin().is_polled(account().body)
    assert not linkedin().is_polled(account(settings={"catch_up": False}).body)


Call = Callable[[Account, HttpClient], Awaitable[object]]


@pytest.mark.parametrize(
    "call",
    [
        lambda owner, http: linkedin().send(outbound(), owner, http),
        lambda owner, http: linkedin().poll(owner, http, None),
        lambda owner, http: linkedin().refresh(owner, NOW, http),
    ],
)
async def test_an_account_with_an_address_of_its_own_calls_it_alone(call: Call) -> None:
    http = FakeHttp(in_order(answer(200, {"access_token": "t", "commentUrn": theirs(1)})))
    await call(account(api_base="https://linkedin.example/api/"), http)
    assert all(made.url.startswith("https://linkedin.example/api/") for made in http.calls)
