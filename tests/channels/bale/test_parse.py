"""What Bale sends becomes, by fixture: kind, surface, person, text."""

from dataclasses import replace

import pytest

from services.channels.bale import Bale
from services.channels.port import InvalidPayload, InvalidSignature
from tests.channels.bale.cases import PAYLOADS, SECRET, account, payload, request

EXPECTED: dict[str, list[tuple[str, str, str, str | None]]] = {
    "text": [("message", "private", "70001", "سلام، سفارش من کجاست؟")],
    "edited": [("edit", "private", "70001", "سلام، سفارش ۱۲ من کجاست؟")],
    "edited_without_time": [("edit", "private", "70001", "سلام")],
    "photo": [("message", "private", "70001", "این شکسته است")],
    "document": [("message", "private", "70001", None)],
    "voice": [("message", "private", "70001", None)],
    "video": [("message", "private", "70001", None)],
    "audio": [("message", "private", "70001", None)],
    "sticker": [("message", "private", "70001", None)],
    "location": [("message", "private", "70001", None)],
    "contact": [("message", "private", "70001", None)],
    "invoice": [("message", "private", "70001", None)],
    "start": [("follow", "private", "70001", None)],
    "start_by_link": [("message", "private", "70001", "/start handofftoken1")],
    "reply": [("message", "private", "70001", "این یکی")],
    "forwarded": [("message", "private", "70001", "ببینید")],
    "callback": [("postback", "private", "70001", "بله")],
    "callback_without_message": [("postback", "private", "70001", None)],
    "group": [("message", "public", "70001", "سفارش من نرسید")],
    "group_edited": [("edit", "public", "70001", "سفارش ۱۲ نرسید")],
    "group_reply": [("message", "public", "70001", "باشد")],
    "group_callback": [("postback", "public", "70001", None)],
    "joined": [("unknown", "public", "70001", None)],
    "left": [("unknown", "public", "70001", None)],
    "own_message": [("echo", "private", "70001", "سلام از فروشگاه")],
    "other_bot": [("unknown", "public", "999", None)],
    "channel_post": [("echo", "public", "6400001", "خبر")],
    "web_app_data": [("postback", "private", "70001", None)],
    "payment": [("unknown", "private", "70001", None)],
    "pre_checkout": [("unknown", "private", "70001", None)],
    "unheard_of": [("unknown", "private", "70001", None)],
    "unknown_chat": [("unknown", "private", "70001", None)],
    "without_sender": [("unknown", "private", "none", None)],
    "get_updates": [("message", "private", "70001", "یک"), ("message", "private", "70001", "دو")],
    "empty": [("unknown", "private", "none", None)],
    "without_update_id": [("message", "private", "70001", "بدون شماره")],
}


def test_every_fixture_has_a_row() -> None:
    assert {path.stem for path in PAYLOADS.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_body_becomes_these_activities(name: str) -> None:
    found = Bale().parse(request(payload(name)), account())
    assert [(a.kind, a.surface, a.person.split(":")[2], a.text and a.text.text) for a in found] == EXPECTED[name]


def test_the_bot_of_a_link_names_the_hand_off() -> None:
    [activity] = Bale().parse(request(payload("start_by_link")), account())
    assert activity.details["start"] == "handofftoken1"


def test_no_message_of_bale_has_an_address_of_telegram() -> None:
    for path in PAYLOADS.iterdir():
        for activity in Bale().parse(request(path.read_bytes()), account()):
            assert "t.me" not in activity.model_dump_json()


def test_a_photo_is_the_widest_of_its_sizes_and_stays_at_bale() -> None:
    [activity] = Bale().parse(request(payload("photo")), account())
    assert [(one.kind, one.platform_id, one.url) for one in activity.attachments] == [("image", "f:large", None)]


def test_an_answer_and_its_message_have_one_id() -> None:
    [answer] = Bale().parse(request(payload("reply")), account())
    [answered] = Bale().parse(request(payload("own_message")), account())
    assert answer.replies_to == [answered.message]


def test_two_bots_of_one_account_number_their_messages_apart() -> None:
    other = account(credentials={"bot_token": "777:ABC", "path_secret": SECRET})
    [one], [two] = (Bale().parse(request(payload("text")), owner) for owner in (account(), other))
    assert one.message != two.message
    assert one.id != two.id


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"ok": false}', b'"text"', b'{"update": 1}'])
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        Bale().parse(request(body), account())


@pytest.mark.parametrize("subpath", ["", SECRET[:-1], SECRET + "/", SECRET + "/more", SECRET.upper(), "/" + SECRET])
def test_a_call_to_another_end_of_the_address_is_refused(subpath: str) -> None:
    with pytest.raises(InvalidSignature) as refused:
        Bale().verify(request(b"{}", subpath), account())
    assert SECRET not in str(refused.value)


def test_an_old_and_a_new_secret_are_both_taken_while_they_rotate() -> None:
    rotating = account(credentials={"bot_token": "1:A", "path_secret": ["new-secret", SECRET]})
    for secret in ("new-secret", SECRET):
        Bale().verify(request(b"{}", secret), rotating)
    with pytest.raises(InvalidSignature):
        Bale().verify(replace(request(b"{}"), subpath="another"), rotating)
