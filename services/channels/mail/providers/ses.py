"""Amazon SES through SNS: mail that a receipt rule publishes, and notifications of what became of ours.

docs.aws.amazon.com/ses/latest/dg: `receiving-email-notifications-contents.html`, `notification-contents.html`,
`event-publishing-retrieving-sns-contents.html`.
"""

from collections.abc import Callable, Mapping, Sequence

from schemas.values import Failure, Json
from services.channels.json_access import as_dict, as_str, dicts, iso_time, texts
from services.channels.mail.json_bodies import read_object, read_text
from services.channels.mail.message import DeliveryReport, Envelope, MailItem, Notice, ReportState
from services.channels.mail.mime import read_mime
from services.channels.mail.provider import MailProvider
from services.channels.mail.providers.decoding import (
    bare_id,
    bounce,
    failure,
    lenient_base64,
    notice,
    with_proof,
)
from services.channels.mail.providers.proofs import require_basic
from services.channels.mail.providers.sns import (
    SUBSCRIPTION,
    TYPE_HEADER,
    certificate_url,
    is_sns_url,
    read_envelope,
    require_topic,
    verify_envelope,
)
from services.channels.port import Account, InvalidSignature, Request, WebhookResponse
from services.domain.account_phrases import ADVICE

Event = Mapping[str, Json]
NO_CONTENT = "mail_without_content"
"""The notice of a mail that SES has put somewhere else."""
WHAT_TO_CHANGE = ADVICE["ses_bucket"]["en"]


class Ses(MailProvider):
    """SNS signs every call. A user and password in the subscribed address are checked where the account has them."""

    proof = ("topic_arn",)
    optional = ("basic_user", "basic_password")
    needs_proof = True
    json_bodies = True
    # SNS takes 256 kB, and SES publishes mails of at most 150 kB; base64 and JSON make that longer.
    max_body_bytes = 1_000_000

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        """The certificate that the call names, on a host of SNS; none is fetched for another's topic. Raises InvalidSignature."""
        return (certificate_url(_own_envelope(request, account)),)

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """Confirm a subscription to the account's own topic; None for any other call. Raises InvalidSignature."""
        if request.headers.get(TYPE_HEADER) != SUBSCRIPTION:
            return None
        envelope = _own_envelope(request, account)
        verify_envelope(envelope, request)
        url = as_str(envelope.get("SubscribeURL")) or ""
        if not is_sns_url(url):
            raise InvalidSignature("SubscribeURL is no address of SNS")
        return WebhookResponse(200, b"", confirm_url=url)

    def verify(self, request: Request, account: Account) -> None:
        """Require Amazon's signature and the account's own topic. Raises InvalidSignature."""
        verify_envelope(_own_envelope(request, account), request)

    def decode(self, request: Request) -> Sequence[MailItem]:
        """The mail of a notification, or its reports. Raises InvalidPayload."""
        envelope = read_object(request.body)
        # Without a type it is what SES published, as its own documents and examples show it.
        kind = as_str(envelope.get("Type"))
        event = as_dict(read_text(as_str(envelope.get("Message")) or "")) if kind else envelope
        identity = as_str(envelope.get("MessageId"))
        stated = as_str(event.get("notificationType")) or as_str(event.get("eventType"))
        read = READERS.get(stated or "")
        items = read(event) if read else []
        return items or [notice(request, stated or kind or "unknown", identity)]


def _own_envelope(request: Request, account: Account) -> dict[str, Json]:
    """The JSON of a call that is for the account, as far as the call itself says. Raises InvalidSignature.

    SNS sends a user and password only when it is asked for them, so a call without them is challenged.
    """
    if account.secrets("basic_user"):
        require_basic(request, account)
    envelope = read_envelope(request)
    require_topic(envelope, account)
    return envelope


# -- received mail -----------------------------------------------------------------------------------------------------


def _received(event: Event) -> Sequence[MailItem]:
    """The mail of a receipt rule's SNS action.

    An S3 action leaves it in a bucket, which takes credentials of AWS to read: it is a notice, and stays in the bucket.
    """
    mail, receipt = as_dict(event.get("mail")), as_dict(event.get("receipt"))
    content, encoding = as_str(event.get("content")), as_dict(receipt.get("action")).get("encoding")
    identity = as_str(mail.get("messageId"))
    if content is None:
        return [Notice(f"{identity}:content", NO_CONTENT, WHAT_TO_CHANGE)]
    recipients = texts(receipt.get("recipients")) or texts(mail.get("destination"))
    envelope = Envelope(
        sender=as_str(mail.get("source")),
        recipients=tuple(recipients),
        authenticated=True if _verdict(receipt, "dmarcVerdict") else None,
    )
    decoded = lenient_base64(content) if encoding == "BASE64" else None
    read = read_mime(content.encode("utf-8", "surrogatepass") if decoded is None else decoded, envelope)
    return [read if envelope.authenticated else with_proof(read, spf=_verdict(receipt, "spfVerdict"))]


def _verdict(receipt: Event, name: str) -> bool | None:
    """Whether a check passed; None where SES could not say (GRAY, PROCESSING_FAILED, or disabled)."""
    return {"PASS": True, "FAIL": False}.get(as_str(as_dict(receipt.get(name)).get("status")) or "")


# -- what became of our mails ------------------------------------------------------------------------------------------


def _reports(
    event: Event, state: ReportState, part: str, recipients: Sequence[str], reasons: Sequence[Failure | None] = ()
) -> Sequence[MailItem]:
    """One report for each recipient. `part` is the object of the event that has its time."""
    mail = as_dict(event.get("mail"))
    at = as_str(as_dict(event.get(part)).get("timestamp")) or as_str(mail.get("timestamp"))
    sent = as_str(mail.get("messageId")) or ""
    return [
        DeliveryReport(
            id=":".join((sent, part, state, recipient, at or "")),
            state=state,
            recipient=recipient,
            message_id=_original_id(mail) or _assigned_id(mail),
            failure=reasons[number] if number < len(reasons) else None,
            at=iso_time(at),
        )
        for number, recipient in enumerate(recipients)
    ]


def _original_id(mail: Event) -> str | None:
    """The Message-ID that we gave the mail: SES replaces it, and repeats ours where notifications include headers."""
    for header in dicts(mail.get("headers")):
        if (as_str(header.get("name")) or "").lower() == "message-id":
            return bare_id(header.get("value"))
    return None


def _assigned_id(mail: Event) -> str | None:
    """The Message-ID that SES gave the mail. Its domain names the region, but that of us-east-1."""
    sent, arn = as_str(mail.get("messageId")), (as_str(mail.get("sourceArn")) or "").split(":")
    region = arn[3] if len(arn) > 3 else ""
    return f"{sent}@{'email' if region in ('', 'us-east-1') else region}.amazonses.com" if sent else None


def _all_recipients(event: Event) -> list[str]:
    return texts(as_dict(event.get("mail")).get("destination"))


def _people(event: Event, part: str, name: str) -> list[dict[str, Json]]:
    return [one for one in dicts(as_dict(event.get(part)).get(name)) if as_str(one.get("emailAddress"))]


def _addresses(people: Sequence[Event]) -> list[str]:
    return [as_str(one.get("emailAddress")) or "" for one in people]


def _bounced(event: Event) -> Sequence[MailItem]:
    """The people who did not get the mail. An automatic answer is a transient bounce too, but failed nothing."""
    stated = as_dict(event.get("bounce"))
    is_final, kind = stated.get("bounceType") != "Transient", as_str(stated.get("bounceSubType")) or ""
    people = [one for one in _people(event, "bounce", "bouncedRecipients") if is_final or one.get("action") == "failed"]
    reasons = [_bounce_reason(one, kind) for one in people]
    return _reports(event, "failed", "bounce", _addresses(people), reasons)


def _bounce_reason(person: Event, kind: str) -> Failure:
    # SES does not even try an address on its suppression list, and calls that a bounce.
    if "Suppress" in kind:
        return failure(
            "suppressed", person.get("diagnosticCode"), "The address is on a suppression list of Amazon SES."
        )
    return bounce(person.get("status"), person.get("diagnosticCode"), kind)


def _complained(event: Event) -> Sequence[MailItem]:
    """The people who may have complained: SES lists all that have a mailbox at the provider who reports one."""
    complaint = as_dict(event.get("complaint"))
    if complaint.get("complaintFeedbackType") == "not-spam":
        return []
    people = _addresses(_people(event, "complaint", "complainedRecipients"))
    if complaint.get("complaintSubType") == "OnAccountSuppressionList":
        reason = failure("suppressed", "The address is on the suppression list of the account at Amazon SES.")
        return _reports(event, "failed", "complaint", people, [reason] * len(people))
    return _reports(event, "complained", "complaint", people)


def _refused(event: Event) -> Sequence[MailItem]:
    """A mail that SES accepted and did not send: a virus, or a template that cannot be filled."""
    people = _all_recipients(event)
    reject, rendering = as_dict(event.get("reject")), as_dict(event.get("failure"))
    reason = failure("rejected", reject.get("reason"), rendering.get("errorMessage"))
    return _reports(event, "failed", "reject", people, [reason] * len(people))


def _subscription(event: Event) -> Sequence[MailItem]:
    """A person who unsubscribed from everything. Preferences by topic say nothing of answers to a customer's own mail."""
    preferences = as_dict(as_dict(event.get("subscription")).get("newTopicPreferences"))
    has_unsubscribed = preferences.get("unsubscribeAll") is True
    return _reports(event, "unsubscribed", "subscription", _all_recipients(event)) if has_unsubscribed else []


READERS: Mapping[str, Callable[[Event], Sequence[MailItem]]] = {
    "Received": _received,
    "Bounce": _bounced,
    "Complaint": _complained,
    "Delivery": lambda event: _reports(
        event, "delivered", "delivery", texts(as_dict(event.get("delivery")).get("recipients"))
    ),
    "Send": lambda event: _reports(event, "sent", "send", _all_recipients(event)),
    "Open": lambda event: _reports(event, "read", "open", _all_recipients(event)),
    "Reject": _refused,
    "Rendering Failure": _refused,
    "Subscription": _subscription,
}
"""The type of a notification or event → what it says. `Click` and `DeliveryDelay` say nothing that the desk shows."""
