"""Web Push: a message for one browser, which its push service cannot read (RFC 8291, RFC 8188), and who sends it (RFC 8292)."""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.platform.core import base64url

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the group of P-256: private keys are below it."""
PUBLIC_KEY_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16
RECORD_BYTES = 4096
MAX_PLAINTEXT = 2000
"""Push services take 4,096 bytes, those of some telephones 3,000."""
TOKEN_VALID = timedelta(hours=12)
"""RFC 8292 allows 24 hours."""


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where a browser takes messages, and the keys by which it opens them."""

    endpoint: str
    p256dh: bytes
    auth: bytes


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as an uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def subscription_of(endpoint: str, p256dh: str, auth: str) -> PushSubscription:
    """A subscription as a browser writes it. Raises ValueError for keys that are none."""
    point, secret = base64url.decode(p256dh), base64url.decode(auth)
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    if len(point) != PUBLIC_KEY_BYTES or len(secret) != AUTH_BYTES:
        raise ValueError("keys of another length")
    return PushSubscription(endpoint, point, secret)


def encrypt(
    subscription: PushSubscription,
    plaintext: bytes,
    *,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """A message that this browser alone opens: one record. `sender` and `salt` are new for each message."""
    if len(plaintext) > MAX_PLAINTEXT:
        raise ValueError("too long for one message")
    own, mixed = sender or ec.generate_private_key(CURVE), salt or os.urandom(SALT_BYTES)
    own_public = public_bytes(own.public_key())
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, subscription.p256dh)
    shared = own.exchange(ec.ECDH(), receiver)
    info = b"WebPush: info\x00" + subscription.p256dh + own_public
    material = _derive(shared, subscription.auth, info, 32)
    key = _derive(material, mixed, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(material, mixed, b"Content-Encoding: nonce\x00", 12)
    # 2 ends the last record.
    sealed = AESGCM(key).encrypt(nonce, plaintext + b"\x02", None)
    return mixed + struct.pack("!LB", RECORD_BYTES, len(own_public)) + own_public + sealed


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


class PushSender:
    """Who sends: the key pair of the installation, whose public half browsers subscribe with."""

    def __init__(self, secret: bytes, contact: str) -> None:
        """`secret`: 32 random bytes, from which the private key follows. `contact`: where push services may complain."""
        self._key = ec.derive_private_key(int.from_bytes(secret) % (ORDER - 1) + 1, CURVE)
        self._contact = contact
        self._public = base64url.encode(public_bytes(self._key.public_key()))

    @property
    def public_key(self) -> str:
        """What a browser subscribes with (`applicationServerKey`)."""
        return self._public

    def headers(self, endpoint: str, now: datetime, *, ttl_seconds: int, topic: str, urgency: str) -> Mapping[str, str]:
        """The headers of a message to an endpoint (RFC 8030). One that waits is replaced by a later one of the same `topic`."""
        where = urlsplit(endpoint)
        claims = {"aud": f"{where.scheme}://{where.netloc}", "exp": now + TOKEN_VALID, "sub": self._contact}
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return {
            "authorization": f"vapid t={token}, k={self._public}",
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(ttl_seconds),
            "topic": topic,
            "urgency": urgency,
        }
