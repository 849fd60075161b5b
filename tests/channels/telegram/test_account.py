"""Credentials, settings, and the proof that Telegram sent a request."""

import pytest

from schemas.configuration import AccountBody
from services.channels.port import InvalidSignature
from services.channels.registry import account_rules
from services.channels.telegram import Telegram
from tests.channels.telegram.cases import HEADER, SECRET, TOKEN, account, payload, request

FINE = {"bot_token": TOKEN, "secret_token": SECRET}


def wrong(**body: object) -> list[str]:
    return [
        pointer
        for pointer, _ in account_rules(Telegram()).problems(AccountBody.model_validate({"credentials": FINE} | body))
    ]


def test_complete_account_is_fine() -> None:
    assert wrong(settings={"username": "example_shop_bot"}, api_base="http://127.0.0.1:8081/") == []


@pytest.mark.parametrize(
    ("credentials", "pointers"),
    [
        ({}, ["/credentials/bot_token", "/credentials/secret_token"]),
        (FINE | {"bot_token": "no colon"}, ["/credentials/bot_token"]),
        (FINE | {"bot_token": "123456:ABC\n"}, ["/credentials/bot_token"]),
        (FINE | {"secret_token": ""}, ["/credentials/secret_token"]),
        (FINE | {"secret_token": "a" * 257}, ["/credentials/secret_token"]),
        (FINE | {"secret_token": "päss"}, ["/credentials/secret_token"]),
        (FINE | {"app_secret": "x"}, ["/credentials/app_secret"]),
        (FINE | {"secret_token_previous": "old"}, []),
    ],
)
def test_credentials_that_cannot_work_are_named(credentials: dict[str, str], pointers: list[str]) -> None:
    assert wrong(credentials=credentials) == pointers


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"settings": {"user_name": "x"}}, ["/settings/user_name"]),
        ({"settings": {"username": "@example_shop_bot"}}, ["/settings/username"]),
        ({"settings": {"username": 5}}, ["/settings/username"]),
        ({"settings": {"handoff_seconds": 0}}, ["/settings/handoff_seconds"]),
        ({"settings": {"handoff_seconds": True}}, ["/settings/handoff_seconds"]),
        ({"settings": {"handoff_seconds": 30}}, []),
        ({"api_base": "ftp://example.org"}, ["/api_base"]),
        ({"api_base": "https://"}, ["/api_base"]),
        ({"api_base": "https://example.org:0x"}, ["/api_base"]),
        ({"api_base": "https://example.org/?a=b"}, ["/api_base"]),
    ],
)
def test_settings_that_cannot_work_are_named(changes: dict[str, object], pointers: list[str]) -> None:
    assert wrong(**changes) == pointers


def test_sentences_never_quote_a_credential() -> None:
    body = AccountBody(credentials={"bot_token": "wrong-token-value", "secret_token": "wrong secret value"})
    assert not any("value" in sentence for _, sentence in account_rules(Telegram()).problems(body))


def test_right_secret_is_accepted() -> None:
    Telegram().verify(request(payload("text")), account())


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: SECRET[:-1]}, {HEADER: SECRET + "x"}, {HEADER: "ü"}])
def test_missing_or_wrong_secret_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        Telegram().verify(request(payload("text"), headers), account())


def test_both_secrets_live_during_a_rotation() -> None:
    rotating = account(credentials=FINE | {"secret_token": "new", "secret_token_previous": SECRET})
    for secret in ("new", SECRET):
        Telegram().verify(request(b"", {HEADER: secret}), rotating)


def test_account_without_secrets_accepts_nothing() -> None:
    for credentials in ({}, {"secret_token": ""}):
        with pytest.raises(InvalidSignature):
            Telegram().verify(request(b"", {HEADER: ""}), account(credentials=credentials))


def test_unreadable_body_is_answered_quietly() -> None:
    assert Telegram().capabilities.invalid_payload_status == 200
