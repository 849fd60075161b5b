"""A report of each provider names the mail that was sent, by an id under which its send made it known."""

import json
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pytest

from schemas.activity import Activity, Address
from schemas.conversation import Author
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.email import Email
from services.channels.mail.compose import compose
from services.channels.port import Account, SendReceipt
from services.platform.core.identifiers import random_id
from tests.channels.email.smtp_server import MailHttp, MailServer
from tests.channels.mail.providers import calls

CUSTOMER = "mina@karimi.example"


def message() -> OutboundMessage:
    return OutboundMessage(
        id=random_id(calls.RECEIVED),
        conversation="c-1",
        key=f"shop/email:main:{CUSTOMER}",
        workspace="shop",
        channel="email",
        account="main",
        surface="private",
        address=Address(chat=CUSTOMER),
        author=Author(kind="agent", id="sara", name="Sara"),
        text=EncryptedText(text="It is on its way."),
        accepted_at=calls.RECEIVED - timedelta(minutes=1),
    )


def headers_of(sent: OutboundMessage, account: Account) -> dict[str, str]:
    """The headers of the mail as its provider gets it."""
    written = message_from_bytes(compose(sent, account, ()).content, policy=SMTP)
    return {name: str(value) for name, value in written.items()}


def receipt(provider: str, body: Any) -> Activity:
    made = {
        "mailgun": lambda: calls.call(json.dumps(body).encode(), "application/json"),
        "sendgrid": lambda: calls.sendgrid_signed(calls.call(json.dumps([body]).encode(), "application/json")),
        "postmark": lambda: calls.call(json.dumps(body).encode(), "application/json"),
        "ses": lambda: calls.sns_call(calls.sns_envelope(Message=json.dumps(body))),
    }[provider]()
    (found,) = Email().parse(made, calls.account(provider))
    return found


def report_of(provider: str, headers: dict[str, str]) -> Any:
    """What a provider reports of a mail with these headers."""
    identity = headers["Message-ID"]
    return {
        "mailgun": {
            "event-data": {
                "event": "delivered",
                "id": "1",
                "timestamp": 1772366400.5,
                "recipient": CUSTOMER,
                # Mailgun leaves the angle brackets out.
                "message": {"headers": {"message-id": identity.strip("<>")}},
            }
        },
        "sendgrid": {"event": "delivered", "sg_event_id": "1", "email": CUSTOMER, "smtp-id": identity},
        "postmark": {
            "RecordType": "Delivery",
            "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
            "Recipient": CUSTOMER,
            "Metadata": {"message-id": headers.get("X-PM-Metadata-message-id", "")},
        },
        "ses": {
            "notificationType": "Delivery",
            "mail": {"messageId": "0102018-ses", "headers": [{"name": "Message-ID", "value": identity}]},
            "delivery": {"recipients": [CUSTOMER]},
        },
    }[provider]


async def send(sent: OutboundMessage, account: Account, server: MailServer) -> SendReceipt:
    return await Email().send(sent, account, MailHttp(server))


@pytest.mark.parametrize("provider", sorted(calls.PROOFS))
async def test_a_report_names_the_mail_by_an_alias_of_its_send_and_by_our_own_id(provider: str) -> None:
    sent, account = message(), calls.account(provider, smtp_url="smtp://u:p@smtp.shop.example:587")
    made = await send(sent, account, MailServer())
    found = receipt(provider, report_of(provider, headers_of(sent, account)))
    assert (found.kind, found.receipt_state, found.person) == ("receipt", "delivered", f"email:main:{CUSTOMER}")
    assert found.message in made.aliases
    assert found.aliases == [sent.id]


def test_only_mails_by_postmark_have_its_metadata() -> None:
    sent = message()
    named = {
        provider: "X-PM-Metadata-message-id" in headers_of(sent, calls.account(provider)) for provider in calls.PROOFS
    }
    assert named == {"mailgun": False, "sendgrid": False, "postmark": True, "ses": False}


async def test_a_report_of_ses_without_headers_names_the_mail_by_the_id_that_ses_gave_it() -> None:
    given = "0102019000aabbcc-01234567-89ab-cdef-0123-456789abcdef-000000"
    host = "email-smtp.eu-west-1.amazonaws.com"
    account = calls.account("ses", smtp_url=f"smtps://u:p@{host}")
    made = await send(message(), account, MailServer(replies={".": f"250 Ok {given}"}))
    mail = {"messageId": given, "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/shop.example"}
    found = receipt("ses", {"notificationType": "Delivery", "mail": mail, "delivery": {"recipients": [CUSTOMER]}})
    assert found.message in made.aliases


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid", "ses"])
def test_a_report_on_a_newsletter_by_the_same_provider_is_no_receipt(provider: str) -> None:
    found = receipt(provider, report_of(provider, {"Message-ID": "<20260203192638.000be97f@shop.example>"}))
    assert (found.kind, found.details) == ("unknown", {"type": "report delivered"})
