"""Answers by SMTP: the conversation with the server, what its replies mean, and the mail itself."""

import base64
import traceback
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Address, Participant
from schemas.conversation import Author
from schemas.outbound import OutboundAttachment, OutboundMessage, ReplyReference
from schemas.values import EncryptedText
from services.channels.email import Email
from services.channels.mail.compose import compose
from services.channels.mail.ids import mail_id
from services.channels.mail.message import Envelope
from services.channels.mail.mime import read_mime
from services.channels.port import Account, CredentialsRejected, OutgoingFile, SendReceipt
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.email import cases
from tests.channels.email.cases import CUSTOMER, FROM
from tests.channels.email.smtp_server import BREAK, SILENCE, MailHttp, MailServer
from tests.fakes.http import held

ID = "0195511e-0000-7000-8000-00000000000a"
PASSWORD = "smtp-pass-word"


def account(url: str = f"smtps://mailer:{PASSWORD}@smtp.shop.example", **settings: Any) -> Account:
    found = cases.account(settings=settings)
    found.body.credentials["smtp_url"] = url
    return found


def message(text: str = "It is on its way.", **changes: Any) -> OutboundMessage:
    known: dict[str, Any] = {
        "id": ID,
        "conversation": "c-1",
        "key": f"shop/email:main:{CUSTOMER}",
        "workspace": "shop",
        "channel": "email",
        "account": "main",
        "surface": "private",
        "address": Address(chat=CUSTOMER),
        "author": Author(kind="agent", id="sara", name="Sara"),
        "text": EncryptedText(text=text),
        "accepted_at": cases.RECEIVED,
        "in_reply_to": ReplyReference(platform_id="first@mail.example.org", subject="Order", references=["zero@x"]),
    }
    return OutboundMessage.model_validate({**known, **changes})


async def sent(
    server: MailServer, of: Account | None = None, files: Sequence[OutgoingFile] = (), **changes: Any
) -> SendReceipt:
    email, to = Email(), of or account()
    if files:
        return await email.send_files(message(**changes), files, to, MailHttp(server))
    return await email.send(message(**changes), to, MailHttp(server))


# -- the conversation with the server ------------------------------------------------------------------------------------


async def test_a_mail_is_submitted_over_tls_after_a_login() -> None:
    server = MailServer()
    receipt = await sent(server)
    assert server.targets == [("smtp.shop.example", 465, True)]
    assert server.logins == [f"\0mailer\0{PASSWORD}"]
    assert [line.split(" SIZE")[0] for line in server.commands] == [
        "EHLO pasokh.invalid",
        "AUTH PLAIN",
        f"MAIL FROM:<{FROM}>",
        f"RCPT TO:<{CUSTOMER}>",
        "DATA",
        "QUIT",
    ]
    assert receipt == SendReceipt(f"{ID}@shop.example", aliases=(mail_id(account(), f"{ID}@shop.example"),))
    assert server.is_closed


async def test_smtp_is_encrypted_before_the_login() -> None:
    server = MailServer()
    await sent(server, account(f"smtp://mailer:{PASSWORD}@smtp.shop.example"))
    assert server.targets == [("smtp.shop.example", 587, False)]
    assert [line.split()[0] for line in server.commands[:5]] == ["EHLO", "STARTTLS", "encrypted", "EHLO", "AUTH"]
    assert "encrypted for smtp.shop.example" in server.commands


async def test_a_password_goes_over_no_open_line() -> None:
    server = MailServer(plain_extensions=("AUTH PLAIN",))
    with pytest.raises(CredentialsRejected, match="no encryption"):
        await sent(server, account(f"smtp://mailer:{PASSWORD}@smtp.shop.example"))
    assert server.logins == []


async def test_a_server_of_this_machine_needs_no_encryption() -> None:
    server = MailServer(plain_extensions=("AUTH PLAIN",))
    await sent(server, account("smtp://mailer:pw@127.0.0.1:2525"))
    assert server.targets == [("127.0.0.1", 2525, False)]
    assert server.logins == ["\0mailer\0pw"]


async def test_without_a_user_there_is_no_login() -> None:
    server = MailServer(plain_extensions=())
    await sent(server, account("smtp://relay.shop.example:25"))
    assert server.logins == []
    assert len(server.accepted) == 1


async def test_a_server_that_knows_login_alone() -> None:
    server = MailServer(extensions=("AUTH LOGIN",))
    await sent(server, account("smtps://user%40shop.example:p%3Aw@smtp.shop.example"))
    assert server.logins == ["user@shop.example", "p:w"]


async def test_what_comes_before_the_encryption_is_not_believed() -> None:
    server = MailServer(replies={"STARTTLS": "220 go on\r\n250 injected"})
    with pytest.raises(TransientSendError):
        await sent(server, account(f"smtp://mailer:{PASSWORD}@smtp.shop.example"))
    assert server.logins == []


Kind = type[Exception]
T, P, C, U = TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown

VERDICTS: list[tuple[str, str, Kind, str | None]] = [
    ("connect", "421 try later", T, "account"),
    ("connect", "554 no", T, "account"),
    ("connect", BREAK, T, "message"),
    ("connect", SILENCE, T, "message"),
    ("connect", "no SMTP at all", T, "message"),
    ("EHLO", "421 closing", T, "account"),
    ("AUTH", "535 5.7.8 wrong", C, None),
    ("AUTH", "534 5.7.9 too weak", C, None),
    ("AUTH", "530 5.7.0 login first", C, None),
    ("AUTH", "454 4.7.0 later", T, "account"),
    ("AUTH", BREAK, T, "message"),
    ("MAIL", "530 5.7.0 login first", C, None),
    ("MAIL", "550 not your address", P, "sender_rejected"),
    ("MAIL", "550 5.7.60 SendAsDenied", P, "sender_rejected"),
    ("MAIL", "554 5.7.1 not allowed to send as this address", P, "sender_rejected"),
    ("MAIL", "552 5.3.4 too large", P, "too_large"),
    ("MAIL", "451 4.3.0 local error", T, "account"),
    ("RCPT", "550 5.1.1 no such user", P, "not_found"),
    ("RCPT", "550 no such user", P, "not_found"),
    ("RCPT", "550 5.7.1 spam", P, "blocked"),
    ("RCPT", "552 full", P, "mailbox_full"),
    ("RCPT", "553 no address", P, "invalid_address"),
    ("RCPT", "450 4.2.1 greylisted", T, "message"),
    ("RCPT", "452 4.2.2 too many", T, "account"),
    ("RCPT", "421 too many", T, "account"),
    ("RCPT", BREAK, T, "message"),
    ("DATA", "451 later", T, "account"),
    ("DATA", BREAK, T, "message"),
    (".", "554 5.7.1 spam", P, "blocked"),
    (".", "554 refused", P, "rejected"),
    (".", "552 too large", P, "too_large"),
    (".", "450 later", T, "message"),
    (".", "421 shutting down", T, "account"),
    (".", BREAK, U, None),
    (".", SILENCE, U, None),
]


@pytest.mark.parametrize(("command", "reply", "kind", "code"), VERDICTS)
async def test_a_reply_decides_what_becomes_of_the_mail(command: str, reply: str, kind: Kind, code: str | None) -> None:
    server = MailServer(replies={command: reply})
    with pytest.raises(kind) as caught:
        await sent(server)
    assert getattr(caught.value, "code", getattr(caught.value, "scope", None)) == code
    assert PASSWORD not in str(caught.value)
    assert server.is_closed
    assert server.accepted == []


async def test_a_mail_that_was_accepted_is_sent_whatever_happens_to_the_goodbye() -> None:
    server = MailServer(replies={"QUIT": BREAK})
    assert (await sent(server)).platform_id == f"{ID}@shop.example"


async def test_a_mail_that_is_larger_than_the_server_takes_is_not_sent() -> None:
    with pytest.raises(PermanentSendError) as caught:
        await sent(MailServer(extensions=("SIZE 100",)))
    assert caught.value.code == "too_large"


async def test_a_copy_that_is_refused_is_left_out_and_one_that_has_to_wait_waits_for_all() -> None:
    others = [Participant(address="gone@example.org"), Participant(address="ben@example.org")]
    server = MailServer(recipients={"gone@example.org": "550 5.1.1 no such user"})
    await sent(server, participants=others)
    assert server.accepted[0].recipients == [CUSTOMER, "ben@example.org"]
    with pytest.raises(TransientSendError):
        await sent(MailServer(recipients={"gone@example.org": "450 greylisted"}), participants=others)


async def test_amazon_ses_names_the_mail_by_an_id_of_its_own() -> None:
    server = MailServer(replies={".": "250 Ok 0102018f-1b2c-4d5e-8f90-abcdefabcdef-000000"})
    to = account("smtps://AKIA:secret@email-smtp.eu-west-1.amazonaws.com")
    receipt = await sent(server, to)
    theirs = "0102018f-1b2c-4d5e-8f90-abcdefabcdef-000000@eu-west-1.amazonses.com"
    assert receipt.aliases == (mail_id(to, f"{ID}@shop.example"), mail_id(to, theirs))


@pytest.mark.parametrize("url", ["http://x.example", "smtps://", "no url", "smtps://x.example:99999"])
async def test_an_account_with_a_broken_address_is_refused(url: str) -> None:
    with pytest.raises(PermanentSendError) as caught:
        await sent(MailServer(), account(url))
    assert caught.value.code == "target"


async def test_a_check_logs_in_and_sends_nothing() -> None:
    server = MailServer()
    assert await Email().check(account(), MailHttp(server), None, cases.RECEIVED) is None
    assert [line.split()[0] for line in server.commands] == ["EHLO", "AUTH", "QUIT"]
    with pytest.raises(CredentialsRejected):
        await Email().check(account(), MailHttp(MailServer(replies={"AUTH": "535 no"})), None, cases.RECEIVED)


# -- the mail ------------------------------------------------------------------------------------------------------------


def headers(of: Account | None = None, **changes: Any) -> dict[str, str]:
    server_mail = compose(message(**changes), of or account(), ())
    return {name.lower(): value for name, value in read_mime(server_mail.content, Envelope()).headers}


def test_the_headers_of_an_answer() -> None:
    found = headers(account(from_name="فروشگاه"), participants=[Participant(address="ben@example.org", name="Ben, B.")])
    assert parsedate_to_datetime(found.pop("date")) == cases.RECEIVED
    assert found == {
        "message-id": f"<{ID}@shop.example>",
        "in-reply-to": "<first@mail.example.org>",
        "references": "<zero@x> <first@mail.example.org>",
        "from": f"فروشگاه <{FROM}>",
        "to": CUSTOMER,
        "cc": '"Ben, B." <ben@example.org>',
        "subject": "Re: Order",
        "reply-to": f"support+{ID.replace('-', '')}@shop.example",
        "x-pm-keepid": "true",
        "mime-version": "1.0",
        "content-type": 'text/plain; charset="utf-8"',
        "content-transfer-encoding": "7bit",
    }


def test_an_answer_of_a_machine_says_so() -> None:
    found = headers(author=Author(kind="bot", id="bot"))
    assert (found["auto-submitted"], found["x-auto-response-suppress"]) == ("auto-replied", "All")
    assert headers(author=Author(kind="system"), in_reply_to=None)["auto-submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Order", "Re: Order"),
        ("Re: Order", "Re: Order"),
        ("RE: RE: Order", "RE: RE: Order"),
        ("Re[2]: Order", "Re[2]: Order"),
        ("Re [2] : Order", "Re [2] : Order"),
        ("Re[2: Order", "Re: Re[2: Order"),
        ("AW: Bestellung", "AW: Bestellung"),
        ("پاسخ: سفارش", "پاسخ: سفارش"),
        ("رد: طلب", "رد: طلب"),
        ("Regarding: x", "Re: Regarding: x"),
        ("سفارش", "Re: سفارش"),
        ("", "Re:"),
        ("a\r\nBcc: eve@example.net", "Re: a Bcc: eve@example.net"),
    ],
)
def test_a_subject_is_answered_once(subject: str, answer: str) -> None:
    found = headers(in_reply_to=ReplyReference(platform_id="a@x", subject=subject))
    assert found["subject"] == answer
    assert "bcc" not in found


def test_a_mail_that_answers_none_has_the_start_of_its_text_as_subject() -> None:
    found = headers(text=("\nHello Sara,\nyour parcel"), in_reply_to=None)
    assert found["subject"] == "Hello Sara,"
    assert not found.keys() & {"in-reply-to", "references"}


def test_long_ids_are_not_folded_and_hashes_are_not_named() -> None:
    long = f"{'x' * 300}@mail.example.org"
    reference = ReplyReference(
        platform_id=long, subject="a", references=["b" * 32, "two@x", "bad id@x", f"{'y' * 90}@x"]
    )
    found = compose(message(in_reply_to=reference), account(), ()).content
    assert f"In-Reply-To: <{long}>\r\nReferences: <two@x>\r\n <{'y' * 90}@x>\r\n <{long}>\r\n".encode() in found
    hashed = ReplyReference(platform_id="c" * 32, subject="a")
    assert b"In-Reply-To" not in compose(message(in_reply_to=hashed), account(), ()).content


def test_without_plus_addressing_answers_go_where_the_mail_came_from() -> None:
    assert "reply-to" not in headers(account(plus_addressing=False))


def test_an_address_that_would_be_too_long_has_no_token() -> None:
    of = account()
    of.body.credentials["from_address"] = f"{'s' * 31}@shop.example"
    assert headers(of)["reply-to"].startswith("s" * 31 + "+")
    of.body.credentials["from_address"] = f"{'s' * 32}@shop.example"
    assert "reply-to" not in headers(of)


def test_a_text_from_the_right_has_a_form_with_its_direction() -> None:
    found = read_mime(compose(message("سلام\n<b> & 5"), account(), ()).content, Envelope())
    assert (found.text or "").strip() == "سلام\n<b> & 5"
    assert '<p dir="auto" style="margin:0">&lt;b&gt; &amp; 5</p>' in (found.html or "")


async def test_files_go_out_with_their_names_and_types() -> None:
    server, kinds = (
        MailServer(),
        [("image/png", "عکس.png"), ("application/pdf", None), ("message/rfc822", "a.eml"), ("x", "b")],
    )
    files = [
        OutgoingFile(
            OutboundAttachment(blob=f"b{n}", kind="file", media_type=kind, size_bytes=4, name=name),
            held(bytes([n]) * 4),
        )
        for n, (kind, name) in enumerate(kinds)
    ]
    await sent(server, files=files, text=(""))
    found = read_mime(server.accepted[0].content, Envelope())
    assert [(one.media_type, one.name, one.content) for one in found.parts] == [
        ("image/png", "عکس.png", b"\0\0\0\0"),
        ("application/pdf", "file", b"\1\1\1\1"),
        ("application/octet-stream", "a.eml", b"\2\2\2\2"),
        ("application/octet-stream", "b", b"\3\3\3\3"),
    ]


@pytest.mark.parametrize("size", [1, 56, 57, 58, 114, 115, 196_608, 500_001])
async def test_a_file_is_lines_of_base64_and_the_mail_is_as_long_as_it_says(size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    about = OutboundAttachment(blob="b", kind="file", media_type="application/pdf", size_bytes=size, name="a.pdf")
    server = MailServer()
    await sent(server, files=[OutgoingFile(about, held(content)), OutgoingFile(about, held(content[::-1]))])
    taken = server.accepted[0].content
    assert [one.content for one in read_mime(taken, Envelope()).parts] == [content, content[::-1]]
    assert max(map(len, taken.split(b"\r\n"))) <= 78
    [stated] = [line for line in server.commands if line.startswith("MAIL FROM")]
    assert stated.endswith(f" SIZE={len(taken)}")


async def test_lines_that_begin_with_a_dot_arrive_as_they_are() -> None:
    server = MailServer()
    await sent(server, text=(".\n..two\r\n.end"))
    assert (read_mime(server.accepted[0].content, Envelope()).text or "").strip() == ".\n..two\n.end"


@pytest.mark.parametrize(
    "address", ["", "sara", "sara@", "@example.org", "a b@example.org", "a@b\r\nRCPT TO:<c@d>", "70001"]
)
async def test_what_is_no_address_is_refused_before_anything_is_sent(address: str) -> None:
    server = MailServer()
    with pytest.raises(PermanentSendError) as caught:
        await sent(server, address=Address(chat=address))
    assert caught.value.code == "invalid_address"
    assert server.targets == []


async def test_names_of_domains_are_as_dns_has_them_and_other_letters_need_a_server_that_takes_them() -> None:
    server = MailServer()
    await sent(server, address=Address(chat="info@büro.example"))
    assert server.accepted[0].recipients == ["info@xn--bro-hoa.example"]
    await sent(server, address=Address(chat="jānis@example.org"))
    assert server.accepted[1].recipients == ["jānis@example.org"]
    with pytest.raises(PermanentSendError) as caught:
        await sent(
            MailServer(extensions=()), account("smtps://smtp.shop.example"), address=Address(chat="jānis@example.org")
        )
    assert caught.value.code == "address_not_supported"


async def test_nobody_gets_a_mail_twice_and_the_account_gets_none() -> None:
    server = MailServer()
    others = [CUSTOMER.upper(), FROM, "support+x@shop.example", "b@example.org", "B@example.org", "no address"]
    await sent(server, participants=[Participant(address=one) for one in others])
    assert server.accepted[0].recipients == [CUSTOMER, "b@example.org"]


async def test_what_no_person_wrote_goes_to_the_customer_alone() -> None:
    server, others = MailServer(), [Participant(address="ben@example.org")]
    await sent(server, participants=others, author=Author(kind="bot"))
    assert server.accepted[0].recipients == [CUSTOMER]


letters = st.characters(exclude_categories=["Cs", "Cc"])
words = st.text(letters, max_size=80)


@given(subject=words, name=words, text=st.text(letters | st.just("\n"), max_size=300))
def test_any_words_come_out_as_they_went_in(subject: str, name: str, text: str) -> None:
    shown = message(
        text,
        in_reply_to=ReplyReference(platform_id="a@x", subject=subject),
        participants=[Participant(address="ben@example.org", name=name)],
    )
    found = read_mime(compose(shown, account(), ()).content, Envelope())
    assert [box.address for box in found.cc] == ["ben@example.org"]
    assert [one for one, _ in found.headers if one.lower() in ("bcc", "cc")] == ["Cc"]
    assert (
        "".join(found.subject.split()).removeprefix("Re:").startswith("".join(subject.split())[:20].removeprefix("Re:"))
    )
    assert "".join((found.text or "").split()) == "".join(text.split())


@pytest.mark.parametrize(
    "url", [f"smtps://mailer:{PASSWORD}@smtp.shop.example", f"smtp://mailer:{PASSWORD}@smtp.shop.example"]
)
async def test_a_server_whose_certificate_nobody_trusts_gets_no_password_and_health_says_why(url: str) -> None:
    server = MailServer(is_trusted=False)
    for attempt in (
        Email().send(message(), account(url), MailHttp(server)),
        Email().check(account(url), MailHttp(server), None, message().accepted_at),
    ):
        with pytest.raises(CredentialsRejected, match=r"the certificate of smtp\.shop\.example is not trusted"):
            await attempt
    assert server.logins == []
    assert server.accepted == []


@pytest.mark.parametrize("command", ["connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("code", [421, 450, 500, 535, 550, 554])
async def test_no_refusal_quotes_the_password(command: str, code: int) -> None:
    login = base64.b64encode(f"\0mailer\0{PASSWORD}".encode()).decode()
    quoted = f"{code} you said {PASSWORD} {login}" if command == "AUTH" else f"{code} no"
    with pytest.raises((TransientSendError, PermanentSendError, CredentialsRejected)) as refused:
        await Email().send(message(), account(), MailHttp(MailServer(replies={command: quoted})))
    shown = "".join(traceback.format_exception(refused.value))
    assert PASSWORD not in shown
    assert login not in shown
