"""Bounces, delays and receipts of reading: which mail of ours they are about, and what they say of it."""

import pytest

from schemas.values import Failure
from services.channels.mail.message import DeliveryReport, Envelope, MailItem, Notice
from services.channels.mail.mime import read_mime
from services.channels.mail.reports import read_reports
from tests.channels.email.cases import CUSTOMER, account, bounce

OWN = "0195511e-0000-7000-8000-00000000000a@shop.example"


def reports(raw: bytes) -> list[MailItem]:
    return read_reports(read_mime(raw, Envelope()), account())


@pytest.mark.parametrize(
    ("action", "status", "state", "code"),
    [
        ("failed", "5.1.1", "failed", "not_found"),
        ("failed", "5.2.2", "failed", "mailbox_full"),
        ("failed", "5.7.1", "failed", "blocked"),
        ("failed", "5.3.4", "failed", "too_large"),
        ("failed", "4.4.7", "failed", "expired"),
        ("failed", "5.9.9", "failed", "not_found"),
        ("delivered", "2.0.0", "delivered", None),
        ("relayed", "2.0.0", "sent", None),
    ],
)
def test_an_action_is_a_state(action: str, status: str, state: str, code: str | None) -> None:
    [found] = reports(bounce(OWN, CUSTOMER, action=action, status=status))
    assert isinstance(found, DeliveryReport)
    assert (found.state, found.recipient, found.message_id) == (state, CUSTOMER, OWN)
    assert (found.failure.code if found.failure else None) == code


def test_a_delay_and_a_failed_copy_are_notices() -> None:
    assert [type(one) for one in reports(bounce(OWN, CUSTOMER, action="delayed"))] == [Notice]
    assert [type(one) for one in reports(bounce(OWN, "ben@example.org", copy="ben@example.org"))] == [Notice]


@pytest.mark.parametrize(
    "message_id",
    ["another@shop.example", OWN.replace("shop.example", "other.example"), OWN.replace("-7000-", "-4000-"), "x"],
)
def test_a_bounce_of_a_mail_that_is_not_ours_reports_nothing(message_id: str) -> None:
    assert reports(bounce(message_id, CUSTOMER)) == []


def test_each_recipient_has_a_report() -> None:
    raw = bounce(OWN, CUSTOMER).replace(
        b"\n--b\nContent-Type: message/rfc822",
        b"\nFinal-Recipient: rfc822; two@example.org\nAction: failed\nStatus: 5.2.1\n\n--b\nContent-Type: message/rfc822",
    )
    assert [one.recipient for one in reports(raw) if isinstance(one, DeliveryReport)] == [CUSTOMER, "two@example.org"]


def test_a_report_has_an_id_of_its_own_that_stays() -> None:
    found = [one for to in (CUSTOMER, CUSTOMER, "two@example.org") for one in reports(bounce(OWN, to))]
    first, again, other = (one.id for one in found if isinstance(one, DeliveryReport))
    assert first == again != other


OLD = f"""From: MAILER-DAEMON@qmail.example
To: support@shop.example
Subject: failure notice
Message-ID: <old@qmail.example>

Hi. This is the qmail-send program. <{CUSTOMER}>: Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.
Message-ID: <{OWN}>
To: {CUSTOMER}
"""


def test_a_bounce_in_words_alone_fails_the_mail_that_it_quotes() -> None:
    [found] = reports(OLD.replace("Subject", f"X-Failed-Recipients: {CUSTOMER}\nSubject").encode())
    assert isinstance(found, DeliveryReport)
    assert (found.state, found.recipient, found.failure and found.failure.code) == ("failed", CUSTOMER, "not_found")
    assert isinstance(found.failure, Failure)
    assert found.failure.detail.startswith("Hi. This is the qmail-send program.")


def test_words_of_a_person_who_quotes_our_mail_are_no_bounce() -> None:
    assert reports(OLD.replace("MAILER-DAEMON@qmail.example", CUSTOMER).encode()) == []
    assert reports(OLD.replace("failure notice", "Your question").encode()) == []
