"""What the providers' decoders share: notices, failures, times, and whether a sender's domain is proven."""

import base64
import binascii
import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from schemas.values import Failure, Json
from services.channels.json_access import as_str, number
from services.channels.mail.addresses import domain_of
from services.channels.mail.message import MailPart, Notice, ReceivedMail
from services.channels.mail.smtp_replies import basic_code, failure_code
from services.channels.port import Request

MAX_DETAIL, MAX_KIND = 300, 100


def notice(request: Request, kind: str, identity: str | None = None) -> Notice:
    """A call that says nothing for the desk. Without an id of the provider's the body itself gives it one."""
    return Notice(identity or hashlib.sha256(request.body).hexdigest(), kind[:MAX_KIND])


def failure(code: str, *details: Json) -> Failure:
    """A mail that the provider itself did not send, with the first detail that it gives: `suppressed`, or `rejected`."""
    stated = next((text for text in map(as_str, details) if text), "The provider gives no reason.")
    return Failure(code=code, detail=" ".join(stated.split())[:MAX_DETAIL])


def bounce(status: Json, *details: Json) -> Failure:
    """A mail that the recipient's server refused: the code is that of its reply (RFC 5321 or 3463), of which details tell."""
    stated = failure("rejected", *details)
    text = f"{status} {stated.detail}"
    return stated.model_copy(update={"code": failure_code(basic_code(text), text)})


def file_part(
    media_type: Json, content: bytes, name: Json, content_id: Json, *, url: str | None = None, size: int | None = None
) -> MailPart:
    """A file as a provider states it beside the mail. One with a Content-ID is shown inside the HTML."""
    kind = (as_str(media_type) or "").partition(";")[0].strip().lower()
    identity = (as_str(content_id) or "").strip("<> ") or None
    return MailPart(
        kind or "application/octet-stream", content, as_str(name) or None, identity, identity is not None, url, size
    )


def lenient_base64(text: str) -> bytes | None:
    """The bytes of base64, line breaks and strange signs left out; None for what is none."""
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return None


def bare_id(message_id: Json) -> str | None:
    """A Message-ID without its angle brackets."""
    return (as_str(message_id) or "").strip().removeprefix("<").removesuffix(">").strip() or None


def time_of_seconds(value: Json) -> datetime | None:
    """The UTC time of Unix seconds, which may have a fraction."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < 1e11 else None


def with_proof(mail: ReceivedMail, *, spf: bool | None, dkim: Collection[str] | None = None) -> ReceivedMail:
    """The mail, `authenticated` if SPF or DKIM passed for a domain that is aligned with From (RFC 7489, 3.1, relaxed).

    `dkim` are the domains of the signatures that the provider verified. None, for either: the provider reports nothing.
    """
    if mail.sender is None or (spf is None and dkim is None):
        return mail
    proven = {domain.lower() for domain in dkim or ()}
    if spf and mail.envelope.sender:
        proven.add(domain_of(mail.envelope.sender))
    sender = domain_of(mail.sender.address)
    is_proven = any(_are_aligned(sender, domain) for domain in proven)
    return replace(mail, envelope=replace(mail.envelope, authenticated=is_proven))


def _are_aligned(one: str, other: str) -> bool:
    return bool(other) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))
