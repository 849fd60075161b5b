"""Accounts of Messenger and Instagram: what they need, and who proves to be Meta."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.configuration import AccountBody
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import InvalidSignature, Request
from services.channels.registry import account_rules
from services.channels.whatsapp import Whatsapp
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger

CHANNELS: dict[str, Any] = {"messenger": Messenger(), "instagram": Instagram()}
CASES: dict[str, Any] = {"messenger": messenger, "instagram": instagram}
IDS = {"messenger": "page_id", "instagram": "ig_id"}
both = pytest.mark.parametrize("name", CHANNELS)
BODY = messenger.payload("text")


def problems(name: str, changes: dict[str, Any], settings: dict[str, Any] | None = None) -> list[str]:
    known = {**CASES[name].account().body.credentials, **changes}
    given = {field: value for field, value in known.items() if value is not None}
    body = AccountBody.model_validate({"credentials": given, "settings": settings or {}})
    return [pointer for pointer, _ in account_rules(CHANNELS[name]).problems(body)]


@both
def test_an_account_needs_the_app_its_own_id_and_a_token(name: str) -> None:
    for needed in ("app_secret", "verify_token", "access_token", IDS[name]):
        assert problems(name, {needed: None}) == [f"/credentials/{needed}"]
    assert problems(name, {"app_id": None}) == []
    assert problems(name, {"client_secret": "x"}) == ["/credentials/client_secret"]


@both
@pytest.mark.parametrize("wrong", ["", " ", "with space", "with/slash", "x" * 101])
def test_an_id_is_one_word(name: str, wrong: str) -> None:
    assert problems(name, {IDS[name]: wrong}) == [f"/credentials/{IDS[name]}"]
    assert problems(name, {"app_id": wrong}) == ["/credentials/app_id"]


@both
def test_secrets_rotate_and_have_no_spaces(name: str) -> None:
    for secret in ("app_secret", "verify_token", "access_token"):
        assert problems(name, {secret: ["a-new-long-one", "an-old-long-one"]}) == []
        assert problems(name, {secret: "two words"}) == [f"/credentials/{secret}"]


@pytest.mark.parametrize("channel", [*CHANNELS.values(), Whatsapp()], ids=lambda channel: channel.name)
def test_the_word_for_the_test_of_the_address_may_be_short(channel: Any) -> None:
    """It proves no call: Meta signs every one with the app's secret."""
    given = {
        "app_secret": "a" * 32,
        "verify_token": "kettle",
        "access_token": "EAA",
        "waba_id": "1",
        "phone_number_id": "2",
    }
    ids = {"messenger": {"page_id": "3"}, "instagram": {"ig_id": "3"}, "whatsapp": {}}[channel.name]
    taken = (
        given
        if channel.name == "whatsapp"
        else {name: given[name] for name in ("app_secret", "verify_token", "access_token")}
    )
    rules, body = account_rules(channel), AccountBody.model_validate({"credentials": {**taken, **ids}})
    assert rules.problems(body) == []
    assert rules.chosen_secrets(body) == []


def test_settings_say_what_cannot_be_asked() -> None:
    assert problems("instagram", {}, {"login": "facebook", "username": "kettles.of_riga", "human_agent": False}) == []
    assert problems("instagram", {}, {"login": "threads"}) == ["/settings/login"]
    assert problems("messenger", {}, {"login": "facebook"}) == ["/settings/login"]
    assert problems("messenger", {}, {"username": "@kettles"}) == ["/settings/username"]


# -- proof ---------------------------------------------------------------------------------------------------------------


@both
def test_meta_proves_itself_by_the_new_secret_and_by_the_old(name: str) -> None:
    cases = CASES[name]
    account = cases.account(app_secret=["new-secret", "old-secret"])
    for secret in ("new-secret", "old-secret"):
        CHANNELS[name].verify(cases.request(BODY, cases.signature(BODY, secret)), account)
    for headers in (
        {},
        cases.signature(BODY, "another"),
        cases.signature(b"other", "new-secret"),
        {"x-hub-signature": cases.signature(BODY, "new-secret")[cases.HEADER]},
        {cases.HEADER: cases.signature(BODY, "new-secret")[cases.HEADER].removeprefix("sha256=")},
        {cases.HEADER: cases.signature(BODY, "new-secret")[cases.HEADER].upper()},
    ):
        with pytest.raises(InvalidSignature):
            CHANNELS[name].verify(cases.request(BODY, headers), account)


def handshake(name: str, token: str | None, **changes: str) -> Request:
    known = {"hub.mode": "subscribe", "hub.challenge": "1158201444", **({"hub.verify_token": token} if token else {})}
    request: Request = CASES[name].request(b"", {})
    return replace(request, method="GET", query={**known, **changes})


@both
def test_the_test_of_the_address_is_answered_with_its_challenge(name: str) -> None:
    channel, account = CHANNELS[name], CASES[name].account(verify_token=["our-new-word", "our-old-word"])
    for token in ("our-new-word", "our-old-word"):
        answered = channel.handshake(handshake(name, token), account)
        assert (answered.status, answered.body, answered.media_type) == (200, b"1158201444", "text/plain")
    for wrong in (
        handshake(name, "another"),
        handshake(name, None),
        handshake(name, "our-new-word", **{"hub.mode": "x"}),
    ):
        with pytest.raises(InvalidSignature):
            channel.handshake(wrong, account)
    assert channel.handshake(CASES[name].request(BODY), account) is None
