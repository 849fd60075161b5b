"""Mailgun's events: what became of mails of ours (documentation.mailgun.com, "Webhook payloads" and "Event types")."""

from collections.abc import Mapping, Sequence

from schemas.values import Failure, Json
from services.channels.json_access import as_dict, as_str
from services.channels.mail.addresses import read_mailboxes
from services.channels.mail.forms import PostedForm
from services.channels.mail.message import DeliveryReport, MailItem, ReportState
from services.channels.mail.providers.decoding import bare_id, bounce, failure, notice, time_of_seconds
from services.channels.port import Request

STATES: Mapping[str, ReportState] = {
    "accepted": "sent",
    "delivered": "delivered",
    "opened": "read",
    "failed": "failed",
    "rejected": "failed",
    "complained": "complained",
    "unsubscribed": "unsubscribed",
    # The names of the webhooks before 2018, which some accounts still have.
    "bounced": "failed",
    "dropped": "failed",
}
"""What else there is (`clicked`, `stored`, ...) says nothing of a mail that the desk shows."""


def read_event(event: Mapping[str, Json], request: Request) -> Sequence[MailItem]:
    """The report of a webhook's `event-data`; a notice where it is about nothing that we sent."""
    kind = as_str(event.get("event")) or "unknown"
    # An id alone is unique for a day.
    stated = as_str(event.get("id"))
    identity = f"{stated}:{event.get('timestamp')}" if stated else notice(request, kind).id
    flags, headers = as_dict(event.get("flags")), as_dict(as_dict(event.get("message")).get("headers"))
    state = STATES.get(kind)
    # Mailgun tries again after a temporary failure. A routed mail is a customer's on its way to us, not one of ours.
    is_final = event.get("severity") != "temporary" and flags.get("is-routed") is not True
    recipient = as_str(event.get("recipient")) or _first_address(as_str(headers.get("to")))
    if state is None or not is_final or not recipient:
        return [notice(request, kind, identity)]
    return [
        DeliveryReport(
            id=identity,
            state=state,
            recipient=recipient,
            message_id=bare_id(headers.get("message-id")),
            failure=_failure(kind, event) if state == "failed" else None,
            at=time_of_seconds(event.get("timestamp")),
        )
    ]


def _first_address(value: str | None) -> str | None:
    return next((box.address for box in read_mailboxes([value])), None) if value else None


def _failure(kind: str, event: Mapping[str, Json]) -> Failure:
    status = as_dict(event.get("delivery-status"))
    reason = as_str(event.get("reason")) or ""
    details = (status.get("message"), status.get("description"), as_dict(event.get("reject")).get("reason"), reason)
    if kind == "rejected" or reason.startswith("suppress-"):
        return failure("rejected" if kind == "rejected" else "suppressed", *details)
    return bounce(status.get("enhanced-code") or status.get("code"), *details)


def _legacy_failure(form: PostedForm) -> Failure:
    code = form.first_text("code")
    details = [form.first_text(name) for name in ("error", "notification", "description", "reason")]
    # Codes from 600 are Mailgun's own: it did not even try.
    return failure("suppressed", *details) if code.startswith("6") else bounce(code, *details)


def read_legacy_event(form: PostedForm, request: Request) -> Sequence[MailItem]:
    """The report of a form with an `event`. A customer's variables follow Mailgun's fields, so the first of a name counts."""
    kind = form.first_text("event")
    state, recipient = STATES.get(kind), form.first_text("recipient")
    if state is None or not recipient:
        return [notice(request, kind)]
    seconds = form.text("timestamp")
    return [
        DeliveryReport(
            # Mailgun's variables are repeated behind its own; the three fields of the signature come last of all.
            id=form.text("token"),
            state=state,
            recipient=recipient,
            message_id=bare_id(form.first_text("Message-Id") or form.first_text("message-id")),
            failure=_legacy_failure(form) if state == "failed" else None,
            at=time_of_seconds(int(seconds)) if seconds.isascii() and seconds.isdigit() else None,
        )
    ]
