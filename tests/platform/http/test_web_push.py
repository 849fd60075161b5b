"""Web Push: the example of RFC 8291, a token of RFC 8292, and whatever is sent is opened by the browser alone."""

import json
import struct
from datetime import timedelta

import jwt
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from services.platform.core import base64url
from services.platform.http.web_push import (
    CURVE,
    MAX_PLAINTEXT,
    PushSender,
    PushSubscription,
    encrypt,
    public_bytes,
    subscription_of,
)
from tests.examples import examples
from tests.fakes import START


class Browser:
    """A browser that subscribed, and opens what it gets: written from RFC 8188 and RFC 8291, not from what sends."""

    def __init__(self, private: bytes | None = None, auth: bytes = b"0123456789abcdef") -> None:
        number = int.from_bytes(private) if private else 12345678901234567890
        self.key, self.auth = ec.derive_private_key(number, CURVE), auth
        self.public = public_bytes(self.key.public_key())

    def subscription(self, endpoint: str = "https://push.example/1") -> PushSubscription:
        return PushSubscription(endpoint, self.public, self.auth)

    def open(self, body: bytes) -> bytes:
        salt, (record, length) = body[:16], struct.unpack("!LB", body[16:21])
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= record
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender)
        shared = self.key.exchange(ec.ECDH(), point)
        material = self._hkdf(self.auth, shared, b"WebPush: info\0" + self.public + sender, 32)
        key = self._hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = self._hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded.endswith(b"\2")
        return padded[:-1]

    @staticmethod
    def _hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


def test_the_example_of_the_standard_byte_for_byte() -> None:
    # RFC 8291, section 5 and appendix A.
    subscription = subscription_of(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    sender = ec.derive_private_key(
        int.from_bytes(base64url.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), CURVE
    )
    plaintext, salt = b"When I grow up, I want to be a watermelon", base64url.decode("DGv6ra1nlYgDCS1FRnbzlw")
    sent = encrypt(subscription, plaintext, sender=sender, salt=salt)
    assert base64url.encode(sent) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    browser = Browser(base64url.decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), subscription.auth)
    assert browser.open(sent) == plaintext


@given(st.binary(max_size=MAX_PLAINTEXT - 1).map(lambda text: text + b"."))
@examples(30)
def test_the_browser_opens_what_is_sent_and_another_does_not(plaintext: bytes) -> None:
    browser = Browser()
    sent = encrypt(browser.subscription(), plaintext)
    assert browser.open(sent) == plaintext
    assert encrypt(browser.subscription(), plaintext) != sent
    with pytest.raises(InvalidTag):
        Browser(b"\1" * 32).open(sent)
    with pytest.raises(InvalidTag):
        Browser(auth=b"f" * 16).open(sent)
    with pytest.raises(InvalidTag):
        browser.open(sent[:-1] + bytes([sent[-1] ^ 1]))


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(ValueError, match="too long"):
        encrypt(Browser().subscription(), b"x" * (MAX_PLAINTEXT + 1))


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("", "BTBZMqHH6r4Tts7J_aSIgg"), ("BCVx", "BTBZMqHH6r4Tts7J_aSIgg"), ("B" + "A" * 86, "BTBZMqHH6r4Tts7J_aSIgg")],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the library's own words
        subscription_of("https://push.example/1", p256dh, auth)


def test_the_token_says_who_sends_to_which_service_and_until_when() -> None:
    sender = PushSender(b"\7" * 32, "https://desk.example")
    headers = sender.headers("https://push.example:8443/a/b?c", START, ttl_seconds=60, topic="t", urgency="high")
    assert {name: headers[name] for name in ("ttl", "topic", "urgency", "content-encoding")} == {
        "ttl": "60",
        "topic": "t",
        "urgency": "high",
        "content-encoding": "aes128gcm",
    }
    token, key = headers["authorization"].removeprefix("vapid t=").split(", k=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, base64url.decode(key))
    claims = jwt.decode(
        token, public, algorithms=["ES256"], audience="https://push.example:8443", options={"verify_exp": False}
    )
    assert claims["sub"] == "https://desk.example"
    assert claims["exp"] == int((START + timedelta(hours=12)).timestamp())
    assert json.loads(base64url.decode(token.split(".")[0]))["alg"] == "ES256"


def test_the_key_follows_from_the_secret_of_the_installation() -> None:
    one, again, other = (PushSender(secret, "c") for secret in (b"\7" * 32, b"\7" * 32, b"\xff" * 32))
    assert one.public_key == again.public_key != other.public_key
    assert len(base64url.decode(one.public_key)) == 65
