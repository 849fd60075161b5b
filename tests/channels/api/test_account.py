"""What an account of the channel needs, and who proves to be it."""

import pytest

from schemas.configuration import AccountBody, Credential
from services.channels.api import Api
from services.channels.port import InvalidSignature
from services.channels.registry import account_rules
from tests.channels.api.cases import CALLBACK, PREVIOUS, SECRET, account, payload, request

BODY = payload("message")


def wrong(**credentials: Credential) -> dict[str, str]:
    return dict(account_rules(Api()).problems(AccountBody(credentials=credentials)))


def test_a_secret_and_a_callback_are_enough() -> None:
    assert wrong(secret=SECRET, callback_url=CALLBACK) == {}
    assert wrong(secret=SECRET, secret_previous=PREVIOUS, callback_url=CALLBACK) == {}


@pytest.mark.parametrize(
    "secret", ["", "plain", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_")]
)
def test_a_secret_that_is_none_is_told_how_one_looks(secret: str) -> None:
    errors = wrong(secret=secret, callback_url=CALLBACK)
    assert list(errors) == ["/credentials/secret"]
    assert "whsec_" in errors["/credentials/secret"]


@pytest.mark.parametrize("url", ["", "shop", "ftp://shop.example.com", "https://", "https://shop.example.com:0/"])
def test_a_callback_that_cannot_be_called_is_refused(url: str) -> None:
    assert list(wrong(secret=SECRET, callback_url=url)) == ["/credentials/callback_url"]


def test_what_it_does_not_know_is_refused() -> None:
    assert list(wrong(secret=SECRET, callback_url=CALLBACK, token="x")) == ["/credentials/token"]
    body = AccountBody(
        credentials={"secret": SECRET, "callback_url": CALLBACK},
        api_base="https://x.example.com",
        settings={"username": "a", "handoff_seconds": True},
    )
    assert {at for at, _ in account_rules(Api()).problems(body)} == {
        "/api_base",
        "/settings/username",
        "/settings/handoff_seconds",
    }


def test_every_live_secret_opens() -> None:
    rotating = account(secret_previous=PREVIOUS)
    for secret in (SECRET, PREVIOUS):
        Api().verify(request(BODY, secret=secret), rotating)


def test_a_secret_that_is_gone_opens_nothing() -> None:
    with pytest.raises(InvalidSignature):
        Api().verify(request(BODY, secret=PREVIOUS), account())


@pytest.mark.parametrize("off", [-300, 0, 300])
def test_five_minutes_off_are_taken(off: float) -> None:
    Api().verify(request(BODY, off=off), account())


@pytest.mark.parametrize("off", [-301, 301, -1e9])
def test_more_than_five_minutes_off_is_forged(off: float) -> None:
    with pytest.raises(InvalidSignature):
        Api().verify(request(BODY, off=off), account())


@pytest.mark.parametrize("left_out", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(left_out: str) -> None:
    headers = {name: value for name, value in request(BODY).headers.items() if name != left_out}
    with pytest.raises(InvalidSignature):
        Api().verify(request(BODY, headers=headers), account())


def test_a_changed_byte_anywhere_is_forged() -> None:
    signed = dict(request(BODY).headers)
    changed = [
        (BODY.replace(b"m-1", b"m-2"), signed),
        (BODY, signed | {"webhook-id": "call-2"}),
        (BODY, signed | {"webhook-timestamp": str(int(signed["webhook-timestamp"]) + 1)}),
    ]
    for body, headers in changed:
        with pytest.raises(InvalidSignature):
            Api().verify(request(body, headers=headers), account())
