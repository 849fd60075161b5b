"""The signature over the raw body, and the test of the address."""

from datetime import UTC, datetime

import pytest

from services.channels.meta.signature import answer_subscription, verify_signature
from services.channels.port import InvalidSignature, Request

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
BODY = b'{"object":"page","entry":[{"text":"caf\\u00e9"}]}'
# printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$SECRET"
SIGNATURE = "sha256=824c15763fd5fbb16a072a0e69272c7c9406fbbe7e4999b80fb19c2b1dede21a"


def post(headers: dict[str, str], body: bytes = BODY) -> Request:
    return Request("POST", "/webhooks/messenger/shop/main", {}, headers, body, RECEIVED)


def get(**query: str) -> Request:
    return Request("GET", "/webhooks/messenger/shop/main", query, {}, b"", RECEIVED)


def test_a_signature_by_any_live_secret_is_accepted() -> None:
    for secrets in ([SECRET], ["newer", SECRET]):
        verify_signature(post({"x-hub-signature-256": SIGNATURE}), secrets)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY.replace(b"\\u00e9", "é".encode()), SIGNATURE),
        (BODY + b"\n", SIGNATURE),
        (BODY, SIGNATURE.upper()),
        (BODY, SIGNATURE.removeprefix("sha256=")),
        (BODY, SIGNATURE.replace("sha256", "sha1")),
        (BODY, SIGNATURE[:-1]),
        (BODY, ""),
    ],
)
def test_another_body_or_signature_is_refused(body: bytes, signature: str) -> None:
    with pytest.raises(InvalidSignature):
        verify_signature(post({"x-hub-signature-256": signature}, body), [SECRET])


def test_the_older_signature_proves_nothing() -> None:
    with pytest.raises(InvalidSignature):
        verify_signature(post({"x-hub-signature": SIGNATURE}), [SECRET])


def test_no_secret_accepts_nothing() -> None:
    with pytest.raises(InvalidSignature):
        verify_signature(post({"x-hub-signature-256": SIGNATURE}), [])


def test_the_challenge_is_returned_to_whoever_knows_the_token() -> None:
    question = {"hub.mode": "subscribe", "hub.verify_token": "chosen-word", "hub.challenge": "1158201444"}
    answer = answer_subscription(get(**question), ["newer-word", "chosen-word"])
    assert answer is not None
    assert (answer.status, answer.body, answer.media_type) == (200, b"1158201444", "text/plain")
    for changed in ({"hub.mode": "unsubscribe"}, {"hub.verify_token": "chosen-wor"}, {"hub.verify_token": ""}):
        with pytest.raises(InvalidSignature):
            answer_subscription(get(**{**question, **changed}), ["chosen-word"])


def test_a_post_is_no_test_of_the_address() -> None:
    assert answer_subscription(post({}), ["chosen-word"]) is None
