"""Authentic calls of the four providers, made of the fixtures in `tests/channels/email/payloads`. Keys are made anew at each run.

`{provider}_*.fields.json` are the fields of a form in their order, each a name and a text, bytes or a file;
`{provider}_*.multipart` is a form as it is posted; every other fixture is JSON. A fixture of `ses` is what SES publishes, which
SNS wraps and signs here.
"""

import base64
import functools
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import CertificateBuilder, Name, NameAttribute, random_serial_number
from cryptography.x509.oid import NameOID

from schemas.configuration import AccountBody
from services.channels.port import Account, Request

PAYLOADS = Path(__file__).parents[2] / "email" / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = str(int(RECEIVED.timestamp()))
SIGNING_KEY, TOKEN = "mg-0123456789abcdef", "5f" * 25
BASIC_USER, BASIC_PASSWORD = "mail-caller", "a-long-password-of-ours"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
SENDGRID_SIGNATURE, SENDGRID_TIMESTAMP = (
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
)
BOUNDARY = "xYzZY"


def account(provider: str, **credentials: object) -> Account:
    """An account of a provider with its proof and nothing else; `settings` are no credential."""
    settings = credentials.pop("settings", {})
    stated = {"provider": provider, "from_address": "support@shop.example", **PROOFS[provider](), **credentials}
    return Account("shop", "email", "main", AccountBody.model_validate({"credentials": stated, "settings": settings}))


def call(body: bytes, content_type: str, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "/webhooks/email/shop/main", {}, {"content-type": content_type, **named}, body, RECEIVED)


def encoded(content: bytes) -> str:
    """Base64, as fixtures and JSON have bytes."""
    return base64.b64encode(content).decode()


def fixture_call(path: Path) -> Request:
    """An authentic call with a fixture."""
    made: Request = CALLS[path.name.partition("_")[0]](path)
    return made


def fixture(name: str) -> Request:
    """An authentic call with the fixture of this file name."""
    return fixture_call(PAYLOADS / name)


# -- forms -------------------------------------------------------------------------------------------------------------


def form_call(fields: list[tuple[str, Any]]) -> Request:
    """A form: multipart where a field is a file, else urlencoded. Any: a text, bytes in base64, or a file."""
    if any(isinstance(value, dict) and "file" in value for _, value in fields):
        return call(_multipart(fields), f'multipart/form-data; boundary="{BOUNDARY}"')
    body = urlencode([(name, _content(value)) for name, value in fields])
    return call(body.encode(), "application/x-www-form-urlencoded; charset=utf-8")


def _multipart(fields: list[tuple[str, Any]]) -> bytes:
    lines: list[bytes] = []
    for name, value in fields:
        stated = value if isinstance(value, dict) else {}
        file = f'; filename="{stated["file"]}"' if "file" in stated else ""
        kind = f"Content-Type: {stated['type']}\r\n" if "type" in stated else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{kind}\r\n'
        lines += [head.encode(), _content(value), b"\r\n"]
    return b"".join([*lines, f"--{BOUNDARY}--\r\n".encode()])


def _content(value: Any) -> bytes:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else str(value).encode()


def _fields(path: Path) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in json.loads(path.read_text())]


# -- mailgun -----------------------------------------------------------------------------------------------------------


def mailgun_signature(timestamp: str = NOW, token: str = TOKEN, key: str = SIGNING_KEY) -> dict[str, str]:
    """The three fields by which Mailgun proves itself."""
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": timestamp, "token": token, "signature": signature}


def mailgun(path: Path, signed: Mapping[str, str] | None = None) -> Request:
    proof = dict(mailgun_signature() if signed is None else signed)
    if path.name.endswith(".fields.json"):
        return form_call([*_fields(path), *proof.items()])
    body = {**json.loads(path.read_text()), "signature": proof}
    return call(json.dumps(body).encode(), "application/json")


def mailgun_event(event: str, message_id: str | None, recipient: str, **fields: object) -> Request:
    """The call of a webhook of Mailgun's about a mail of ours."""
    headers = {"message": {"headers": {"message-id": message_id}}} if message_id else {}
    data = {"event": event, "id": event, "timestamp": int(NOW) + 60, "recipient": recipient, **headers, **fields}
    body = {"signature": mailgun_signature(), "event-data": data}
    return call(json.dumps(body).encode(), "application/json")


# -- sendgrid ----------------------------------------------------------------------------------------------------------


@functools.cache
def sendgrid_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def public_key(key: EllipticCurvePrivateKey) -> str:
    """The public key as SendGrid's pages show it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded(der)


def sendgrid_signed(request: Request, key: EllipticCurvePrivateKey | None = None, timestamp: str = NOW) -> Request:
    """The call with a signature of SendGrid's over its timestamp and body."""
    signature = (key or sendgrid_key()).sign(timestamp.encode() + request.body, ECDSA(SHA256()))
    proof = {SENDGRID_SIGNATURE: base64.b64encode(signature).decode(), SENDGRID_TIMESTAMP: timestamp}
    return replace(request, headers={**request.headers, **proof})


def sendgrid(path: Path) -> Request:
    if path.name.endswith(".fields.json"):
        return sendgrid_signed(form_call(_fields(path)))
    if path.suffix == ".multipart":
        return sendgrid_signed(call(path.read_bytes(), f"multipart/form-data; boundary={BOUNDARY}"))
    # The event webhook ends its bodies with CRLF, which is signed too.
    return sendgrid_signed(call(path.read_bytes().rstrip() + b"\r\n", "application/json"))


# -- postmark ----------------------------------------------------------------------------------------------------------


def basic(user: str = BASIC_USER, password: str = BASIC_PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def postmark(path: Path) -> Request:
    return call(path.read_bytes(), "application/json", authorization=basic())


# -- ses ---------------------------------------------------------------------------------------------------------------


@functools.cache
def sns_key() -> RSAPrivateKey:
    return generate_rsa_key(65537, 2048)


def certificate(key: RSAPrivateKey | EllipticCurvePrivateKey) -> bytes:
    """A certificate of a key, as the address in a call of SNS gives it."""
    name = Name([NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = CertificateBuilder(
        name, name, key.public_key(), random_serial_number(), RECEIVED, RECEIVED + timedelta(365)
    )
    return built.sign(key, SHA256()).public_bytes(Encoding.PEM)


@functools.cache
def sns_certificate() -> bytes:
    return certificate(sns_key())


def sns_signature(envelope: Mapping[str, str], key: RSAPrivateKey | None = None) -> str:
    """The signature over the canonical text, written out here as Amazon's documents describe it."""
    names = ["Message", "MessageId"]
    if envelope["Type"] == "Notification":
        names += ["Subject"] if "Subject" in envelope else []
    else:
        names += ["SubscribeURL"]
    names += ["Timestamp"] if envelope["Type"] == "Notification" else ["Timestamp", "Token"]
    names += ["TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names)
    algorithm = SHA1() if envelope["SignatureVersion"] == "1" else SHA256()  # noqa: S303 -- version 1 is SHA-1
    return base64.b64encode((key or sns_key()).sign(text.encode(), PKCS1v15(), algorithm)).decode()


def sns_envelope(**fields: str) -> dict[str, str]:
    """An envelope of SNS without its signature."""
    return {
        "Type": "Notification",
        "MessageId": "8d9b2f3a-0000-5000-8000-000000000001",
        "TopicArn": TOPIC,
        "Message": "{}",
        "Timestamp": "2026-03-01T11:59:59.123Z",
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
    } | fields


def sns_call(envelope: Mapping[str, str], *, key: RSAPrivateKey | None = None, pem: bytes | None = None) -> Request:
    """A call of SNS with an envelope, which is signed here unless it has a signature."""
    whole = {"Signature": sns_signature(envelope, key), **envelope} if "Signature" not in envelope else dict(envelope)
    headers = {"x_amz_sns_message_type": whole["Type"], "x_amz_sns_message_id": whole["MessageId"]}
    made = call(json.dumps(whole).encode(), "text/plain; charset=UTF-8", **headers)
    return replace(made, public_keys={whole["SigningCertURL"]: pem or sns_certificate()})


def ses(path: Path) -> Request:
    stated = json.loads(path.read_text())
    # Each notification has an id of its own, the same at every repeat.
    identity = {"MessageId": f"sns-{path.stem}"}
    if isinstance(stated, dict) and "Type" in stated:
        return sns_call(sns_envelope(**stated, **identity))
    # A mail that SES publishes has a subject in the envelope, everything else has none.
    received = isinstance(stated, dict) and "content" in stated
    subject = {"Subject": "Amazon SES Email Receipt Notification"} if received else {}
    message = stated if isinstance(stated, str) else json.dumps(stated)
    return sns_call(sns_envelope(Message=message, **identity, **subject))


PROOFS: Mapping[str, Any] = {
    "mailgun": lambda: {"signing_key": SIGNING_KEY},
    "sendgrid": lambda: {"public_key": public_key(sendgrid_key())},
    "postmark": lambda: {"basic_user": BASIC_USER, "basic_password": BASIC_PASSWORD},
    "ses": lambda: {"topic_arn": TOPIC},
}
"""Provider → the credentials that prove its calls."""
CALLS: Mapping[str, Any] = {"mailgun": mailgun, "sendgrid": sendgrid, "postmark": postmark, "ses": ses}
"""Provider → the call of a fixture of its."""
