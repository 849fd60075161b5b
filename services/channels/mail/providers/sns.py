"""Amazon SNS over HTTPS: who signs a notification, and which subscription is confirmed.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html has the algorithm, `http-notification-json.html` and
`http-subscription-confirmation-json.html` beside it the bodies.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature as NotSigned
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate

from schemas.values import Json
from services.channels.json_access import as_str
from services.channels.live_secrets import is_live_secret
from services.channels.mail.json_bodies import read_signed
from services.channels.mail.providers.proofs import decode_base64
from services.channels.port import Account, InvalidPayload, InvalidSignature, Request

TYPE_HEADER, ID_HEADER, RAW_HEADER = "x-amz-sns-message-type", "x-amz-sns-message-id", "x-amz-sns-rawdelivery"
HOST = re.compile(r"sns\.[a-zA-Z0-9\-]{3,}\.amazonaws\.com(\.cn)?")
SUBSCRIPTION, UNSUBSCRIPTION = "SubscriptionConfirmation", "UnsubscribeConfirmation"
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED_KEYS: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: _CONFIRMATION,
    UNSUBSCRIPTION: _CONFIRMATION,
}
"""The keys that are signed, in this order. Only `Subject` may be absent, and is left out then."""
HASHES: Mapping[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 -- version 1 is SHA-1
"""By SignatureVersion. Topics sign with SHA-1 until their owner chooses version 2."""


def read_envelope(request: Request) -> dict[str, Json]:
    """The JSON of a call whose headers say the same as its body. Raises InvalidSignature."""
    if request.headers.get(RAW_HEADER, "").lower() == "true":
        raise InvalidSignature("raw message delivery has no signature: turn it off in the subscription")
    try:
        envelope = read_signed(request.body)
    except InvalidPayload:
        raise InvalidSignature("the call is no JSON of SNS, so it has no signature") from None
    for header, key in ((TYPE_HEADER, "Type"), (ID_HEADER, "MessageId")):
        if request.headers.get(header) != as_str(envelope.get(key)):
            raise InvalidSignature(f"the header {header} is missing or not {key} of the body")
    return envelope


def certificate_url(envelope: Mapping[str, Json]) -> str:
    """The address of the certificate, on a host of SNS. Raises InvalidSignature for any other."""
    url = as_str(envelope.get("SigningCertURL")) or ""
    if not (is_sns_url(url) and url.endswith(".pem") and "?" not in url):
        raise InvalidSignature("SigningCertURL is no certificate on a host of SNS")
    return url


def is_sns_url(url: str) -> bool:
    """Whether an address is https on a host of SNS, without user, port or fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # Parsers differ in what they make of a backslash or a control character before the host.
    is_plain = url.isascii() and url.isprintable() and not set("\\ @#") & set(url)
    return is_plain and parts.scheme == "https" and HOST.fullmatch(parts.netloc) is not None


def require_topic(envelope: Mapping[str, Json], account: Account) -> None:
    """Require the account's own topic: Amazon signs for everybody's, so a stranger's could write to us. Raises InvalidSignature."""
    if not is_live_secret(as_str(envelope.get("TopicArn")) or "", account.secrets("topic_arn")):
        raise InvalidSignature("TopicArn is not the account's topic_arn")


def verify_envelope(envelope: Mapping[str, Json], request: Request) -> None:
    """Require Amazon's signature, by the certificate that the call names. Raises InvalidSignature."""
    algorithm = HASHES.get(as_str(envelope.get("SignatureVersion")) or "")
    signature = decode_base64(as_str(envelope.get("Signature")) or "")
    certificate = request.public_keys.get(certificate_url(envelope))
    if algorithm is None or signature is None or certificate is None:
        raise InvalidSignature("the signature, its version or its certificate is missing or not readable")
    try:
        _key(certificate).verify(signature, string_to_sign(envelope), PKCS1v15(), algorithm)
    except NotSigned:
        raise InvalidSignature("Signature is not that of this body by the certificate of SNS") from None


def _key(certificate: bytes) -> RSAPublicKey:
    try:
        key = load_pem_x509_certificate(certificate).public_key()
    except ValueError:
        raise InvalidSignature("the certificate of SNS cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise InvalidSignature("the certificate of SNS has no RSA key")
    return key


def string_to_sign(envelope: Mapping[str, Json]) -> bytes:
    """The signed text: of each signed key its name and value, each with a line feed. Raises InvalidSignature."""
    keys = SIGNED_KEYS.get(as_str(envelope.get("Type")) or "")
    if keys is None:
        raise InvalidSignature("Type is none of SNS")
    lines: list[str] = []
    for key in keys:
        value = envelope.get(key)
        if value is None and key == "Subject":
            continue
        if not isinstance(value, str):
            raise InvalidSignature(f"{key} is missing or no text, so the signature cannot be that of SNS")
        lines += [key, value]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
