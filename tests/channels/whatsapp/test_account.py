"""Accounts: what they must say, Meta's test of the address, proof, and whether a number hears its customers."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.channel import Window
from schemas.configuration import AccountBody
from services.channels.account_settings import AccountModelRules
from services.channels.port import CredentialsRejected, InvalidSignature, Request
from services.channels.whatsapp import Whatsapp, WhatsappAccount
from services.platform.http.outgoing import HttpResponse, PermanentSendError
from tests.channels.whatsapp.cases import (
    CREDENTIALS,
    HEADER,
    NUMBER,
    RECEIVED,
    SECRET,
    VERIFY_TOKEN,
    WABA,
    account,
    payload,
    request,
    signature,
)
from tests.fakes import FakeHttp
from tests.fakes.http import HttpCall

RULES = AccountModelRules("whatsapp", WhatsappAccount)


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_every_credential_is_needed(name: str) -> None:
    body = AccountBody.model_validate({"credentials": {key: one for key, one in CREDENTIALS.items() if key != name}})
    [(pointer, sentence)] = RULES.problems(body)
    assert pointer == f"/credentials/{name}"
    assert sentence.startswith(f"{name} is required: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone_number_id", "+371 20 000 001"),
        ("waba_id", "shop"),
        ("app_secret", ""),
        ("page_id", "1"),
        # Copied from a page that shortens it, or with a line end: it cannot stand in a header.
        ("access_token", "EAAG…"),
        ("access_token", "EAAG-token\n"),
    ],
)
def test_a_credential_that_is_none_is_refused(name: str, value: str) -> None:
    assert RULES.problems(AccountBody.model_validate({"credentials": {**CREDENTIALS, name: value}}))


def test_the_ids_of_number_and_business_are_no_secrets() -> None:
    secret = {pointer.removeprefix("/credentials/") for pointer in RULES.secrets(account().body)}
    assert secret == {"app_secret", "verify_token", "access_token"}


def test_what_the_channel_can_do() -> None:
    can = Whatsapp().capabilities
    assert (can.windows, can.templates, can.first_contact) == ((Window(seconds=86_400),), True, "template")
    text = can.text_limit("private")
    assert text is not None
    assert (text.limit, can.caption_limit, can.max_files) == (4096, 1024, 1)
    assert can.max_body_bytes >= 3_000_000


# -- the address ---------------------------------------------------------------------------------------------------------


def subscription(**changes: str) -> Request:
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444", **changes}
    return Request("GET", "/webhooks/whatsapp/shop/main", query, {}, b"", RECEIVED)


def test_meta_tests_the_address_by_a_get_and_gets_its_challenge_as_plain_text() -> None:
    answer = Whatsapp().handshake(subscription(), account())
    assert answer is not None
    assert (answer.status, answer.body, answer.media_type) == (200, b"1158201444", "text/plain")
    assert Whatsapp().handshake(request(payload("text")), account()) is None


@pytest.mark.parametrize(
    "changes", [{"hub.mode": "unsubscribe"}, {"hub.verify_token": "wrong"}, {"hub.verify_token": ""}]
)
def test_a_test_of_the_address_with_another_word_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        Whatsapp().handshake(subscription(**changes), account())


def test_both_words_are_live_while_one_rotates() -> None:
    rotating = account(credentials={**CREDENTIALS, "verify_token": ["a-new-word-456", VERIFY_TOKEN]})
    for word in ("a-new-word-456", VERIFY_TOKEN):
        assert Whatsapp().handshake(subscription(**{"hub.verify_token": word}), rotating)


# -- proof ---------------------------------------------------------------------------------------------------------------


def test_old_and_new_secrets_are_live_and_others_are_not() -> None:
    body = payload("text")
    rotating = account(credentials={**CREDENTIALS, "app_secret": ["the-next-secret", SECRET]})
    for secret in ("the-next-secret", SECRET):
        Whatsapp().verify(replace(request(body), headers={HEADER: signature(body, secret)}), rotating)
    with pytest.raises(InvalidSignature):
        Whatsapp().verify(replace(request(body), headers={HEADER: signature(body, "other")}), rotating)


def test_the_signature_is_over_the_bytes_as_they_were_sent() -> None:
    escaped = b'{"object":"whatsapp_business_account","entry":[],"text":"caf\\u00e9"}'
    Whatsapp().verify(request(escaped), account())
    plain = json.dumps(json.loads(escaped), ensure_ascii=False).encode()
    with pytest.raises(InvalidSignature):
        Whatsapp().verify(replace(request(escaped), body=plain), account())


@pytest.mark.parametrize("header", ["", "sha256=", "sha1={sha1}", "{digest}", "sha256={upper}", "sha256={digest}0"])
def test_any_other_form_of_the_signature_is_refused(header: str) -> None:
    body = payload("text")
    known = signature(body).removeprefix("sha256=")
    sha1 = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    shown = header.format(digest=known, upper=known.upper(), sha1=sha1)
    with pytest.raises(InvalidSignature):
        Whatsapp().verify(replace(request(body), headers={HEADER: shown}), account())
    with pytest.raises(InvalidSignature):
        Whatsapp().verify(replace(request(body), headers={}), account())


# -- the state of the account --------------------------------------------------------------------------------------------

PUBLIC = "https://support.shop.example"
OURS = f"{PUBLIC}/webhooks/whatsapp/shop/main"
READY = {"status": "CONNECTED", "webhook_configuration": {"application": OURS}}
SUBSCRIBED = {"data": [{"whatsapp_business_api_data": {"id": "1", "name": "Our app"}}]}


def graph(number: Any = READY, apps: Any = SUBSCRIBED) -> FakeHttp:
    """Meta with these answers about the number and the apps that are subscribed; an integer is the code of an error."""

    def respond(call: HttpCall) -> HttpResponse:
        shown = apps if call.url.endswith(f"/{WABA}/subscribed_apps") else number
        if isinstance(shown, int):
            return HttpResponse(400, {}, json.dumps({"error": {"code": shown, "message": "no"}}).encode())
        return HttpResponse(200, {}, json.dumps(shown).encode())

    return FakeHttp(respond)


async def problem(http: FakeHttp, public_url: str | None = PUBLIC) -> str | None:
    found = await Whatsapp().check(account(), http, public_url, RECEIVED + timedelta(hours=1))
    return found.detail if found else None


async def test_a_number_that_is_connected_and_subscribed_has_no_problem() -> None:
    http = graph()
    assert await problem(http) is None
    assert [call.url.removeprefix("https://graph.facebook.com/v25.0/") for call in http.calls] == [
        f"{NUMBER}?fields=status,webhook_configuration",
        f"{WABA}/subscribed_apps",
    ]
    assert await problem(graph(number={})) is None
    assert await problem(graph(), None) is None
    # All numbers of a workspace may share one URL.
    other = {"webhook_configuration": {"application": f"{PUBLIC}/webhooks/whatsapp/shop/second"}}
    assert await problem(graph(number=other)) is None


@pytest.mark.parametrize("status", ["PENDING", "DISCONNECTED", "UNVERIFIED", "DELETED", "MIGRATED", "BANNED"])
async def test_a_number_that_hears_nobody_says_so_and_what_to_do(status: str) -> None:
    found = await problem(graph(number={"status": status}))
    assert found is not None
    assert found.startswith(f"The number {NUMBER} ")


async def test_an_account_without_a_subscribed_app_says_how_to_subscribe() -> None:
    found = await problem(graph(apps={"data": []}))
    assert found == (
        f"No app is subscribed to the WhatsApp Business account {WABA}, so Meta calls nobody. "
        f"Subscribe it: POST /{WABA}/subscribed_apps with the account's access token."
    )


async def test_ids_that_the_token_does_not_reach_are_named() -> None:
    number, business = await problem(graph(number=100)), await problem(graph(apps=100))
    assert number is not None
    assert business is not None
    assert number.startswith(f"The access token does not reach phone_number_id {NUMBER}. Check phone_number_id")
    assert business.startswith(f"The access token does not reach waba_id {WABA}. Check waba_id")


@pytest.mark.parametrize(
    "levels",
    [
        {"application": "https://old.example/hook?token=s3cret"},
        # The number's own address comes before those of the account and the app.
        {"phone_number": "https://user:pass@old.example/hook", "application": OURS},
        {"whatsapp_business_account": "https://old.example/hook", "application": OURS},
    ],
)
async def test_another_callback_url_is_named_without_what_may_be_secret(levels: dict[str, str]) -> None:
    found = await problem(graph(number={"webhook_configuration": levels}))
    assert found is not None
    assert found.startswith("Meta calls https://old.example/hook, which is not " + OURS)
    assert "s3cret" not in found
    assert "pass" not in found


async def test_a_token_that_is_refused_and_an_error_of_another_kind_are_raised() -> None:
    for at in ("number", "apps"):
        with pytest.raises(CredentialsRejected):
            await problem(graph(**{at: 190}))
        with pytest.raises(PermanentSendError):
            await problem(graph(**{at: 131009}))
