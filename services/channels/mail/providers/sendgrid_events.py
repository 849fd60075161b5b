"""SendGrid's events: what became of mails of ours (twilio.com/docs/sendgrid/for-developers/tracking-events/event)."""

from collections.abc import Mapping

from schemas.values import Failure, Json
from services.channels.json_access import as_str
from services.channels.mail.message import DeliveryReport, MailItem, ReportState
from services.channels.mail.providers.decoding import bare_id, bounce, failure, notice, time_of_seconds
from services.channels.port import Request

STATES: Mapping[str, ReportState] = {
    "processed": "sent",
    "delivered": "delivered",
    "open": "read",
    "bounce": "failed",
    "dropped": "failed",
    "spamreport": "complained",
    "unsubscribe": "unsubscribed",
    "group_unsubscribe": "unsubscribed",
}
"""What else there is (`deferred`, `click`, `group_resubscribe`, ...) says nothing of a mail that the desk shows."""


def read_event(event: Mapping[str, Json], request: Request, number: int) -> MailItem:
    """The report of one event, the `number`th of its call; a notice where it is about nothing that the desk shows."""
    kind, recipient = as_str(event.get("event")) or "unknown", as_str(event.get("email"))
    identity = as_str(event.get("sg_event_id"))
    state = STATES.get(kind)
    # A mail program that fetches every picture has opened nothing.
    by_machine = event.get("sg_machine_open") is True
    if state is None or recipient is None or by_machine:
        return notice(request, kind, identity or f"{notice(request, kind).id}:{number}")
    return DeliveryReport(
        id=identity or f"{notice(request, kind).id}:{number}",
        state=state,
        recipient=recipient,
        message_id=bare_id(event.get("smtp-id")),
        failure=_failure(kind, event) if state == "failed" else None,
        at=time_of_seconds(event.get("timestamp")),
    )


def _failure(kind: str, event: Mapping[str, Json]) -> Failure:
    # `dropped`: SendGrid did not try, because of an earlier bounce, complaint or unsubscription.
    reasons = (event.get("reason"), event.get("response"))
    return failure("suppressed", *reasons) if kind == "dropped" else bounce(event.get("status"), *reasons)
