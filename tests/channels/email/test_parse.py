"""What each fixture becomes."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from schemas.activity import Activity
from services.channels.email import Email
from services.channels.mail.activities import to_activities
from services.channels.mail.ids import mail_id
from services.channels.mail.message import Envelope, ReceivedMail
from services.channels.mail.mime import read_mime
from tests.channels.email import cases
from tests.channels.email.cases import FROM, PAYLOADS, account, raw_mail, written

OWN = "0195511e-0000-7000-8000-00000000000a"
SARA = "email:main:sara@example.org"
EMAILS = sorted(path.stem for path in PAYLOADS.glob("*.eml"))

TABLE: dict[str, tuple[str, str, str | None]] = {
    "answers_itself": ("message", SARA, "A mail that names itself."),
    "attachments": ("message", SARA, "This is how it looks: [photo]"),
    "bounce": ("receipt", SARA, None),
    "colleague_own_mail_program": ("message", "email:main:support@shop.example", "I have called the courier."),
    "contact_form": ("message", "email:main:mina@example.org", "Do you deliver to Riga?"),
    "delayed": ("unknown", "email:main:none", None),
    "forwarded": (
        "message",
        SARA,
        (
            "Is this offer from you?\n\n---------- Forwarded message ---------\nFrom: Somebody <somebody@example.net>\n"
            "Date: Sat, Feb 28, 2026 at 9:00 AM\nSubject: An offer\nTo: <sara@example.org>\n\nHalf price today!"
        ),
    ),
    "group_mailbox": ("message", SARA, "Can I pay with a gift card?"),
    "mailing_list": ("message", SARA, "News of the week."),
    "malformed": (
        "message",
        SARA,
        (
            '--never closed\nContent-Type: text/plain; charset="no-such-charset"\nContent-Transfer-Encoding: base64\n\n'
            "SGVsbG8sIHRoaXMgaXMgYnJva2Vu!!\n--other\nContent-Type: text/html; charset=utf-7\n\n+ADw-b+AD4-"
        ),
    ),
    "no_message_id": ("message", SARA, "No id, no subject, no MIME."),
    "out_of_office": ("message", SARA, "I am away until Monday."),
    "outlook_html": ("message", SARA, "It is the blue one. See this page.\n\n- one\n- two"),
    "own_mail_comes_back": ("echo", SARA, "It is on its way."),
    "plain": ("message", SARA, "Hello, my parcel has not come yet. Where is it?\n\nSara"),
    "read_receipt": ("receipt", SARA, None),
    "reply_ar": ("message", "email:main:layla@example.org", "مرحبا، أين طلبي؟"),
    "reply_en": ("message", SARA, "Thank you, it has come today. One box is broken, though."),
    "reply_fa": ("message", "email:main:dara@example.org", "سلام، بسته هنوز نرسیده است."),
    "reply_lv": ("message", "email:main:janis@example.org", "Labdien, paldies, viss kārtībā!"),
}


def parsed(name: str) -> Activity:
    path = PAYLOADS / f"{name}.eml"
    [activity] = Email().parse(cases.fixture_request(path), account())
    return activity


def of_mail(raw: bytes, **envelope: str) -> Activity:
    [activity] = Email().parse(raw_mail(raw, **envelope), account())
    return activity


@pytest.mark.parametrize("name", EMAILS)
def test_a_fixture_is_what_the_table_says(name: str) -> None:
    found = parsed(name)
    assert (found.kind, found.person, found.text.text if found.text else None) == TABLE[name]
    assert (found.surface, found.thread) == ("private", None)


DETAILS: dict[str, dict[str, Any]] = {
    "plain": {
        "subject": "Where is order 4711?",
        "person_name": "Sara Example",
        "platform_id": "plain-1@mail.example.org",
    },
    "reply_fa": {"subject": "پاسخ: سفارش ۴۷۱۱", "person_name": "دارا"},
    "reply_ar": {"subject": "طلب"},
    "reply_lv": {"subject": "Re: sūtījums", "person_name": "Jānis"},
    "outlook_html": {"links": ["https://shop.example/p/17?from=mail"]},
    "out_of_office": {"automatic": True},
    "mailing_list": {"automatic": True},
    "group_mailbox": {"automatic": False, "participants": [], "person_name": "Sara Example"},
    "contact_form": {"automatic": False, "person_name": "Mina Example"},
    "own_mail_comes_back": {"own_reply": True, "aliases": [OWN], "author": "account"},
    "colleague_own_mail_program": {"person_name": "Omid of Example Shop"},
    "delayed": {"details": {"type": "delayed"}},
    "malformed": {"subject": "café bad ÿþ bytes", "sent_at": None},
    "no_message_id": {"subject": ""},
    "read_receipt": {"receipt_state": "read", "aliases": [OWN]},
}


@pytest.mark.parametrize("name", DETAILS)
def test_what_else_a_fixture_says(name: str) -> None:
    found = parsed(name)
    assert {field: getattr(found, field) for field in DETAILS[name]} == DETAILS[name]


def test_a_bounce_is_a_receipt_of_our_mail_with_the_reason() -> None:
    found = parsed("bounce")
    assert found.message == mail_id(account(), f"{OWN}@shop.example")
    assert found.aliases == [OWN]
    assert found.receipt_state == "failed"
    assert found.failure is not None
    assert (found.failure.code, found.failure.detail) == (
        "mailbox_full",
        "552 5.2.2 <sara@example.org>: user is over quota",
    )


def test_the_quote_and_the_signature_stay_in_the_quote() -> None:
    quote = parsed("reply_en").quote or ""
    assert "> It is on its way." in quote
    assert quote.endswith("-- \nSara Example")
    assert (parsed("reply_fa").quote or "").endswith("> فردا می‌رسد.")
    assert "Which colour did you want?" in (parsed("outlook_html").quote or "")


def test_files_have_names_types_and_digests_of_their_bytes() -> None:
    found = parsed("attachments")
    assert [(one.kind, one.name, one.media_type, one.details) for one in found.attachments] == [
        ("image", "photo.png", "image/png", {"content_id": "pic1@mail", "inline": True}),
        ("file", "فاکتور.pdf", "application/pdf", {}),
        ("file", "winmail.dat", "application/ms-tnef", {}),
        ("file", None, "message/rfc822", {}),
    ]
    files = {
        file.digest: file.content
        for file in Email().files(cases.fixture_request(PAYLOADS / "attachments.eml"), account())
    }
    assert [files[one.digest or ""][:8] for one in found.attachments] == [
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7",
        b'x\x9f>" ric',
        b"From: ot",
    ]


def test_an_answer_goes_to_reply_to_and_to_everybody_else() -> None:
    found = parsed("attachments")
    assert found.address is not None
    assert found.address.chat == "sara@work.example"
    assert [(one.address, one.name, one.role) for one in found.participants] == [
        ("cafe@example.org", "Café, the", "cc")
    ]


@pytest.mark.parametrize("sender", ["mailer@shops.example", "no-reply@forms.example", "wordpress@shop.example", FROM])
def test_a_form_writes_for_whom_it_names_in_reply_to(sender: str) -> None:
    found = of_mail(written("m@x", "hi", cases.RECEIVED, sender=sender, Reply_To="Mina <mina@example.org>"))
    assert found.address is not None
    assert (found.kind, found.person, found.address.chat) == (
        "message",
        "email:main:mina@example.org",
        "mina@example.org",
    )
    assert found.person_name == "Mina"


def test_a_person_with_another_address_for_answers_stays_who_they_are() -> None:
    found = of_mail(written("m@x", "hi", cases.RECEIVED, Reply_To="sara@work.example"))
    assert found.address is not None
    assert (found.person, found.address.chat) == (SARA, "sara@work.example")


def test_our_own_addresses_are_nobody_who_gets_an_answer() -> None:
    raw = written(
        "m@x",
        "hi",
        cases.RECEIVED,
        to=f"{FROM}, support+abc@shop.example, inbox@in.example, b@example.org",
        Cc="SUPPORT@shop.example",
    )
    assert [one.address for one in of_mail(raw, recipient="inbox@in.example").participants] == ["b@example.org"]


def test_further_addresses_of_the_mailbox_get_no_copies() -> None:
    raw = written("m@x", "hi", cases.RECEIVED, Cc="Sales@shop.example, b@example.org")
    [found] = Email().parse(raw_mail(raw), account(settings={"addresses": ["sales@shop.example"]}))
    assert [one.address for one in found.participants] == ["b@example.org"]


# -- threads -------------------------------------------------------------------------------------------------------------


def test_a_reply_names_what_it_answers_the_best_first() -> None:
    ours = f"{OWN}@shop.example"
    assert parsed("reply_en").replies_to == [
        mail_id(account(), ours),
        OWN,
        mail_id(account(), "plain-1@mail.example.org"),
    ]


def test_references_are_read_from_the_last() -> None:
    raw = written("m@x", "hi", cases.RECEIVED, References="<one@x> <two@x> <three@x>")
    assert of_mail(raw).replies_to == [mail_id(account(), f"{name}@x") for name in ("three", "two", "one")]


def test_a_mail_that_names_itself_answers_the_others_it_names() -> None:
    assert parsed("answers_itself").replies_to == [mail_id(account(), "first@mail.example.org")]


@pytest.mark.parametrize("where", ["to", "recipient"])
def test_the_token_behind_the_plus_finds_what_was_answered(where: str) -> None:
    address = f"support+{OWN.replace('-', '')}@shop.example"
    raw = written("m@x", "hi", cases.RECEIVED, to=address if where == "to" else FROM)
    assert of_mail(raw, recipient=address if where == "recipient" else FROM).replies_to == [OWN]


def test_the_subject_says_nothing_about_the_thread() -> None:
    assert parsed("plain").subject == "Where is order 4711?"
    assert parsed("plain").replies_to == []


def test_ids_of_headers_without_brackets_and_with_comments_are_read() -> None:
    raw = written("m@x", "hi", cases.RECEIVED, In_Reply_To="Message of Sunday a@x (her mail)")
    assert of_mail(raw).replies_to == [mail_id(account(), "a@x")]


def test_an_address_that_a_server_passed_the_mail_on_from_has_the_token_too() -> None:
    passed_on = f"support+{OWN.replace('-', '')}@shop.example"
    assert of_mail(written("m@x", "hi", cases.RECEIVED, Delivered_To=passed_on)).replies_to == [OWN]


# -- times ---------------------------------------------------------------------------------------------------------------

NOON = cases.RECEIVED
TAKEN = NOON - timedelta(minutes=1)


@pytest.mark.parametrize(
    ("stated", "taken", "written_at"),
    [
        (NOON - timedelta(minutes=2), TAKEN, NOON - timedelta(minutes=2)),
        (NOON - timedelta(hours=23), TAKEN, NOON - timedelta(hours=23)),
        (NOON - timedelta(days=900), TAKEN, TAKEN),
        (NOON + timedelta(days=1), TAKEN, TAKEN),
        (NOON + timedelta(minutes=2), TAKEN, NOON + timedelta(minutes=2)),
        (NOON - timedelta(days=900), None, NOON - timedelta(days=900)),
        (NOON + timedelta(days=1), None, None),
    ],
)
def test_a_clock_that_is_far_off_is_not_believed(
    stated: datetime, taken: datetime | None, written_at: datetime | None
) -> None:
    received = f"from a by mx.example; {format_datetime(taken)}" if taken else "from a by mx.example"
    assert of_mail(written("m@x", "hi", stated, Received=received)).sent_at == written_at


# -- ids -----------------------------------------------------------------------------------------------------------------


def test_two_mails_with_one_message_id_are_two_messages() -> None:
    first, second = (of_mail(written("same@x", text, cases.RECEIVED)) for text in ("one", "two"))
    assert first.message != second.message
    assert first.id != second.id
    assert first.aliases == second.aliases == [mail_id(account(), "same@x")]


def test_a_mail_without_message_id_has_the_same_id_every_time() -> None:
    assert parsed("no_message_id").message == parsed("no_message_id").message
    assert parsed("no_message_id").aliases == []


def test_one_mail_that_came_by_two_addresses_is_one_message() -> None:
    raw = written("m@x", "hi", cases.RECEIVED)
    assert (
        of_mail(raw, recipient=FROM).id
        == of_mail(b"Received: by another way\n" + raw, recipient="info@shop.example").id
    )


def test_a_mail_without_text_says_its_subject() -> None:
    found = of_mail(written("m@x", "", cases.RECEIVED))
    assert found.text is not None
    assert found.text.text == "Where is order 4711?"


def test_the_provider_alone_proves_an_address() -> None:
    raw = written("m@x", "hi", cases.RECEIVED, Authentication_Results="mx.example; dkim=pass; spf=pass")
    assert [(one.kind, one.value, one.proven) for one in of_mail(raw).identities] == [
        ("email", "sara@example.org", False)
    ]


@pytest.mark.parametrize(
    ("name", "authenticated", "found"),
    [
        ("plain", True, ("message", True)),
        ("plain", False, ("message", False)),
        ("contact_form", True, ("message", False)),
        ("colleague_own_mail_program", True, ("echo", None)),
        ("colleague_own_mail_program", None, ("message", False)),
        ("colleague_own_mail_program", False, ("unknown", None)),
        ("own_mail_comes_back", True, ("echo", None)),
        ("own_mail_comes_back", None, ("echo", None)),
        ("own_mail_comes_back", False, ("unknown", None)),
    ],
)
def test_what_is_proven_is_the_domain_of_from(
    name: str, authenticated: bool | None, found: tuple[str, bool | None]
) -> None:
    mail = read_mime((PAYLOADS / f"{name}.eml").read_bytes(), Envelope(authenticated=authenticated))
    [activity] = to_activities(mail, raw_mail(b""), account())
    proven = activity.identities[0].proven if activity.identities else None
    assert (activity.kind, proven) == found


def test_an_echo_of_a_colleague_names_them_and_is_no_reply_of_our_own() -> None:
    mail = read_mime((PAYLOADS / "colleague_own_mail_program.eml").read_bytes(), Envelope(authenticated=True))
    [echo] = to_activities(mail, raw_mail(b""), account())
    assert (echo.person, echo.author, echo.author_name, echo.own_reply) == (
        SARA,
        "account",
        "Omid of Example Shop",
        False,
    )


@pytest.mark.parametrize("name", EMAILS)
def test_who_only_writes_our_address_into_from_stops_no_clock(name: str) -> None:
    """Where the provider proves no domain (Mailgun, Postmark)."""
    forged = re.sub(rb"(?m)^From:.*$", f"From: Shop <{FROM}>".encode(), (PAYLOADS / f"{name}.eml").read_bytes())
    found = Email().parse(raw_mail(forged), account())
    assert not [one for one in found if one.kind == "echo" and not one.own_reply]


def test_a_mail_is_read_once_for_its_activities_and_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    request, reads = cases.fixture_request(PAYLOADS / "attachments.eml"), list[Envelope]()

    def counted(raw: bytes, envelope: Envelope) -> ReceivedMail:
        reads.append(envelope)
        return read_mime(raw, envelope)

    monkeypatch.setattr("services.channels.mail.providers.mailgun.read_mime", counted)
    [activity] = Email().parse(request, account())
    files = [file.digest for file in Email().files(request, account())]
    assert len(reads) == 1
    assert set(files) == {one.digest for one in activity.attachments}
    # Another body, and another provider, are read for themselves.
    other = replace(request, body=request.body + b"&subject=x")
    assert Email().parse(other, account())
    assert len(reads) == 2


def test_raw_mail_is_parsed_by_its_media_type_whoever_is_the_provider() -> None:
    request = cases.request(written("m@x", "hi", cases.RECEIVED), "message/rfc822; charset=utf-8")
    [found] = Email().parse(request, account())
    assert found.text is not None
    assert found.text.text == "hi"


def test_a_form_without_a_mail_is_unknown() -> None:
    [found] = Email().parse(replace(raw_mail(b""), body=b"timestamp=1"), account())
    assert found.kind == "unknown"


@pytest.mark.parametrize("content_type", ["message/rfc822", "application/json", ""])
@pytest.mark.parametrize("body", [b"", b"\r\n \n"])
def test_a_call_without_a_body_is_no_mail_of_nobody(body: bytes, content_type: str) -> None:
    [found] = Email().parse(cases.request(body, content_type), account())
    assert (found.kind, found.details["type"]) == ("unknown", "no_mail")
