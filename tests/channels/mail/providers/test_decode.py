"""Each fixture of a provider → what is in it. A fixture without a row fails."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.values import Json
from services.channels.json_access import iso_time
from services.channels.mail.message import DeliveryReport, MailItem, Notice, ReceivedMail
from services.channels.mail.mime import MAX_TEXT
from services.channels.mail.providers import PROVIDERS
from services.channels.port import InvalidPayload, Request
from tests.channels.mail.providers import calls

FIXTURES = sorted(path.name for path in calls.PAYLOADS.iterdir() if path.name.partition("_")[0] in PROVIDERS)
SENT = "01951500-0000-7000-8000-00000000000a@shop.example"
MINA = "mina@karimi.example"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PICTURE = bytes.fromhex("89504e470d0a1a0a")

# Of a mail: sender, subject, first line of its text, number of parts. Of a report: state, recipient, Message-ID, why it failed.
EXPECTED: dict[str, list[tuple[Any, ...]]] = {
    "mailgun_event_accepted.json": [("sent", MINA, SENT, None)],
    "mailgun_event_clicked.json": [("notice", "clicked")],
    "mailgun_event_complained.json": [("complained", MINA, SENT, None)],
    "mailgun_event_delivered.json": [("delivered", MINA, SENT, None)],
    "mailgun_event_delivered_routed.json": [("notice", "delivered")],
    "mailgun_event_failed_permanent.json": [("failed", MINA, SENT, "not_found")],
    "mailgun_event_failed_suppressed.json": [("failed", MINA, SENT, "suppressed")],
    "mailgun_event_failed_temporary.json": [("notice", "failed")],
    "mailgun_event_opened.json": [("read", MINA, SENT, None)],
    "mailgun_event_rejected.json": [("failed", MINA, SENT, "rejected")],
    "mailgun_event_unsubscribed.json": [("unsubscribed", MINA, SENT, None)],
    "mailgun_event_without_data.json": [("notice", "unknown")],
    "mailgun_legacy_bounced.fields.json": [("failed", MINA, SENT, "not_found")],
    "mailgun_legacy_clicked.fields.json": [("notice", "clicked")],
    "mailgun_legacy_delivered.fields.json": [("delivered", MINA, SENT, None)],
    "mailgun_legacy_dropped.fields.json": [("failed", MINA, SENT, "suppressed")],
    "mailgun_no_mail.fields.json": [("notice", "no_mail")],
    "mailgun_parsed.fields.json": [("mail", MINA, "Order 41 has not come", "Where is order 41?", 0)],
    "mailgun_parsed_with_files.fields.json": [("mail", MINA, "Order 41 has not come", "See the picture.", 3)],
    "mailgun_raw.fields.json": [("mail", "jana@ozols.example", "Pasūtījums", "Kur ir mans pasūtījums?", 0)],
    "mailgun_stored.fields.json": [("mail", MINA, "Order 41 has not come", "The film is attached.", 2)],
    "mailgun_variables_before_signature.fields.json": [
        ("mail", MINA, "Order 41 has not come", "Where is order 41?", 0)
    ],
    "mailgun_without_headers.fields.json": [("mail", MINA, "No headers", "The list of headers is missing.", 0)],
    "postmark_bounce_auto_responder.json": [("notice", "AutoResponder")],
    "postmark_bounce_blocked.json": [("failed", MINA, SENT, "suppressed")],
    "postmark_bounce_hard.json": [("failed", MINA, SENT, "not_found")],
    "postmark_bounce_soft.json": [("failed", MINA, SENT, "rejected")],
    "postmark_bounce_spam_notification.json": [("failed", MINA, SENT, "not_found")],
    "postmark_bounce_transient.json": [("notice", "Transient")],
    "postmark_click.json": [("notice", "Click")],
    "postmark_delivery.json": [("delivered", MINA, SENT, None)],
    "postmark_delivery_without_metadata.json": [("delivered", MINA, None, None)],
    "postmark_delivery_without_recipient.json": [("notice", "Delivery")],
    "postmark_inbound.json": [("mail", MINA, "Order 41 has not come", "Where is order 41?", 0)],
    "postmark_inbound_raw_beside.json": [("mail", MINA, "Order 41 has not come", "Where is order 41?", 0)],
    "postmark_inbound_raw_only.json": [("mail", MINA, "Raw", "Only raw.", 0)],
    "postmark_inbound_sparse.json": [("mail", MINA, "Sparse", "Little is said.", 0)],
    "postmark_inbound_with_files.json": [("mail", MINA, "Order 41 has not come", "Where is order 41?", 3)],
    "postmark_no_mail.json": [("notice", "no_mail")],
    "postmark_open.json": [("read", MINA, SENT, None)],
    "postmark_reactivated.json": [("notice", "SubscriptionChange")],
    "postmark_spam_complaint.json": [("complained", MINA, SENT, None)],
    "postmark_suppressed_by_bounce.json": [("notice", "SubscriptionChange")],
    "postmark_unsubscribed.json": [("unsubscribed", MINA, SENT, None)],
    "sendgrid_events.json": [
        ("sent", MINA, SENT, None),
        ("notice", "deferred"),
        ("delivered", MINA, SENT, None),
        ("read", MINA, SENT, None),
        ("notice", "open"),
        ("notice", "click"),
        ("failed", MINA, SENT, "not_found"),
        ("failed", MINA, SENT, "suppressed"),
        ("complained", MINA, SENT, None),
        ("unsubscribed", MINA, SENT, None),
        ("unsubscribed", MINA, SENT, None),
        ("notice", "group_resubscribe"),
        ("notice", "delivered"),
        ("delivered", MINA, None, None),
    ],
    "sendgrid_no_events.json": [("notice", "no_event")],
    "sendgrid_no_mail.fields.json": [("notice", "no_mail")],
    "sendgrid_parsed.fields.json": [("mail", MINA, "تاخیر of order 41", "Where is order 41?", 0)],
    "sendgrid_parsed_charsets.fields.json": [("mail", MINA, "تاخیر of order 41", "سلام، سفارش من", 0)],
    "sendgrid_parsed_unknown_charset.fields.json": [("mail", MINA, "تاخیر of order 41", "naïve", 0)],
    "sendgrid_parsed_with_files.fields.json": [("mail", MINA, "تاخیر of order 41", "See the picture.", 2)],
    "sendgrid_raw.multipart": [("mail", "jana@ozols.example", "Raw", "Sveiki!", 0)],
    "sendgrid_raw_lf.multipart": [("mail", "jana@ozols.example", "Raw", "Sveiki!", 0)],
    "sendgrid_without_headers.fields.json": [("mail", MINA, "No headers", "The headers are missing.", 0)],
    "ses_bounce.json": [("failed", MINA, SENT, "not_found")],
    "ses_bounce_automatic_answer.json": [("notice", "Bounce")],
    "ses_bounce_suppressed.json": [("failed", MINA, "0102-ses-3@eu-west-1.amazonses.com", "suppressed")],
    "ses_bounce_transient_failed.json": [("failed", MINA, "0102-ses-5@eu-west-1.amazonses.com", "not_found")],
    "ses_bounce_two_people.json": [
        ("failed", MINA, "0102-ses-2@eu-west-1.amazonses.com", "rejected"),
        ("failed", "reza@karimi.example", "0102-ses-2@eu-west-1.amazonses.com", "mailbox_full"),
    ],
    "ses_complaint.json": [("complained", MINA, SENT, None)],
    "ses_complaint_not_spam.json": [("notice", "Complaint")],
    "ses_complaint_suppressed.json": [("failed", MINA, "0102-ses-7@eu-west-1.amazonses.com", "suppressed")],
    "ses_delivery.json": [("delivered", MINA, SENT, None)],
    "ses_event_click.json": [("notice", "Click")],
    "ses_event_deliverydelay.json": [("notice", "DeliveryDelay")],
    "ses_event_open.json": [("read", MINA, SENT, None)],
    "ses_event_reject.json": [("failed", MINA, SENT, "rejected")],
    "ses_event_rendering_failure.json": [("failed", MINA, "0102-ses-8@eu-west-1.amazonses.com", "rejected")],
    "ses_event_send.json": [("sent", MINA, SENT, None)],
    "ses_event_topic_preferences.json": [("notice", "Subscription")],
    "ses_event_unsubscribed.json": [("unsubscribed", MINA, SENT, None)],
    "ses_received_base64.json": [("mail", MINA, "Order 41", "سفارش ۴۱ نرسیده", 0)],
    "ses_received_forged_sender.json": [("mail", MINA, "Order 41", "Pay here", 0)],
    "ses_received_s3.json": [("notice", "mail_without_content")],
    "ses_received_utf8.json": [("mail", MINA, "Order 41", "سفارش ۴۱ نرسیده", 0)],
    "ses_topic_validated.json": [("notice", "Notification")],
    "ses_unsubscribe_confirmation.json": [("notice", "UnsubscribeConfirmation")],
}


def decode(name: str) -> list[MailItem]:
    provider = name.partition("_")[0]
    return list(PROVIDERS[provider].decode(calls.fixture(name)))


def mail_of(name: str) -> ReceivedMail:
    (mail,) = decode(name)
    assert isinstance(mail, ReceivedMail)
    return mail


def report_of(name: str) -> DeliveryReport:
    (report,) = decode(name)
    assert isinstance(report, DeliveryReport)
    return report


def summary(item: MailItem) -> tuple[Any, ...]:
    if isinstance(item, ReceivedMail):
        sender = item.sender.address if item.sender else None
        return "mail", sender, item.subject, (item.text or "").strip().partition("\n")[0], len(item.parts)
    if isinstance(item, DeliveryReport):
        return item.state, item.recipient, item.message_id, item.failure.code if item.failure else None
    return "notice", item.type


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_is_decoded_into_these_items(name: str) -> None:
    assert [summary(item) for item in decode(name)] == EXPECTED[name]


def test_every_row_has_its_fixture() -> None:
    assert set(EXPECTED) == set(FIXTURES)


@pytest.mark.parametrize("name", FIXTURES)
def test_a_repeated_call_has_the_same_items(name: str) -> None:
    provider, request = PROVIDERS[name.partition("_")[0]], calls.fixture(name)
    later = replace(request, received_at=request.received_at + timedelta(hours=9))
    assert list(provider.decode(request)) == list(provider.decode(later))


@pytest.mark.parametrize("name", ["sendgrid_events.json", "ses_bounce_two_people.json"])
def test_every_report_of_a_call_has_an_id_of_its_own(name: str) -> None:
    items = [item for item in decode(name) if isinstance(item, DeliveryReport | Notice)]
    assert len({item.id for item in items}) == len(items) > 1


# -- mailgun -----------------------------------------------------------------------------------------------------------


def test_a_parsed_mail_of_mailgun_has_every_header_in_order_and_what_smtp_said() -> None:
    mail = mail_of("mailgun_parsed.fields.json")
    assert [value.partition(" ")[0] for value in mail.values("received")] == ["from", "from"]
    assert [(box.address, box.name) for box in mail.to] == [
        ("support@shop.example", "Shop, support"),
        ("ali@karimi.example", None),
    ]
    assert [box.address for box in mail.cc] == ["reza@karimi.example"]
    assert mail.envelope.sender == "bounce+mina@mail.karimi.example"
    assert mail.envelope.recipients == ("support@shop.example",)
    assert mail.sent_at == datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
    assert mail.envelope.stripped_text == "Where is order 41?"
    assert mail.html == "<p>Where is order 41?</p>"


def test_a_sender_is_not_proven_by_headers_that_a_sender_can_write() -> None:
    assert mail_of("mailgun_parsed.fields.json").envelope.authenticated is None
    assert mail_of("postmark_inbound.json").envelope.authenticated is None


def test_files_of_mailgun_come_in_the_order_of_their_numbers_and_with_the_content_ids_of_the_map() -> None:
    parts = mail_of("mailgun_parsed_with_files.fields.json").parts
    assert [(part.name, part.media_type, part.content_id) for part in parts] == [
        ("photo.png", "image/png", "photo@karimi"),
        ("receipt.pdf", "application/pdf", None),
        ("فاکتور.txt", "text/plain", None),
    ]
    assert parts[0].content.startswith(PICTURE)
    assert [part.is_inline for part in parts] == [True, False, False]


def test_files_of_a_stored_mail_are_addresses() -> None:
    film, still = mail_of("mailgun_stored.fields.json").parts
    assert (film.name, film.media_type, film.content, film.content_id) == ("film.mp4", "video/mp4", b"", None)
    assert film.stored_bytes == 9_123_456
    assert film.url == "https://storage-eu.api.mailgun.net/v3/domains/shop.example/messages/AgEF/attachments/0"
    assert (still.content_id, still.is_inline) == ("still@karimi", True)


def test_a_failed_mail_says_why_in_the_words_of_the_mail_server() -> None:
    failure = report_of("mailgun_event_failed_permanent.json").failure
    assert failure is not None
    assert failure.detail == "5.1.1 No such user here"
    suppressed = report_of("mailgun_event_failed_suppressed.json").failure
    assert suppressed is not None
    assert suppressed.detail == "Not delivering to previously bounced address"


@pytest.mark.parametrize("name", ["body-plain", "body-html"])
def test_a_text_of_megabytes_is_cut_to_what_people_read(name: str) -> None:
    request = calls.form_call([("from", "mina@karimi.example"), (name, "hello " * 1_000_000)])
    (mail,) = PROVIDERS["mailgun"].decode(request)
    assert isinstance(mail, ReceivedMail)
    assert len(mail.text or mail.html or "") == MAX_TEXT


# -- sendgrid ----------------------------------------------------------------------------------------------------------


def test_each_field_of_sendgrid_is_in_its_own_charset() -> None:
    mail = mail_of("sendgrid_parsed_charsets.fields.json")
    assert (mail.text, mail.html) == ("سلام، سفارش من", "<p>Kur ir pasūtījums?</p>")


def test_a_parsed_mail_of_sendgrid_has_its_headers_and_its_envelope() -> None:
    mail = mail_of("sendgrid_parsed.fields.json")
    assert mail.header("message-id") == "<sg-1@mail.karimi.example>"
    assert (mail.envelope.sender, mail.envelope.recipients) == ("bounce@mail.karimi.example", ("support@shop.example",))
    assert [box.name for box in mail.to] == ["Shop, support"]


def test_a_signature_of_the_senders_domain_proves_the_sender_of_sendgrid() -> None:
    assert mail_of("sendgrid_parsed.fields.json").envelope.authenticated is True
    assert mail_of("sendgrid_raw.multipart").envelope.authenticated is True
    assert mail_of("sendgrid_without_headers.fields.json").envelope.authenticated is None


@pytest.mark.parametrize(
    ("dkim", "is_proven"),
    [
        ("{@evil.example : pass, @karimi.example : fail}", False),
        ("{@evil.example : fail, @karimi.example : pass}", True),
        ("@karimi.example:PASS", True),
        ("{@evil.example@karimi.example : pass}", False),
        ("{evil@karimi.example : pass}", False),
        ("{@karimi.example : neutral, pass}", False),
        ("", None),
    ],
)
def test_only_a_signature_of_the_senders_own_domain_proves_the_sender(dkim: str, is_proven: bool | None) -> None:
    request = calls.form_call(
        [
            ("from", "Mina <mina@karimi.example>"),
            ("dkim", dkim),
            ("SPF", "pass" if dkim else ""),
            ("envelope", '{"from": "somebody@evil.example", "to": ["support@shop.example"]}'),
        ]
    )
    (mail,) = PROVIDERS["sendgrid"].decode(request)
    assert isinstance(mail, ReceivedMail)
    assert mail.envelope.authenticated is is_proven


def test_files_of_sendgrid_have_the_names_of_their_description() -> None:
    parts = mail_of("sendgrid_parsed_with_files.fields.json").parts
    assert [(part.name, part.media_type, part.content_id) for part in parts] == [
        ("photo.png", "image/png", "photo@karimi"),
        ("رسید.pdf", "application/pdf", None),
    ]
    assert parts[0].content.startswith(PICTURE)


# -- postmark ----------------------------------------------------------------------------------------------------------


def test_a_mail_of_postmark_has_the_headers_that_it_takes_apart() -> None:
    mail = mail_of("postmark_inbound.json")
    assert mail.sender is not None
    assert mail.sender.name == 'Mina "M." Karimi'
    assert [(box.address, box.name) for box in mail.to] == [
        ("support+41@shop.example", "Shop, support"),
        ("ali@karimi.example", None),
    ]
    assert [(box.address, box.name) for box in mail.cc] == [("reza@karimi.example", "رضا")]
    assert [box.address for box in mail.reply_to] == ["mina.private@karimi.example"]
    assert mail.envelope.recipients == ("support+41@shop.example",)
    assert mail.envelope.sender == "bounce@karimi.example"
    assert mail.header("message-id") == "<pm-1@mail.karimi.example>"
    assert mail.envelope.stripped_text == "Where is order 41?"
    assert mail.sent_at == datetime(2026, 3, 1, 11, 50, tzinfo=UTC)


def test_of_two_findings_about_the_envelope_none_counts() -> None:
    assert mail_of("postmark_inbound_sparse.json").envelope.sender is None


def test_files_of_postmark_are_decoded_and_a_broken_one_is_empty() -> None:
    picture, notes, broken = mail_of("postmark_inbound_with_files.json").parts
    assert picture.content.startswith(PICTURE)
    assert (picture.content_id, picture.is_inline) == ("photo@karimi", True)
    assert (notes.content, notes.media_type) == (b"notes", "text/plain")
    assert (broken.content, broken.media_type) == (b"", "application/octet-stream")


def test_times_of_postmark_are_utc() -> None:
    assert report_of("postmark_bounce_hard.json").at == NOON.replace(microsecond=273539)


# -- ses ---------------------------------------------------------------------------------------------------------------


def test_a_mail_of_ses_is_its_mime_with_what_ses_found() -> None:
    mail = mail_of("ses_received_base64.json")
    assert mail.header("message-id") == "<ses-2@mail.karimi.example>"
    assert mail.envelope.recipients == ("support@shop.example",)
    assert mail.envelope.authenticated is True


def test_spf_of_the_senders_own_domain_proves_the_sender_of_ses_and_that_of_another_does_not() -> None:
    assert mail_of("ses_received_utf8.json").envelope.authenticated is True
    assert mail_of("ses_received_forged_sender.json").envelope.authenticated is False


def test_a_report_of_ses_has_the_time_of_its_own_event() -> None:
    assert report_of("ses_delivery.json").at == NOON


def test_the_message_id_that_ses_gave_a_mail_has_the_domain_of_its_region() -> None:
    assert report_of("ses_bounce_suppressed.json").message_id == "0102-ses-3@eu-west-1.amazonses.com"


# -- bodies that are no calls of theirs --------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"[", "application/json"),
        (b'"text"', "application/json"),
        (b"[" * 100 + b"]" * 100, "application/json"),
        (b"hello", "text/plain"),
        (b"--x\r\nno header", "multipart/form-data; boundary=x"),
        (b"anything", "multipart/form-data"),
        (b"&".join([b"a=1"] * 2000), "application/x-www-form-urlencoded"),
        (
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n" * 1001 + b"--x--",
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_body_that_is_no_call_of_theirs_is_refused_or_a_notice(provider: str, body: bytes, content_type: str) -> None:
    try:
        items = PROVIDERS[provider].decode(calls.call(body, content_type))
    except InvalidPayload:
        return
    assert items
    assert all(isinstance(item, Notice) for item in items)


def test_json_that_is_nested_too_deep_is_refused_where_it_stands_in_a_field() -> None:
    deep = "[" * 5000 + "]" * 5000
    fields = [
        ("from", "mina@karimi.example"),
        ("message-headers", deep),
        ("content-id-map", deep),
        ("attachments", deep),
    ]
    (mail,) = PROVIDERS["mailgun"].decode(calls.form_call(fields))
    assert isinstance(mail, ReceivedMail)


def content_types() -> list[Request]:
    body = b"--b\r\nContent-Disposition: form-data; name=from\r\n\r\nmina@karimi.example\r\n--b--\r\n"
    kinds = ("multipart/form-data; boundary=b", 'Multipart/Form-Data; charset=x; boundary="b"')
    return [calls.call(body, kind) for kind in kinds]


@pytest.mark.parametrize("request_", content_types())
def test_a_content_type_may_be_written_in_any_way(request_: Request) -> None:
    (mail,) = PROVIDERS["sendgrid"].decode(request_)
    assert isinstance(mail, ReceivedMail)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "2026-01-01", "x", None, 5])
def test_a_time_that_cannot_be_is_none(text: Json) -> None:
    assert iso_time(text) is None


def test_a_form_of_mailgun_without_the_list_of_headers_is_read_by_its_fields() -> None:
    fields = [
        ("sender", MINA),
        ("recipient", "support@shop.example"),
        ("from", f"Mina <{MINA}>"),
        ("From", f"Mina <{MINA}>"),
        ("Message-Id", "<a1@karimi.example>"),
        ("In-Reply-To", f"<{SENT}>"),
        ("Date", "Sun, 01 Mar 2026 11:58:00 +0000"),
        ("Auto-Submitted", "auto-replied"),
        ("body-plain", "I am away."),
        *calls.mailgun_signature().items(),
    ]
    [mail] = PROVIDERS["mailgun"].decode(calls.form_call(fields))
    assert isinstance(mail, ReceivedMail)
    assert list(mail.values("from")) == [f"Mina <{MINA}>"]
    stated = [mail.header(name) for name in ("message-id", "in-reply-to", "auto-submitted")]
    assert stated == ["<a1@karimi.example>", f"<{SENT}>", "auto-replied"]
    assert mail.sent_at == NOON - timedelta(minutes=2)
