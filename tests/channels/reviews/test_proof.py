"""Whose call it is: the secret in the path, and the token of a push by Pub/Sub."""

from dataclasses import replace
from typing import Any

import jwt
import pytest

from schemas.configuration import AccountBody
from services.channels.port import Account, InvalidSignature, Request
from services.channels.reviews.channel import Reviews
from services.channels.reviews.pubsub_proof import GOOGLE_KEYS
from tests.channels.proofs import accepts
from tests.channels.reviews.cases import (
    AUDIENCE,
    PATH_SECRET,
    PAYLOADS,
    PUSH_EMAIL,
    RECEIVED,
    account,
    credentials,
    ec_key,
    fixture_request,
    pem,
    pushed,
    request,
    rsa_key,
)

NOW = int(RECEIVED.timestamp())
CALL = request((PAYLOADS / "google_business_notice.json").read_bytes())


def is_accepted(call: Request, owner: Account | None = None) -> bool:
    return accepts(Reviews(), call, owner or account("google_business"))


def test_a_push_of_google_is_accepted() -> None:
    assert is_accepted(pushed(CALL))
    assert is_accepted(pushed(CALL, iss="accounts.google.com"))
    assert Reviews().key_urls(CALL, account("google_business")) == (GOOGLE_KEYS,)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://other.example"},
        {"aud": [AUDIENCE]},
        {"aud": None},
        {"email": "somebody@gmail.com"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"iss": "https://issuer.example"},
        {"exp": NOW - 301},
        {"exp": None},
        {"exp": "soon"},
        {"iat": NOW + 301},
        {"iat": None},
    ],
)
def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any]) -> None:  # any: whatever a forger writes
    try:
        call = pushed(CALL, **claims)
    except TypeError:
        pytest.skip("the library does not write such a claim")
    assert not is_accepted(call)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    assert is_accepted(pushed(CALL, exp=NOW - 300, iat=NOW - 3900))
    assert is_accepted(pushed(CALL, iat=NOW + max(seconds, 0)))


def test_a_token_by_another_algorithm_or_key_is_refused() -> None:
    genuine = pushed(CALL)
    claims = jwt.decode(genuine.headers["authorization"].partition(" ")[2], options={"verify_signature": False})
    forgeries = (
        jwt.encode(claims, "", algorithm="none", headers={"kid": "google-1"}),
        jwt.encode(claims, "k" * 64, algorithm="HS256", headers={"kid": "google-1"}),
        jwt.encode(claims, ec_key(), algorithm="ES256", headers={"kid": "google-1"}),
        jwt.encode(claims, rsa_key(), algorithm="RS256"),
        jwt.encode(claims, rsa_key(), algorithm="RS256", headers={"kid": "google-2"}),
    )
    for token in forgeries:
        assert not is_accepted(replace(genuine, headers={"authorization": f"Bearer {token}"}))
    for keys in (b"", b"[]", b'{"keys": [{"kid": "google-1", "kty": "RSA"}]}'):
        assert not is_accepted(replace(genuine, public_keys={GOOGLE_KEYS: keys}))
    assert not is_accepted(replace(genuine, public_keys={}))


def test_a_push_needs_the_secret_in_the_path_too_where_the_account_has_one() -> None:
    elsewhere = replace(pushed(CALL), subpath="")
    assert not is_accepted(elsewhere)
    with pytest.raises(InvalidSignature):
        Reviews().key_urls(elsewhere, account("google_business"))
    given = {name: value for name, value in credentials("google_business").items() if name != "path_secret"}
    assert is_accepted(elsewhere, account("google_business", credentials=given))


def test_an_old_and_a_new_value_are_live_while_they_rotate() -> None:
    given = {
        **credentials("google_business"),
        "audience": ["https://new.example", AUDIENCE],
        "path_secret": ["newer-word", PATH_SECRET],
    }
    assert is_accepted(pushed(CALL), account("google_business", credentials=given))
    assert is_accepted(
        replace(pushed(CALL, aud="https://new.example"), subpath="newer-word"),
        account("google_business", credentials=given),
    )


@pytest.mark.parametrize("provider", ["trustpilot", "google_play", "app_store"])
def test_the_secret_is_the_whole_of_what_follows_the_account(provider: str) -> None:
    for subpath in ("", f"{PATH_SECRET}/", f"x/{PATH_SECRET}", PATH_SECRET[:-1]):
        assert not is_accepted(replace(CALL, subpath=subpath), account(provider))
    assert is_accepted(CALL, account(provider))


@pytest.mark.parametrize("provider", ["google_play", "app_store"])
def test_without_a_secret_nobody_calls_an_account_that_is_polled(provider: str) -> None:
    given = {name: value for name, value in credentials(provider).items() if name != "path_secret"}
    assert not is_accepted(replace(CALL, subpath=""), account(provider, credentials=given))


@pytest.mark.parametrize("provider", ["trustpilot", "google_business", "google_play", "app_store"])
def test_each_provider_has_credentials_of_its_own(provider: str) -> None:
    rules, given = Reviews().account_model, credentials(provider)
    assert rules.conflicts(AccountBody(credentials=given)) == []
    foreign = {**given, "issuer_id" if provider != "app_store" else "package_name": "com.example"}
    assert len(rules.conflicts(AccountBody(credentials=foreign))) == 1
    for name in given.keys() - {"provider", "locations", "business_unit_id"}:
        less = {one: value for one, value in given.items() if one != name}
        expected = 0 if name == "path_secret" and provider != "trustpilot" else 1
        assert len(rules.conflicts(AccountBody(credentials=less))) == expected, name


def test_a_fixture_of_google_is_pushed_with_a_token() -> None:
    call = fixture_request(PAYLOADS / "google_business_notice.json")
    assert call.headers["authorization"].startswith("Bearer ")
    assert PUSH_EMAIL not in repr(call)
    assert "PRIVATE KEY" in pem(ec_key())
