"""How each provider is answered, what its answers mean, and where its access tokens come from."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import jwt
import pytest
from jwt.types import Options

from schemas.activity import Address
from schemas.outbound import ChannelAction
from schemas.values import EncryptedText
from services.channels.port import Account, CredentialsRejected
from services.channels.reviews.channel import Reviews
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.reviews.cases import RECEIVED, TOKEN, account, ec_key, pem, rsa_key
from tests.channels.test_every_channel import message_to
from tests.fakes import FakeHttp, HttpCall
from tests.fakes.http import always

GOOGLE = "accounts/1001/locations/2002/reviews/AbInvented1"
ANSWERS = {
    "trustpilot": ("r1", "POST", "https://api.trustpilot.com/v1/private/reviews/r1/reply", {"message": "hello"}),
    "google_business": (GOOGLE, "PUT", f"https://mybusiness.googleapis.com/v4/{GOOGLE}/reply", {"comment": "hello"}),
    "google_play": (
        "gp:AO1",
        "POST",
        "https://androidpublisher.googleapis.com/androidpublisher/v3/applications/com.example.kettles/reviews/gp:AO1:reply",
        {"replyText": "hello"},
    ),
    "app_store": (
        "r1",
        "POST",
        "https://api.appstoreconnect.apple.com/v1/customerReviewResponses",
        {
            "data": {
                "type": "customerReviewResponses",
                "attributes": {"responseBody": "hello"},
                "relationships": {"review": {"data": {"id": "r1", "type": "customerReviews"}}},
            }
        },
    ),
}
"""Provider → the review, and the call that answers it."""
DELETIONS = {
    "trustpilot": ("r1/reply", "https://api.trustpilot.com/v1/private/reviews/r1/reply"),
    "google_business": (f"{GOOGLE}/reply", f"https://mybusiness.googleapis.com/v4/{GOOGLE}/reply"),
    "app_store": ("response-1", "https://api.appstoreconnect.apple.com/v1/customerReviewResponses/response-1"),
}


async def send(http: FakeHttp, owner: Account, review: str = "r1") -> str | None:
    message = message_to(Reviews(), owner).model_copy(
        update={"surface": "public", "address": Address(chat=review, reply_to=review)}
    )
    return (await Reviews().send(message, owner, http)).platform_id


def action(kind: str, review: str, platform_id: str | None) -> ChannelAction:
    fields = message_to(Reviews(), account()).model_dump(
        include={"id", "conversation", "key", "workspace", "channel", "account", "accepted_at"}
    )
    address = Address(chat=review, reply_to=review)
    text = EncryptedText(text="better") if kind == "edit" else None
    return ChannelAction.model_validate(
        {**fields, "kind": kind, "surface": "public", "address": address, "platform_id": platform_id, "text": text}
    )


@pytest.mark.parametrize("provider", ANSWERS)
async def test_a_review_is_answered_at_its_provider(provider: str) -> None:
    review, method, url, body = ANSWERS[provider]
    http = FakeHttp(always(201, b'{"data": {"id": "response-1", "type": "customerReviewResponses"}}'))
    platform_id = await send(http, account(provider), review)
    [call] = http.calls
    assert (call.method, call.url, call.json) == (method, url, body)
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert platform_id == ("response-1" if provider == "app_store" else f"{review}/reply")


@pytest.mark.parametrize("page", [b"<html>Log in</html>", b"[]", b"null", b"Accepted"])
@pytest.mark.parametrize("provider", ANSWERS)
async def test_a_success_that_is_not_the_providers_is_tried_again(provider: str, page: bytes) -> None:
    owner = account(provider)
    with pytest.raises(TransientSendError) as sending:
        await send(FakeHttp(always(200, page)), owner)
    assert sending.value.scope == "account"
    with pytest.raises(TransientSendError):
        await Reviews().poll(owner, FakeHttp(always(200, page)), None)


@pytest.mark.parametrize("provider", ANSWERS)
async def test_an_edit_is_the_same_call_with_the_new_text(provider: str) -> None:
    review, method, url, body = ANSWERS[provider]
    http = FakeHttp(always(200, b"{}"))
    await Reviews().perform(action("edit", review, "response-1"), account(provider), http)
    [call] = http.calls
    assert (call.method, call.url) == (method, url)
    assert json.dumps(call.json) == json.dumps(body).replace("hello", "better")


@pytest.mark.parametrize("provider", DELETIONS)
async def test_an_answer_is_deleted(provider: str) -> None:
    platform_id, url = DELETIONS[provider]
    http = FakeHttp(always(204))
    await Reviews().perform(action("delete", ANSWERS[provider][0], platform_id), account(provider), http)
    [call] = http.calls
    assert (call.method, call.url) == ("DELETE", url)


async def test_google_play_deletes_no_answer() -> None:
    with pytest.raises(PermanentSendError, match="replace it"):
        await Reviews().perform(action("delete", "gp:AO1", "gp:AO1/reply"), account("google_play"), FakeHttp())
    assert Reviews().capabilities_for(account("google_play").body).actions == ("edit",)


QUOTA = b'{"error": {"code": 403, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}'
VERDICTS = [
    (400, b'{"error": {"message": "Reply too long"}}', PermanentSendError, "rejected", "Reply too long"),
    (
        409,
        b'{"errors": [{"status": "409", "title": "Conflict", "detail": "State is not valid"}]}',
        PermanentSendError,
        "rejected",
        "State is not valid",
    ),
    (422, b'{"message": "Invalid"}', PermanentSendError, "rejected", "Invalid"),
    (404, b"{}", PermanentSendError, "not_found", "404"),
    (410, b"no json", PermanentSendError, "not_found", "410"),
    (401, b'{"error": "invalid_token"}', CredentialsRejected, None, "invalid_token"),
    (403, b"{}", CredentialsRejected, None, "403"),
    (403, QUOTA, TransientSendError, "account", "Quota exceeded"),
    (429, b"{}", TransientSendError, "account", "429"),
    (500, b"{}", TransientSendError, "message", "500"),
    (502, b"<html>", TransientSendError, "message", "502"),
    (503, b"{}", TransientSendError, "message", "503"),
]
"""Status, body → the error, its code or its scope, and what it says."""


@pytest.mark.parametrize("provider", ANSWERS)
@pytest.mark.parametrize(("status", "body", "error", "code", "said"), VERDICTS)
async def test_an_answer_of_a_provider_decides_what_becomes_of_the_message(
    provider: str, status: int, body: bytes, error: type[Exception], code: str | None, said: str
) -> None:
    with pytest.raises(error, match=said) as raised:
        await send(FakeHttp(always(status, body, retry_after="7")), account(provider))
    found = raised.value
    if isinstance(found, PermanentSendError):
        assert found.code == code
    if isinstance(found, TransientSendError):
        assert (found.scope, found.after) == (code, 7.0)


async def test_a_send_without_a_token_waits_for_it_and_calls_nobody() -> None:
    http = FakeHttp()
    with pytest.raises(TransientSendError, match="not been fetched"):
        await send(http, replace(account(), tokens={}))
    assert http.calls == []


async def test_an_account_that_has_no_key_says_so() -> None:
    bare = account(credentials={"provider": "trustpilot", "path_secret": "a-long-random-text"})
    with pytest.raises(PermanentSendError) as raised:
        await send(FakeHttp(), bare)
    assert raised.value.code == "account_missing"
    assert Reviews().expires_at(bare, RECEIVED) is None


@pytest.mark.parametrize("provider", ANSWERS)
def test_a_token_is_fetched_before_anything_else(provider: str) -> None:
    expires = Reviews().expires_at(account(provider), RECEIVED)
    assert expires is not None
    assert expires < RECEIVED


GRANTED = b'{"access_token": "new-token", "expires_in": 3599, "token_type": "Bearer"}'


async def test_trustpilot_gives_a_token_for_key_and_secret() -> None:
    http = FakeHttp(always(200, b'{"access_token": "new-token", "expires_in": "359999"}'))
    renewed = await Reviews().refresh(account(api_base="https://stand-in.example/"), RECEIVED, http)
    [call] = http.calls
    assert call.url == "https://stand-in.example/v1/oauth/oauth-business-users-for-applications/accesstoken"
    basic = call.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic) == b"invented-key-of-trustpilot:invented-secret-of-trustpilot"
    assert parse_qs(call.body.decode()) == {"grant_type": ["client_credentials"]}
    assert renewed.tokens == {"access_token": "new-token"}
    assert renewed.expires_at == RECEIVED + timedelta(seconds=359_999)


async def test_google_business_gives_one_for_the_refresh_token() -> None:
    http = FakeHttp(always(200, GRANTED))
    renewed = await Reviews().refresh(account("google_business"), RECEIVED, http)
    [call] = http.calls
    assert call.url == "https://oauth2.googleapis.com/token"
    assert parse_qs(call.body.decode())["grant_type"] == ["refresh_token"]
    assert parse_qs(call.body.decode())["refresh_token"] == ["invented-refresh-token"]
    assert renewed.expires_at == RECEIVED + timedelta(seconds=3599)


async def test_google_play_gives_one_for_what_the_service_account_signs() -> None:
    http = FakeHttp(always(200, GRANTED))
    await Reviews().refresh(account("google_play"), RECEIVED, http)
    [call] = http.calls
    form = parse_qs(call.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    options: Options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        form["assertion"][0], rsa_key().public_key(), ["RS256"], options, audience="https://oauth2.googleapis.com/token"
    )
    assert claims["iss"] == "play@shop.iam.gserviceaccount.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/androidpublisher"
    assert claims["exp"] - claims["iat"] == 3600


async def test_the_app_store_takes_one_that_we_sign_and_that_lives_for_less_than_20_minutes() -> None:
    http = FakeHttp()
    renewed = await Reviews().refresh(account("app_store"), RECEIVED, http)
    token = renewed.tokens["access_token"]
    options: Options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, ec_key().public_key(), ["ES256"], options, audience="appstoreconnect-v1")
    assert claims["exp"] - claims["iat"] < 1200
    assert jwt.get_unverified_header(token)["kid"] == "2X9R4HXF34"
    assert renewed.expires_at == RECEIVED + timedelta(minutes=19)
    assert http.calls == []


@pytest.mark.parametrize("provider", ["trustpilot", "google_business", "google_play"])
async def test_a_refusal_of_a_token_needs_a_person_and_quotes_nothing_secret(provider: str) -> None:
    owner = account(provider)

    def refuse(call: HttpCall) -> HttpResponse:
        said = f"{call.headers} {call.body.decode()}"
        return HttpResponse(400, {}, json.dumps({"error": "invalid_grant", "error_description": said}).encode())

    with pytest.raises(CredentialsRejected) as raised:
        await Reviews().refresh(owner, RECEIVED, FakeHttp(refuse))
    for name in ("api_key", "api_secret", "client_secret", "refresh_token"):
        assert not [secret for secret in owner.secrets(name) if secret in str(raised.value)]
    for status, error in ((500, TransientSendError), (429, TransientSendError), (200, PermanentSendError)):
        with pytest.raises(error):
            await Reviews().refresh(owner, RECEIVED, FakeHttp(always(status, b"{}")))


@pytest.mark.parametrize(("provider", "key"), [("google_play", ec_key), ("app_store", rsa_key)])
async def test_a_key_of_another_kind_does_not_sign(provider: str, key: object) -> None:
    body = account(provider).body
    other = pem(key())  # type: ignore[operator]  # one of two functions that make a key
    owner = account(provider, credentials={**body.credentials, "private_key": other})
    with pytest.raises(CredentialsRejected, match="private_key"):
        await Reviews().refresh(owner, RECEIVED, FakeHttp())


async def test_an_unknown_outcome_may_be_repeated() -> None:
    def break_off(call: HttpCall) -> HttpResponse:
        raise SendOutcomeUnknown("no answer")

    with pytest.raises(SendOutcomeUnknown):
        await send(FakeHttp(break_off), account())
    assert Reviews().capabilities.drops_repeats
