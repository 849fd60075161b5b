"""The stand-in of a mail provider takes mail by SMTP as servers do, and hands customers' mail over as Mailgun does."""

import asyncio
import hashlib
import hmac
import smtplib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

import pytest

from services.demo.faults import Fault
from services.demo.mail import FakeMail
from services.demo.mailgun import CustomerMail, webhook_form

pytestmark = pytest.mark.enable_socket

PASSWORD = "a password of the demo"
Session = Callable[[smtplib.SMTP], object]


def mail(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {
        "From": "shop@demo.example",
        "To": "neda@customers.example",
        "Subject": "سفارش",
        "Message-ID": "<1@demo.example>",
        "In-Reply-To": "<q@customers.example>",
        **headers,
    }.items():
        message[name] = value
    message.set_content("سلام\n.یک نقطه\n")
    return message


@pytest.fixture
async def server() -> AsyncIterator[tuple[FakeMail, int]]:
    fake = FakeMail(PASSWORD)
    async with fake.smtp() as url:
        yield fake, urlsplit(url).port or 0


async def said(port: int, session: Session, *, signed_in: bool = True) -> None:
    """A session of the standard library's client, which waits on a thread."""

    def run() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
            client.ehlo("client.example")
            if signed_in:
                client.login("demo", PASSWORD)
            session(client)

    await asyncio.to_thread(run)


async def test_a_mail_is_taken_and_listed_with_what_threads_it(server: tuple[FakeMail, int]) -> None:
    fake, port = server
    await said(port, lambda client: client.send_message(mail(), mail_options=["SMTPUTF8"]))
    [taken] = fake.log.items
    assert (taken["channel"], taken["from"], taken["to"]) == ("email", "shop@demo.example", ["neda@customers.example"])
    assert (taken["subject"], taken["in_reply_to"], taken["id"]) == (
        "سفارش",
        "<q@customers.example>",
        "<1@demo.example>",
    )
    assert str(taken["text"]).split() == ["سلام", ".یک", "نقطه"]


async def test_files_are_listed_by_their_names(server: tuple[FakeMail, int]) -> None:
    fake, port = server
    message = mail()
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="فاکتور.pdf")
    await said(port, lambda client: client.send_message(message))
    assert [one["files"] for one in fake.log.items] == [["فاکتور.pdf"]]


async def test_several_mails_of_one_connection_are_all_taken(server: tuple[FakeMail, int]) -> None:
    fake, port = server
    await said(port, lambda client: [client.send_message(mail()) for _ in range(3)])
    assert len({one["number"] for one in fake.log.items}) == 3


async def test_who_has_not_signed_in_sends_nothing(server: tuple[FakeMail, int]) -> None:
    fake, port = server
    with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        await said(port, lambda client: client.send_message(mail()), signed_in=False)
    assert refusal.value.smtp_code == 530
    with pytest.raises(smtplib.SMTPAuthenticationError):
        await said(port, lambda client: client.login("demo", "wrong"), signed_in=False)
    assert not fake.log.items


@pytest.mark.parametrize(("mechanism", "answers"), [("auth_plain", 1), ("auth_login", 1)])
async def test_both_ways_of_signing_in_work(server: tuple[FakeMail, int], mechanism: str, answers: int) -> None:
    _, port = server

    def sign_in(client: smtplib.SMTP) -> None:
        client.user, client.password = "demo", PASSWORD
        assert client.auth(mechanism.removeprefix("auth_").upper(), getattr(client, mechanism))[0] == 235

    await said(port, sign_in, signed_in=False)


async def test_a_mailbox_that_is_not_there_is_refused(server: tuple[FakeMail, int]) -> None:
    fake, port = server
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        await said(port, lambda client: client.send_message(mail(), to_addrs=["nobody@customers.example"]))
    assert [code for code, _ in refusal.value.recipients.values()] == [550]
    assert not fake.log.items


@pytest.mark.parametrize(
    ("kind", "code", "taken"),
    [("rate_limited", 451, 0), ("blocked", 550, 0), ("drop_after", 421, 1), ("error", 421, 0)],
)
async def test_faults_happen_on_request(server: tuple[FakeMail, int], kind: str, code: int, taken: int) -> None:
    fake, port = server
    fake.faults.append(Fault.model_validate({"kind": kind}))
    with pytest.raises(smtplib.SMTPResponseException) as refusal:
        await said(port, lambda client: client.send_message(mail()))
    assert (refusal.value.smtp_code, len(fake.log.items)) == (code, taken)


@pytest.mark.parametrize(
    "line", ["MAIL FROM:nobody", "RCPT TO:<x@y.example>", "DATA", "AUTH PLAIN ###", "AUTH X", "HOP"]
)
async def test_what_is_no_command_of_this_moment_is_an_error(server: tuple[FakeMail, int], line: str) -> None:
    fake, port = server

    def session(client: smtplib.SMTP) -> None:
        assert client.docmd(line)[0] >= 500

    await said(port, session)
    assert not fake.log.items


def test_a_mail_of_a_customer_is_signed_as_mailgun_signs() -> None:
    at = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
    written = CustomerMail(
        id="<q1@customers.example>",
        name="ندا",
        address="neda@customers.example",
        to="shop@demo.example",
        subject="سفارش",
        text="سلام\n\n> On Monday",
        at=at,
        in_reply_to="<1@demo.example>",
    )
    form = {name: values[0] for name, values in parse_qs(webhook_form(written, "key-1").decode()).items()}
    signed = hmac.new(b"key-1", (form["timestamp"] + form["token"]).encode(), hashlib.sha256).hexdigest()
    assert (form["signature"], form["timestamp"], len(form["token"])) == (signed, "1774080000", 50)
    received = message_from_bytes(form["body-mime"].encode(), EmailMessage, policy=policy.default)
    assert (received["in-reply-to"], received["message-id"]) == ("<1@demo.example>", "<q1@customers.example>")
    assert (received["subject"], received["auto-submitted"]) == ("سفارش", None)
    assert received.get_content().splitlines() == ["سلام", "", "> On Monday"]
