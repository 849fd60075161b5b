"""Every fixture and what it becomes."""

import contextlib
import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Address, Attachment, PersonIdentity
from services.channels.port import InvalidPayload
from services.channels.rubika import Rubika
from tests.channels.rubika.cases import CHAT, GROUP, NEWS, PAYLOADS, SARA, account, payload, request

NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))
IN_PRIVATE, IN_GROUP = ("private", f"rubika:main:{CHAT}", None), ("public", f"rubika:main:{SARA}", GROUP)
BY_LINK = ("private", f"rubika:main:{SARA}", None)
IN_CHANNEL, NOBODY = ("public", f"rubika:main:{NEWS}", NEWS), ("public", "rubika:main:none", GROUP)
TOKEN = "h4nd0ff-T0ken_1-of-an-invented-link-0123456"
HELLO = "سلام، سفارش من کجاست؟"
Place = tuple[str, str, str | None]

# fixture → kind, surface with person and thread, text
EXPECTED: dict[str, tuple[str, Place, str | None]] = {
    "text": ("message", IN_PRIVATE, HELLO),
    "number_as_id": ("message", IN_PRIVATE, HELLO),
    "start": ("follow", IN_PRIVATE, None),
    "start_by_link": ("message", BY_LINK, "به فروشگاه خوش آمدید"),
    "start_written": ("message", BY_LINK, f"/start {TOKEN}"),
    "started": ("follow", IN_PRIVATE, None),
    "started_by_link": ("message", BY_LINK, f"/start {TOKEN}"),
    "stopped": ("follow", IN_PRIVATE, None),
    "keypad_pressed": ("message", IN_PRIVATE, "پیگیری سفارش"),
    "edited": ("edit", IN_PRIVATE, "سلام، سفارش ۱۲۳ کجاست؟"),
    "edited_without_time": ("edit", IN_PRIVATE, "better"),
    "edited_keypad": ("unknown", IN_PRIVATE, None),
    "removed": ("deletion", IN_PRIVATE, None),
    "removed_number": ("deletion", IN_PRIVATE, None),
    "removed_nothing": ("unknown", IN_PRIVATE, None),
    "picture": ("message", IN_PRIVATE, "it came broken"),
    "picture_without_type": ("message", IN_PRIVATE, None),
    "voice": ("message", IN_PRIVATE, None),
    "music": ("message", IN_PRIVATE, None),
    "film": ("message", IN_PRIVATE, None),
    "gif": ("message", IN_PRIVATE, None),
    "document": ("message", IN_PRIVATE, "the bill"),
    "file_inline": ("message", IN_PRIVATE, None),
    "sticker": ("message", IN_PRIVATE, None),
    "location": ("message", IN_PRIVATE, None),
    "live_location": ("message", IN_PRIVATE, None),
    "contact": ("message", IN_PRIVATE, None),
    "poll": ("message", IN_PRIVATE, None),
    "payment": ("message", IN_PRIVATE, None),
    "answer": ("message", IN_PRIVATE, "this one?"),
    "forwarded": ("message", IN_PRIVATE, "New goods"),
    "forwarded_no_link": ("message", IN_PRIVATE, "see this"),
    "linked": ("message", IN_PRIVATE, "look here"),
    "empty": ("unknown", IN_PRIVATE, None),
    "own_message": ("echo", IN_PRIVATE, "Your parcel left today"),
    "group": ("message", IN_GROUP, "where is my parcel"),
    "group_bot": ("unknown", ("public", "rubika:main:b0Other", GROUP), None),
    "group_nobody": ("unknown", NOBODY, None),
    "group_edited": ("edit", IN_GROUP, "where is it"),
    "group_removed": ("deletion", NOBODY, None),
    "channel_post": ("echo", IN_CHANNEL, "New goods"),
    "channel_post_edited": ("edit", IN_CHANNEL, "New goods!"),
    "unknown_chat": ("message", ("public", f"rubika:main:{SARA}", "x9Unheard"), "hello"),
    "without_id": ("message", IN_PRIVATE, "no number"),
    "without_chat": ("unknown", ("private", f"rubika:main:{SARA}", None), None),
    "inline_button": ("postback", IN_PRIVATE, "Yes, refund"),
    "inline_button_in_group": ("postback", IN_GROUP, "Yes, refund"),
    "inline_location": ("postback", IN_PRIVATE, "My place"),
    "inline_file": ("postback", IN_PRIVATE, None),
    "inline_nobody": ("unknown", NOBODY, None),
    "updated_payment": ("unknown", IN_PRIVATE, None),
    "bot_joined": ("unknown", NOBODY, None),
    "query": ("unknown", IN_PRIVATE, None),
    "unheard_of": ("unknown", IN_PRIVATE, None),
    "bare_update": ("message", IN_PRIVATE, "one"),
    "bare_inline": ("postback", IN_PRIVATE, "Yes, refund"),
}


def parsed(name: str) -> Activity:
    """The activity of a fixture, of a start by a link the first of two."""
    activity, *rest = Rubika().parse(request(payload(name)), account())
    assert [one.kind for one in rest] == (["contact"] if "start" in activity.details else [])
    return activity


def of_body(body: object) -> list[Activity]:
    return Rubika().parse(request(json.dumps(body).encode()), account())


def test_every_fixture_has_a_row() -> None:
    assert {*EXPECTED, "get_updates"} == set(NAMES)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_fixture_becomes_what_the_table_says(name: str) -> None:
    found = parsed(name)
    text = found.text.text if found.text else None
    assert (found.kind, (found.surface, found.person, found.thread), text) == EXPECTED[name]


def test_what_is_listed_comes_in_its_order() -> None:
    found = Rubika().parse(request(payload("get_updates")), account())
    assert [one.kind for one in found] == ["message", "message", "follow"]
    listed = json.loads(payload("get_updates"))["data"]["updates"]
    assert [one.id for one in of_body(listed)] == [one.id for one in found]
    assert [one.id for update in listed for one in of_body({"update": update})] == [one.id for one in found]


def test_one_message_has_one_id_whether_its_number_is_text_or_not() -> None:
    assert parsed("number_as_id") == parsed("text")
    assert parsed("removed_number").message == parsed("removed").message == parsed("text").message


def test_a_change_is_about_its_message_and_no_repeat_of_it() -> None:
    names = ("text", "edited", "removed")
    assert len({parsed(name).message for name in names}) == 1
    assert len({parsed(name).id for name in names}) == 3


@pytest.mark.parametrize(
    ("name", "attachment"),
    [
        ("picture", {"kind": "image", "name": "mug.jpg", "media_type": "image/jpeg", "size_bytes": 48213}),
        ("picture_without_type", {"kind": "image", "name": "mug.jpg", "media_type": "image/jpeg", "size_bytes": 48213}),
        ("voice", {"kind": "voice", "name": "voice.ogg", "size_bytes": 48213}),
        ("music", {"kind": "audio", "name": "song.mp3", "media_type": "audio/mpeg", "size_bytes": 48213}),
        ("film", {"kind": "video", "name": "film.mp4", "media_type": "video/mp4", "size_bytes": 48213}),
        ("gif", {"kind": "video", "name": "wave.mp4", "media_type": "video/mp4", "size_bytes": 48213}),
        ("document", {"kind": "file", "name": "bill.pdf", "media_type": "application/pdf", "size_bytes": 48213}),
        ("file_inline", {"kind": "image", "name": "mug.jpg", "media_type": "image/jpeg", "size_bytes": 48213}),
    ],
)
def test_a_file_stays_at_rubika_until_somebody_opens_it(name: str, attachment: dict[str, Any]) -> None:
    [found] = parsed(name).attachments
    expected = {"media_type": found.media_type, **attachment}
    assert found == Attachment(platform_id="5500000000000000001", **expected)


@pytest.mark.parametrize(("stated", "known"), [("a+b/c==", "a+b/c=="), (5500, "5500"), ("", None), (None, None)])
def test_the_id_of_a_file_is_whatever_rubika_gives_back(stated: object, known: str | None) -> None:
    update = json.loads(payload("picture"))
    update["update"]["new_message"]["file"]["file_id"] = stated
    assert of_body(update)[0].attachments[0].platform_id == known


@pytest.mark.parametrize(
    ("name", "kind", "title", "details"),
    [
        ("sticker", "sticker", "s.webp", {"emoji": "😀", "sticker_id": "77"}),
        ("location", "location", None, {"latitude": 35.6892, "longitude": 51.389}),
        (
            "live_location",
            "location",
            None,
            {"latitude": 35.6892, "longitude": 51.389, "live": True, "status": "Live", "period_seconds": 900},
        ),
        ("contact", "contact", "Sara Ahmadi", {"phone": "989000000001"}),
        ("poll", "other", "Which colour?", {"type": "poll", "options": ["red", "blue"], "state": "Open"}),
        ("payment", "other", None, {"type": "payment", "payment_id": "900001", "status": "Paid"}),
        ("inline_location", "location", None, {"latitude": 35.6892, "longitude": 51.389}),
    ],
)
def test_what_is_no_file_is_shown_too(name: str, kind: str, title: str | None, details: dict[str, Any]) -> None:
    [found] = parsed(name).attachments
    assert (found.kind, found.name, found.details) == (kind, title, details)


def test_a_card_proves_no_number_since_nobody_says_whose_it_is() -> None:
    assert [one.kind for one in parsed("contact").identities] == ["platform"]


def test_a_person_is_the_private_chat_and_known_by_the_user_id_behind_it() -> None:
    known = [PersonIdentity(kind="platform", value=SARA, proven=True)]
    assert parsed("text").identities == known
    assert parsed("group").identities == []
    assert parsed("own_message").identities == []


@pytest.mark.parametrize(("name", "state"), [("start", "started"), ("started", "started"), ("stopped", "blocked")])
def test_starts_and_stops_are_states_of_the_contact(name: str, state: str) -> None:
    found = parsed(name)
    assert (found.contact_state, found.message) == (state, None)
    assert found.sent_at is not None


def test_a_second_stop_is_no_repeat_of_the_first() -> None:
    update = json.loads(payload("stopped"))
    later = copy.deepcopy(update)
    later["update"]["update_time"] += 1
    [first], [again], [second] = of_body(update), of_body(update), of_body(later)
    assert first.id == again.id != second.id


@pytest.mark.parametrize("name", ["start_by_link", "start_written", "started_by_link"])
def test_the_token_of_a_link_is_where_a_hand_off_looks_for_it(name: str) -> None:
    assert parsed(name).details["start"] == TOKEN


def test_who_starts_by_a_link_is_known_by_the_user_id_and_goes_on_as_the_chat() -> None:
    _, goes_on = Rubika().parse(request(payload("started_by_link")), account())
    assert (goes_on.person, goes_on.successor) == (f"rubika:main:{SARA}", f"rubika:main:{CHAT}")
    [_, again] = Rubika().parse(request(payload("start_by_link")), account())
    assert again.id == goes_on.id


def test_a_start_by_a_link_that_is_no_hand_off_is_a_message_of_the_chat() -> None:
    update = json.loads(payload("started_by_link"))
    update["update"]["new_message"]["aux_data"]["start_id"] = "summer-sale"
    [found] = of_body(update)
    assert (found.person, found.details) == (f"rubika:main:{CHAT}", {"start": "summer-sale"})


def test_a_start_by_a_link_that_names_nobody_is_that_of_a_visitor() -> None:
    update = json.loads(payload("started_by_link"))
    del update["update"]["new_message"]["sender_id"]
    [found] = of_body(update)
    assert (found.person, found.details) == (f"rubika:main:{CHAT}", {"handoff": TOKEN})


def test_a_pressed_key_is_a_message_and_a_button_below_ours_answers_it() -> None:
    assert parsed("keypad_pressed").details == {"data": "order-status"}
    pressed = parsed("inline_button")
    assert (pressed.platform_id, pressed.details["data"]) == ("4200000000000000002", "refund-yes")
    assert pressed.message not in pressed.replies_to
    sent = of_body({"update": {"type": "RemovedMessage", "chat_id": CHAT, "removed_message_id": 4200000000000000002}})
    assert pressed.replies_to == [sent[0].message]


def test_presses_of_two_buttons_of_one_message_are_two() -> None:
    one = json.loads(payload("inline_button"))
    other = copy.deepcopy(one)
    other["inline_message"]["aux_data"]["button_id"] = "refund-no"
    assert of_body(one)[0].id == of_body(one)[0].id != of_body(other)[0].id


def test_an_answer_names_the_message_that_it_answers() -> None:
    [answered] = parsed("answer").replies_to
    removed = {"type": "RemovedMessage", "chat_id": CHAT, "removed_message_id": "4000000000000000009"}
    assert answered == of_body({"update": removed})[0].message


def test_a_forwarded_message_says_what_its_author_is_and_their_ids() -> None:
    forwarded = parsed("forwarded")
    assert forwarded.forwarded_from == "Channel"
    assert forwarded.details == {
        "forwarded_chat_id": NEWS,
        "forwarded_sender_id": NEWS,
        "forwarded_message_id": "81",
    }
    assert parsed("forwarded_no_link").forwarded_from == "Reza"


def test_addresses_behind_words_are_links() -> None:
    assert parsed("linked").links == ["https://shop.example/mug", "https://shop.example/cup"]


def test_an_answer_goes_to_the_chat_and_in_a_group_to_the_message() -> None:
    assert parsed("text").address == Address(chat=CHAT)
    assert parsed("group").address == Address(chat=GROUP, reply_to="4100000000000000001")


def test_what_the_bot_wrote_is_a_reply_of_ours_and_a_post_of_a_channel_is_of_the_team() -> None:
    own, post = parsed("own_message"), parsed("channel_post")
    assert (own.author, own.own_reply) == ("bot", True)
    assert (post.author, post.own_reply) == ("account", False)


def test_an_edit_has_its_own_time_where_rubika_states_it() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    edited = parsed("edited")
    assert (edited.original_sent_at, edited.sent_at) == (at, at.replace(minute=1))
    without = parsed("edited_without_time")
    assert (without.original_sent_at, without.sent_at) == (None, None)


def test_what_is_unknown_has_its_type_and_no_content() -> None:
    assert parsed("unheard_of").details == {"raw": "SomethingNew"}
    assert "secret" not in parsed("unheard_of").model_dump_json()
    assert parsed("query").details == {"raw": "query"}
    assert parsed("updated_payment").details == {"raw": "UpdatedPayment", "payment_id": "900001", "status": "Paid"}
    assert parsed("bot_joined").details == {"raw": "EventData", "event": "BotJoined", "join_type": "Admin"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b"1",
        b'"update"',
        b'{"update": "x"}',
        b"[1]",
        b'{"status":"OK","data":{"updates":[]}}',
    ],
)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload) as raised:
        Rubika().parse(request(body), account())
    assert "nonsense" not in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data(), name=st.sampled_from(NAMES))
def test_a_field_of_any_type_ends_in_activities_or_in_a_refusal(data: st.DataObject, name: str) -> None:
    body = json.loads(payload(name))
    place, steps = body, data.draw(st.integers(1, 5))
    for _ in range(steps):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(JSON)
            break
        place = place[key]
    with contextlib.suppress(InvalidPayload):
        assert of_body(body)
