"""What becomes of each kind of call about messages."""

import pytest

from schemas.activity import Activity
from services.channels.sms import Sms
from services.channels.twilio.messages import decoded_text
from tests.channels.sms.cases import PAYLOADS, account, payload, request, written
from tests.channels.twilio.calls import form_of

TABLE: dict[str, list[tuple[str, str | None]]] = {
    "text": [("message", "Where is my kettle?")],
    "text_persian": [("message", "سفارشم کی می‌رسد؟")],
    "text_empty": [("message", None)],
    "text_base64": [("message", "A long text about a kettle …\n“that was joined of several parts")],
    "text_short_code": [("message", "Anna")],
    "button_ignored": [("message", "Msg")],
    "media": [("message", "Two pictures")],
    "stop": [("follow", "opted_out")],
    "stop_word": [("follow", "opted_out")],
    "cancel": [("message", "Cancel"), ("follow", "opted_out")],
    "start": [("follow", "opted_in")],
    "help": [("message", "HELP")],
    "status_queued": [("unknown", "status.queued")],
    "status_sent": [("receipt", "sent")],
    "status_delivered": [("receipt", "delivered")],
    "status_read": [("receipt", "read")],
    "status_undelivered": [("receipt", "failed undeliverable")],
    "status_failed_stop": [("receipt", "failed opted_out"), ("follow", "opted_out")],
    "status_rate_limit": [("receipt", "failed rate_limited")],
    "status_canceled": [("receipt", "failed rejected")],
    "status_new": [("unknown", "status.huh")],
    "status_bare": [("receipt", "delivered")],
    "whatsapp": [("message", "Hello")],
    "whatsapp_user_id": [("message", "Hello")],
    "whatsapp_bad_user_id": [("message", "Hello")],
    "whatsapp_button": [("message", "Confirm")],
    "whatsapp_location": [("message", None)],
    "new_field": [("message", "Hello")],
}


def parsed(name: str, query: str = "") -> list[Activity]:
    return Sms().parse(request(payload(name), query), account())


def said(activity: Activity) -> str | None:
    match activity.kind:
        case "message":
            return activity.text.text if activity.text else None
        case "receipt":
            code = f" {activity.failure.code}" if activity.failure else ""
            return f"{activity.receipt_state}{code}"
        case "follow":
            return activity.contact_state
    return str(activity.details["raw"])


def test_every_fixture_has_a_row() -> None:
    assert {path.stem for path in PAYLOADS.iterdir()} == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_what_a_call_becomes(name: str) -> None:
    assert [(one.kind, said(one)) for one in parsed(name)] == TABLE[name]


def test_a_person_is_a_number_that_twilio_vouches_for() -> None:
    (message,) = parsed("text")
    assert (message.person, message.surface) == ("sms:main:+37126000001", "private")
    assert [(one.kind, one.value, one.proven) for one in message.identities] == [("phone", "+37126000001", True)]
    assert message.address is not None
    assert message.address.chat == "+37126000001"


def test_a_person_of_whatsapp_is_answered_there() -> None:
    (message,) = parsed("whatsapp_user_id")
    assert message.address is not None
    assert (message.person, message.address.chat) == ("sms:main:whatsapp:+37126000001", "whatsapp:+37126000001")
    assert [(one.kind, one.value) for one in message.identities] == [("phone", "+37126000001"), ("platform", "LV.1234")]
    assert [one.kind for one in parsed("whatsapp_bad_user_id")[0].identities] == ["phone"]
    assert parsed("whatsapp")[0].person_name == "Anna"


def test_a_button_answers_our_message() -> None:
    (button,) = parsed("whatsapp_button")
    (sent,) = parsed("status_sent")
    assert button.replies_to == [sent.message]
    assert button.details["data"] == "confirm-7"


def test_files_stay_at_twilio() -> None:
    (message,) = parsed("media")
    assert [(one.kind, one.media_type) for one in message.attachments] == [
        ("image", "image/jpeg"),
        ("contact", "text/x-vcard"),
    ]
    (place,) = parsed("whatsapp_location")[0].attachments
    assert (place.kind, place.details["latitude"], place.details["title"]) == ("location", "56.9496", "Depot")


def test_a_state_names_our_own_id_that_its_address_carried() -> None:
    own = "0195511e-0000-7000-8000-00000000000a"
    (receipt,) = parsed("status_sent", f"message={own}.2")
    assert (receipt.aliases, receipt.person) == ([own], "sms:main:+37126000001")
    assert parsed("status_bare")[0].person == "sms:main:none"


@pytest.mark.parametrize("text", ["abcd" * 20 + "!", "abcd", "aaaa" * 20, "Where is my kettle? " * 5])
def test_only_what_is_base64_of_readable_text_is_decoded(text: str) -> None:
    assert decoded_text(text) == text


def test_a_number_whose_plus_sign_was_not_escaped_is_the_same_person() -> None:
    body = form_of(written("SM1", "hello")).replace(b"From=%2B", b"From=+")
    assert Sms().parse(request(body), account())[0].person == "sms:main:+37126000001"


def test_the_answer_is_markup_that_asks_for_nothing() -> None:
    answer = Sms().response(request(payload("text")), account(), [])
    assert (answer.status, answer.media_type) == (200, "text/xml")
    assert answer.body.endswith(b"<Response/>")
