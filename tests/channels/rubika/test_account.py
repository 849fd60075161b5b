"""Credentials, settings, and the proof that Rubika sent a request."""

import pytest

from schemas.configuration import AccountBody
from services.channels.port import InvalidSignature
from services.channels.registry import account_rules
from services.channels.rubika import Rubika
from tests.channels.rubika.cases import SECRET, TOKEN, account, payload, request

FINE = {"bot_token": TOKEN, "path_secret": SECRET}


def wrong(**body: object) -> list[str]:
    written = AccountBody.model_validate({"credentials": FINE} | body)
    return [pointer for pointer, _ in account_rules(Rubika()).problems(written)]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"settings": {"username": "example_shop_bot", "greeting": {"fa": "سلام"}}}, []),
        ({"api_base": "http://127.0.0.1:8081/"}, []),
        ({"credentials": {}}, ["/credentials/bot_token", "/credentials/path_secret"]),
        ({"credentials": {"bot_token": TOKEN}}, ["/credentials/path_secret"]),
        ({"credentials": {"bot_token": TOKEN}, "settings": {"receive": "poll"}}, []),
        ({"credentials": FINE | {"bot_token": "with a space"}}, ["/credentials/bot_token"]),
        ({"credentials": FINE | {"bot_token": "with/a/slash"}}, ["/credentials/bot_token"]),
        ({"credentials": FINE | {"path_secret": "short"}}, ["/credentials/path_secret"]),
        ({"credentials": FINE | {"path_secret": "long enough/but two parts"}}, ["/credentials/path_secret"]),
        ({"credentials": FINE | {"path_secret": ["a-new-secret", SECRET]}}, []),
        ({"credentials": FINE | {"app_secret": "x"}}, ["/credentials/app_secret"]),
        ({"settings": {"username": "@example_shop_bot"}}, ["/settings/username"]),
        ({"settings": {"receive": "both"}}, ["/settings/receive"]),
        ({"settings": {"greeting": " "}}, ["/settings/greeting"]),
    ],
)
def test_what_cannot_work_is_named(body: dict[str, object], pointers: list[str]) -> None:
    assert wrong(**body) == pointers


@pytest.mark.parametrize("ending", ["", "/receiveUpdate", "/receiveInlineMessage"])
def test_a_call_to_the_whole_address_is_rubikas(ending: str) -> None:
    Rubika().verify(request(payload("text"), SECRET + ending), account())


@pytest.mark.parametrize(
    "subpath", ["", "/receiveUpdate", "receiveUpdate", SECRET[:-1], f"{SECRET}x", f"{SECRET}/x", f"x/{SECRET}", "ü"]
)
def test_any_other_address_is_forged(subpath: str) -> None:
    with pytest.raises(InvalidSignature) as raised:
        Rubika().verify(request(payload("text"), subpath), account())
    assert SECRET not in str(raised.value)


def test_both_secrets_live_during_a_rotation() -> None:
    rotating = account(credentials=FINE | {"path_secret": ["a-new-secret", SECRET]})
    for secret in ("a-new-secret", SECRET):
        Rubika().verify(request(b"", secret), rotating)


def test_a_polled_account_takes_no_calls() -> None:
    polled = account(credentials={"bot_token": TOKEN}, settings={"receive": "poll"})
    for subpath in ("", SECRET):
        with pytest.raises(InvalidSignature):
            Rubika().verify(request(b"", subpath), polled)
