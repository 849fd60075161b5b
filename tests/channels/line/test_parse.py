"""What each kind of event says. Fixtures follow the shapes of LINE's OpenAPI document (github.com/line/line-openapi)."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Address
from schemas.values import EncryptedText
from services.channels.line import Line
from services.channels.line_api.event import message_id
from services.channels.port import InvalidPayload
from tests.channels.line.cases import CUSTOMER, GROUP, PAYLOADS, RECEIVED, ROOM, account, payload, request

Row = tuple[str, str, str | None, str | None]
TOKEN = "A" * 43


def said(
    kind: str = "message", text: str | None = None, person: str = CUSTOMER, thread: str | None = None
) -> list[Row]:
    return [(kind, person, thread, text)]


EXPECTED: dict[str, list[Row]] = {
    "account_link": said("unknown"),
    "audio": said(),
    "beacon": said("unknown"),
    "bot_resumed": said("unknown", person="none"),
    "bot_suspended": said("unknown", person="none"),
    "duplicate": said(text="twice"),
    "file": said(),
    "follow": said("follow"),
    "follow_unblocked": said("follow"),
    "image": said(),
    "image_external": said(),
    "image_set": [*said(), *said()],
    "join": said("unknown", person="none", thread=GROUP),
    "leave": said("unknown", person="none", thread=GROUP),
    "location": said(),
    "location_bare": said(),
    "member_joined": said("unknown", person="none", thread=GROUP),
    "member_left": said("unknown", person="none", thread=GROUP),
    "membership": said("unknown"),
    "message_new_type": said("unknown"),
    "message_without_id": said("unknown"),
    "message_without_source": said("unknown", person="none"),
    "module": said("unknown", person="none"),
    "new_event": said("unknown"),
    "notification_delivered": said("unknown"),
    "place_new": said("unknown"),
    "postback": said("postback"),
    "postback_date": said("postback"),
    "several": [*said(text="one"), *said(text="two"), *said("deletion"), *said("follow")],
    "sticker": said(),
    "sticker_message": said(text="See you soon"),
    "text": said(text="Where is my order?"),
    "text_emoji": said(text="thanks (heart)"),
    "text_group": said(text="@shop hello", thread=GROUP),
    "text_group_without_user": said("unknown", person="none", thread=GROUP),
    "text_quote": said(text="this one"),
    "text_redelivered": said(text="again"),
    "text_room": said(text="hello from a room", thread=ROOM),
    "text_standby": said(text="somebody else answers"),
    "text_start": said(text=TOKEN),
    "text_start_in_group": said(text=TOKEN, thread=GROUP),
    "unfollow": said("follow"),
    "unsend": said("deletion"),
    "unsend_group": said("deletion", thread=GROUP),
    "unsend_without_message": said("unknown"),
    "video": said(),
    "video_play_complete": said("unknown"),
    "without_events": said("unknown", person="none"),
}


def parsed(name: str) -> list[Activity]:
    return Line().parse(request(payload(name)), account())


def one(name: str) -> Activity:
    [activity] = parsed(name)
    return activity


def row(activity: Activity) -> Row:
    text = activity.text.text if activity.text else None
    return activity.kind, activity.person.removeprefix("line:main:"), activity.thread, text


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.iterdir()))
def test_a_body_says(name: str) -> None:
    found = parsed(name)
    assert [row(activity) for activity in found] == EXPECTED[name]
    assert all((activity.surface == "public") == (activity.thread is not None) for activity in found)


def test_every_expectation_has_its_fixture() -> None:
    assert set(EXPECTED) == {path.stem for path in PAYLOADS.iterdir()}


# -- ids, places and times -----------------------------------------------------------------------------------------------


def test_a_message_has_the_id_of_its_number_and_an_address_for_the_answer() -> None:
    activity = one("text")
    assert activity.message == message_id("shop", "main", "555000000000000001")
    assert activity.platform_id == "555000000000000001"
    assert activity.address == Address(chat=CUSTOMER)
    assert (activity.sent_at, activity.received_at) == (datetime(2026, 3, 1, 12, 0, 0, 1000, tzinfo=UTC), RECEIVED)


@pytest.mark.parametrize(("name", "chat"), [("text_group", GROUP), ("text_room", ROOM)])
def test_what_is_written_in_a_group_is_answered_there(name: str, chat: str) -> None:
    assert one(name).surface == "public"
    assert one(name).address == Address(chat=chat)


def test_an_event_that_comes_again_has_the_id_that_it_had() -> None:
    first = json.loads(payload("text"))
    again = json.loads(payload("text"))
    again["events"][0] |= {"deliveryContext": {"isRedelivery": True}, "replyToken": "another"}
    ids = [Line().parse(request(json.dumps(body).encode()), account())[0].id for body in (first, again)]
    assert ids[0] == ids[1]


def test_a_deletion_and_a_quote_name_the_message_that_they_are_about() -> None:
    about = message_id("shop", "main", "555000000000000001")
    assert one("unsend").message == about
    assert one("text_quote").replies_to == [about]


# -- content -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "details"),
    [
        ("image", "image", {}),
        ("video", "video", {"duration_seconds": 60.0}),
        ("audio", "audio", {"duration_seconds": 1.5}),
        ("file", "file", {}),
    ],
)
def test_a_file_stays_where_it_is(name: str, kind: str, details: dict[str, Any]) -> None:
    activity = one(name)
    [file] = activity.attachments
    assert (file.kind, file.platform_id, file.url, file.details) == (kind, activity.platform_id, None, details)


def test_a_file_has_its_name_and_size() -> None:
    [file] = one("file").attachments
    assert (file.name, file.size_bytes) == ("invoice.pdf", 2138)


def test_a_picture_of_another_service_is_at_its_address() -> None:
    [file] = one("image_external").attachments
    assert (file.platform_id, file.url) == (None, "https://pictures.example/1.jpg")


def test_pictures_that_were_sent_together_share_an_album() -> None:
    assert [activity.album for activity in parsed("image_set")] == ["SET1", "SET1"]


def test_a_place_has_its_coordinates() -> None:
    [place] = one("location").attachments
    assert place.name == "my home"
    assert place.details == {"latitude": 56.95, "longitude": 24.11, "address": "Brivibas 1, Riga"}


def test_a_sticker_says_what_it_shows() -> None:
    [sticker] = one("sticker").attachments
    assert sticker.details == {
        "type": "sticker",
        "package_id": "446",
        "sticker_id": "1988",
        "keywords": ["Happy", "Yay"],
    }


@pytest.mark.parametrize(
    ("name", "details"),
    [
        ("text_start", {"start": TOKEN}),
        # In a group others read it: whoever wrote it there is no proof of anything.
        ("text_start_in_group", {}),
        ("text_standby", {"standby": True}),
        ("postback", {"data": "action=track&order=1001"}),
        ("postback_date", {"data": "when", "params": {"datetime": "2026-03-01T12:00"}}),
        ("beacon", {"raw": "beacon", "what": "enter"}),
        ("account_link", {"raw": "accountLink", "what": "ok"}),
        ("membership", {"raw": "membership", "what": "joined"}),
        ("module", {"raw": "module", "what": "attached"}),
        ("message_new_type", {"raw": "message", "what": "hologram"}),
        ("text_group_without_user", {"raw": "message", "reason": "nobody"}),
        ("new_event", {"raw": "hologram"}),
        ("without_events", {"raw": "verify"}),
    ],
)
def test_what_has_no_field_of_its_own_is_in_the_details(name: str, details: dict[str, Any]) -> None:
    assert one(name).details == details


@pytest.mark.parametrize(
    ("name", "state"), [("follow", "started"), ("follow_unblocked", "unblocked"), ("unfollow", "blocked")]
)
def test_who_follows_or_blocks_has_that_state(name: str, state: str) -> None:
    assert one(name).contact_state == state


# -- other bodies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"events": {}}', b"not json", b"[" * 100_000])
def test_what_is_no_webhook_of_line_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        Line().parse(request(body), account())


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}))


@given(name=st.sampled_from(sorted(EXPECTED)), data=st.data())
def test_a_field_of_any_type_gives_activities_with_different_ids(name: str, data: st.DataObject) -> None:
    body = json.loads(payload(name))
    for event in body["events"]:
        place = data.draw(st.sampled_from([event, *(value for value in event.values() if isinstance(value, dict))]))
        if place:
            place[data.draw(st.sampled_from(sorted(place)))] = data.draw(ODD)
    found = Line().parse(replace(request(b""), body=json.dumps(body).encode()), account())
    assert found
    assert len({activity.id for activity in found}) == len(found)


def test_the_text_of_a_message_is_encrypted_at_rest() -> None:
    assert one("text").text == EncryptedText(text="Where is my order?")
