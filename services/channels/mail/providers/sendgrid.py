"""SendGrid: Inbound Parse, and the event webhook.

twilio.com/docs/sendgrid/for-developers: "Configure the inbound parse webhook" has the form, "Securing your Inbound Parse webhooks" and
"Event webhook security features" the signature, "Event webhook reference" the events.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from email.parser import BytesHeaderParser
from email.policy import compat32

from cryptography.exceptions import InvalidSignature as NotSigned
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from services.channels.json_access import as_dict, as_str, texts
from services.channels.mail.charsets import decode_bytes
from services.channels.mail.forms import PostedForm, is_form, read_form
from services.channels.mail.json_bodies import read_document, read_text
from services.channels.mail.message import Envelope, MailItem, MailPart, ReceivedMail
from services.channels.mail.mime import mail_of_headers, read_mime
from services.channels.mail.provider import MailProvider
from services.channels.mail.providers.decoding import file_part, notice, with_proof
from services.channels.mail.providers.proofs import decode_base64, require_fresh
from services.channels.mail.providers.sendgrid_events import read_event
from services.channels.port import Account, InvalidPayload, InvalidSignature, Request

SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
TIMESTAMP_HEADER = "x-twilio-email-event-webhook-timestamp"
_DKIM = re.compile(r"(?<![^\s,{}])@([^\s:,{}]++)\s*+:\s*+pass", re.IGNORECASE)
_ARMOUR = re.compile(r"-----(BEGIN|END) PUBLIC KEY-----|\s")


class SendGrid(MailProvider):
    """Inbound Parse signs nothing unless a security policy is attached to it; a `path_secret` proves it then."""

    proof = ("public_key",)
    needs_proof = False
    json_bodies = False
    max_body_bytes = 40_000_000

    def verify(self, request: Request, account: Account) -> None:
        """Require an ECDSA signature over the timestamp and the raw body, by any live key. Raises InvalidSignature."""
        timestamp = request.headers.get(TIMESTAMP_HEADER, "")
        signature = decode_base64(request.headers.get(SIGNATURE_HEADER, ""))
        digest = _digest(timestamp.encode("utf-8", "surrogatepass"), request.body)
        # The event webhook and each policy of Inbound Parse have keys of their own, so several may be live.
        keys = [read_public_key(text) for text in account.secrets("public_key")]
        if signature is None or not any(_is_signed(signature, digest, key) for key in keys if key is not None):
            raise InvalidSignature("the signature is missing or not that of this body by the account's public_key")
        require_fresh(timestamp, request, account)

    def decode(self, request: Request) -> Sequence[MailItem]:
        """The mail of Inbound Parse, or the events of the event webhook. Raises InvalidPayload."""
        if not is_form(request):
            events = read_document(request.body)
            if not isinstance(events, list):
                raise InvalidPayload("the body is neither a form nor a JSON array of events")
            return [read_event(as_dict(one), request, number) for number, one in enumerate(events)] or [
                notice(request, "no_event")
            ]
        form = read_form(request)
        raw = form.last("email")
        if raw is None and form.last("headers") is None and not form.text("from"):
            return [notice(request, "no_mail")]
        return [_proven(read_mime(raw.content, _envelope(form)) if raw else _read_fields(form), form)]


def read_public_key(text: str) -> EllipticCurvePublicKey | None:
    """The key of an account: base64 of its DER form as SendGrid shows it, or PEM; None for anything but a P-256 key."""
    try:
        key = load_der_public_key(decode_base64(_ARMOUR.sub("", text)) or b"")
    except ValueError:
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


def check_public_key(text: str) -> str:
    """The text of a key, for an account's model. Raises ValueError for one that is none."""
    if read_public_key(text) is None:
        raise ValueError("this is no P-256 key in base64")
    return text


def _digest(timestamp: bytes, body: bytes) -> bytes:
    # Once for all keys, and without a copy of a body of 30 MB.
    digest = hashlib.sha256(timestamp)
    digest.update(body)
    return digest.digest()


def _is_signed(signature: bytes, digest: bytes, key: EllipticCurvePublicKey) -> bool:
    try:
        key.verify(signature, digest, ECDSA(Prehashed(SHA256())))
    except NotSigned:
        return False
    return True


# -- inbound parse -----------------------------------------------------------------------------------------------------


def _envelope(form: PostedForm) -> Envelope:
    stated = as_dict(read_text(form.text("envelope")))
    sender = stated.get("from")
    return Envelope(sender=sender if isinstance(sender, str) else None, recipients=tuple(texts(stated.get("to"))))


def _proven(mail: ReceivedMail, form: PostedForm) -> ReceivedMail:
    # `dkim` looks like JSON and is none: {@shop.example : pass}.
    spf, dkim = form.text("SPF"), form.text("dkim")
    return with_proof(mail, spf=spf.lower() == "pass" if spf else None, dkim=_DKIM.findall(dkim) if dkim else None)


def _read_fields(form: PostedForm) -> ReceivedMail:
    """The mail of a parsed form. Each field is in the charset that the mail had, which `charsets` names."""
    charsets = {name: as_str(value) for name, value in as_dict(read_text(form.text("charsets"))).items()}

    def text(name: str) -> str | None:
        field = form.last(name)
        return decode_bytes(field.content, charsets.get(name) or field.charset) or None if field else None

    headers = form.last("headers")
    stated = _header_block(headers.content) if headers else []
    if not any(name.lower() == "from" for name, _ in stated):
        stated += [(name, value) for name in ("from", "to", "cc", "subject") if (value := text(name))]
    return mail_of_headers(stated, _envelope(form), text=text("text"), html=text("html"), parts=tuple(_files(form)))


def _header_block(content: bytes) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in BytesHeaderParser(policy=compat32).parsebytes(content).raw_items()]


def _files(form: PostedForm) -> Iterator[MailPart]:
    described, content_ids = as_dict(read_text(form.text("attachment-info"))), _content_ids(form)
    for field in form.numbered("attachment"):
        info = as_dict(described.get(field.name))
        kind, name = as_str(info.get("type")) or field.media_type, as_str(info.get("filename")) or field.file_name
        yield file_part(kind, field.content, name, info.get("content-id") or content_ids.get(field.name))


def _content_ids(form: PostedForm) -> dict[str, str]:
    """Field → Content-ID. The map of the form is the other way round."""
    stated = as_dict(read_text(form.text("content-ids")))
    return {field: content_id for content_id, field in stated.items() if isinstance(field, str)}
