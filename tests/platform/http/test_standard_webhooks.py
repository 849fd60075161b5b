"""Signatures: the specification's own example, and properties of signing and proving."""

import base64
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.platform.http.standard_webhooks import (
    decode_secret,
    new_secret,
    signature,
    signed_headers,
    verification_error,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
secrets = st.binary(min_size=16, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def test_the_published_example_comes_out() -> None:
    """From the test suites of the specification's own libraries."""
    signed = signature(PUBLISHED, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_is_one_and_never_the_same() -> None:
    assert len(decode_secret(new_secret())) == 32
    assert new_secret() != new_secret()


@given(secrets, secrets, ids, st.binary(max_size=200), st.integers(-300, 300))
def test_what_is_signed_is_proven_by_its_secret_alone(
    secret: str, other: str, identity: str, body: bytes, off: int
) -> None:
    headers = signed_headers([secret], identity, NOW + timedelta(seconds=off), body)
    assert verification_error(headers, body, [other, secret], NOW) is None
    assert (verification_error(headers, body, [other], NOW) is None) == (decode_secret(other) == decode_secret(secret))
    assert verification_error(headers, body, [], NOW) is not None
    assert verification_error(headers, body + b" ", [secret], NOW) is not None


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_whatever_the_headers_say_it_is_an_answer(headers: dict[str, str]) -> None:
    assert verification_error(headers, b"{}", [PUBLISHED], NOW) is not None


def test_one_right_signature_among_others_is_enough() -> None:
    headers = signed_headers([PUBLISHED], "a", NOW, b"x")
    listed = headers | {"webhook-signature": f"v1a,AAAA v1,AAAA {headers['webhook-signature']}"}
    assert verification_error(listed, b"x", [PUBLISHED], NOW) is None
