"""Mailgun: routes that forward or store mail, and webhooks of what became of ours.

documentation.mailgun.com: "Receive, forward and store" has the forms, "Webhooks" the events, "Securing webhooks" the signature.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from schemas.activity import Attachment
from services.channels.json_access import as_dict, as_int, as_list, as_str, dicts
from services.channels.live_secrets import is_live_secret
from services.channels.mail.forms import PostedForm, is_form, read_form
from services.channels.mail.json_bodies import read_object, read_signed, read_text
from services.channels.mail.message import Envelope, MailItem, MailPart, ReceivedMail
from services.channels.mail.mime import mail_of_headers, read_mime
from services.channels.mail.provider import MailProvider
from services.channels.mail.providers.decoding import file_part, notice
from services.channels.mail.providers.mailgun_events import read_event, read_legacy_event
from services.channels.mail.providers.proofs import require_fresh
from services.channels.port import (
    Account,
    InvalidPayload,
    InvalidSignature,
    MediaLocation,
    Request,
)
from services.platform.http.outgoing import PermanentSendError

_STORAGE = re.compile(r"\A[a-z0-9.-]+\.mailgun\.(net|org)")
HEADERS = (
    "from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "return-path",
    "auto-submitted", "x-autoreply", "x-auto-response-suppress", "precedence", "list-id",
)  # fmt: skip
"""The headers that are read of a form without `message-headers`."""


class Mailgun(MailProvider):
    """Its signature covers neither the body nor the address: a `path_secret` beside it is worth having."""

    proof = ("signing_key",)
    optional = ("api_key",)
    needs_proof = True
    json_bodies = False
    max_body_bytes = 40_000_000

    def verify(self, request: Request, account: Account) -> None:
        """Require the HMAC-SHA256 of timestamp and token in lower hex, and a fresh timestamp. Raises InvalidSignature.

        The token of a call is not remembered: a repeat has the ids of the first call, and changes nothing.
        """
        timestamp, token, signature = _signed_fields(request)
        signed = f"{timestamp}{token}".encode("utf-8", "surrogatepass")
        keys = account.secrets("signing_key")
        expected = [hmac.digest(key.encode(), signed, hashlib.sha256).hex() for key in keys]
        if not is_live_secret(signature, expected):
            raise InvalidSignature(
                "signature is missing or not that of timestamp and token by the account's signing_key"
            )
        require_fresh(timestamp, request, account)

    def decode(self, request: Request) -> Sequence[MailItem]:
        """The mail of a route's call, or the event of a webhook's. Raises InvalidPayload."""
        if not is_form(request):
            return read_event(as_dict(read_object(request.body).get("event-data")), request)
        form = read_form(request)
        if form.text("event") not in ("", "inbound", "stored"):
            return read_legacy_event(form, request)
        raw = form.last("body-mime")
        if raw is None and form.last("message-headers") is None and not form.text("from"):
            return [notice(request, "no_mail")]
        return [read_mime(raw.content, _envelope(form)) if raw else _read_fields(form)]


def _signed_fields(request: Request) -> tuple[str, str, str]:
    """Timestamp, token and signature; of a repeated field the last, since a customer's variables may come before.

    Raises InvalidSignature.
    """
    names = ("timestamp", "token", "signature")
    try:
        if is_form(request):
            form = read_form(request, only=names)
            return form.text(names[0]), form.text(names[1]), form.text(names[2])
        stated = as_dict(read_signed(request.body).get("signature"))
    except InvalidPayload:
        raise InvalidSignature("the call is neither a form nor JSON, so it has no signature") from None
    values = [as_str(stated.get(name)) or "" for name in names]
    return values[0], values[1], values[2]


def _envelope(form: PostedForm) -> Envelope:
    """What SMTP said. Whether the sender is proven stands in headers, where a sender can write it too."""
    sender, recipient = form.last("sender"), form.text("recipient")
    return Envelope(
        sender=form.text("sender") if sender else None,
        recipients=tuple(one.strip() for one in recipient.split(",") if one.strip()),
        stripped_text=form.text("stripped-text") or None,
    )


def _read_fields(form: PostedForm) -> ReceivedMail:
    """The mail of a fully parsed form. Mailgun has decoded all of it into UTF-8."""
    return mail_of_headers(
        list(_headers(form)),
        _envelope(form),
        text=form.text("body-plain") or None,
        html=form.text("body-html") or None,
        parts=(*_posted_files(form), *_stored_files(form)),
    )


def _headers(form: PostedForm) -> Iterator[tuple[str, str]]:
    stated = as_list(read_text(form.text("message-headers")))
    for pair in stated:
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str):
            yield pair[0], pair[1]
    if not stated:
        # Mailgun posts headers as fields as well, the same one with other capitals too.
        named = {field.name.lower(): form.text(field.name) for field in form.fields}
        yield from ((name, named[name]) for name in HEADERS if named.get(name))


def _posted_files(form: PostedForm) -> Iterator[MailPart]:
    content_ids = _content_ids(form)
    for field in form.numbered("attachment-"):
        yield file_part(field.media_type, field.content, field.file_name, content_ids.get(field.name))


def _content_ids(form: PostedForm) -> dict[str, str]:
    """Field, or address → Content-ID. The map is the other way round, and may have several empty keys, which name nothing."""
    try:
        pairs = json.loads(form.text("content-id-map") or "{}", object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return {}
    listed = [pair for pair in pairs if isinstance(pair, tuple)] if isinstance(pairs, list) else []
    return {str(field): content_id for content_id, field in listed if content_id.strip("<>")}


def _stored_files(form: PostedForm) -> Iterator[MailPart]:
    """The files of a mail that a route stored: Mailgun has them for three days, at addresses that want its API key."""
    content_ids = _content_ids(form)
    for stated in dicts(read_text(form.text("attachments"))):
        url = as_str(stated.get("url"))
        if url is not None:
            kind, name, size = stated.get("content-type"), stated.get("name"), as_int(stated.get("size"))
            yield file_part(kind, b"", name, content_ids.get(url), url=url, size=size)


def locate_stored_file(attachment: Attachment, account: Account) -> MediaLocation:
    """Where Mailgun has a file of a mail that a route stored. Raises PermanentSendError."""
    parts, key = urlsplit(attachment.url or ""), account.token("api_key")
    # The signature does not cover the address, and whoever is called gets the API key.
    is_mailgun = parts.scheme == "https" and _STORAGE.fullmatch(parts.netloc) is not None
    if attachment.url is None or not is_mailgun:
        raise PermanentSendError("not_found", "the file has no address at Mailgun")
    if not key:
        raise PermanentSendError("credentials", "the account has no api_key, which Mailgun wants for stored files")
    encoded = base64.b64encode(f"api:{key}".encode()).decode()
    return MediaLocation(attachment.url, {"authorization": f"Basic {encoded}"})
