"""Which mails a machine wrote, by each header that says so."""

import pytest

from services.channels.mail.automatic import is_automatic
from services.channels.mail.message import Envelope, ReceivedMail
from services.channels.mail.mime import read_mime


def mail(headers: str, sender: str = "sara@example.org", **envelope: str) -> ReceivedMail:
    return read_mime(f"From: {sender}\n{headers}\n\nhello\n".encode(), Envelope(sender=envelope.get("sender")))


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "AUTO-SUBMITTED: auto-generated; type=x",
        "X-Autoreply: yes",
        "X-Autorespond: on holiday",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Precedence: bulk",
        "Precedence: LIST",
        "Precedence: junk",
        "Precedence: auto_reply",
        "List-Id: <news.example.org>",
        "Return-Path: <>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        "X-Failed-Recipients: a@example.org",
    ],
)
def test_a_header_says_that_a_machine_wrote(header: str) -> None:
    assert is_automatic(mail(header))


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No (a person)",
        "X-Auto-Response-Suppress: None",
        "Precedence: first-class",
        "Return-Path: <sara@example.org>",
        "List-Unsubscribe: <mailto:x@example.org>",
        "Subject: Automatic reply",
    ],
)
def test_a_header_says_nothing_of_the_kind(header: str) -> None:
    assert is_automatic(mail(header)) is False


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example.org", "postmaster@example.org", "bounce+17@example.org"])
def test_machines_have_addresses_of_their_own(sender: str) -> None:
    assert is_automatic(mail("Subject: x", sender))


def test_a_mail_that_the_provider_took_from_nobody_is_a_machines() -> None:
    assert is_automatic(mail("Subject: x", sender="sara@example.org")) is False
    assert is_automatic(read_mime(b"From: sara@example.org\n\nhi", Envelope(sender="")))


def test_a_group_that_is_the_shops_mailbox_hands_on_what_people_write() -> None:
    group = mail("List-ID: Support <support.shop.example>\nPrecedence: list\nX-Google-Group-Id: 1")
    assert is_automatic(group)
    assert is_automatic(group, ["other@shop.example"])
    assert is_automatic(group, ["support@shop.example"]) is False
    assert is_automatic(mail("List-ID: <support.shop.example>\nAuto-Submitted: auto-replied"), ["support@shop.example"])
