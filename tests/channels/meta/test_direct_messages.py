"""Direct messages of Messenger and Instagram: each fixture, and what it becomes."""

import importlib
import json
from dataclasses import replace
from typing import Any

import pytest

from schemas.activity import Activity, Address
from services.channels.instagram import Instagram
from services.channels.messenger import Messenger
from services.channels.port import Channel, InvalidPayload
from tests.channels.instagram import cases as instagram
from tests.channels.messenger import cases as messenger
from tests.examples import SHARE

CHANNELS: dict[str, Channel] = {"messenger": Messenger(), "instagram": Instagram()}
PUBLIC = ("feed_", "mention", "ratings_", "comments_", "live_comments", "story_insights")
BLUE, RED = "Is the blue kettle back?", "Is the red kettle back?"
NOBODY = "none"
# Name → kind, side, text, of the customer unless a person is named.
COMMON: dict[str, tuple[Any, ...]] = {
    "text": ("message", "customer", BLUE),
    "text_in_seconds": ("message", "customer", BLUE),
    "text_with_date": ("message", "customer", BLUE),
    "text_without_mid": ("message", "customer", BLUE),
    "message_as_change": ("message", "customer", BLUE),
    "message_as_field": ("message", "customer", BLUE),
    "standby": ("message", "customer", BLUE),
    "image": ("message", "customer", None),
    "images_with_text": ("message", "customer", "Both leak"),
    "video": ("message", "customer", None),
    "audio": ("message", "customer", None),
    "file": ("message", "customer", None),
    "attachment_of_unheard_type": ("message", "customer", None),
    "quick_reply": ("message", "customer", "Blue"),
    "reply_to_ours": ("message", "customer", "That one"),
    "message_by_advertisement": ("message", "customer", "Hello"),
    "unsupported": ("message", "customer", None),
    "postback": ("postback", "customer", "Where is my order?"),
    "postback_without_mid": ("postback", "customer", "Get started"),
    "referral": ("follow", "customer", None),
    "referral_by_handoff_link": ("postback", "customer", None),
    "echo_of_ours": ("echo", "account", "It is back on Monday."),
    "echo_by_person": ("echo", "account", "I looked: it is here."),
    "echo_in_inbox_of_meta": ("echo", "account", "I looked: it is here."),
    "echo_of_other_app": ("echo", "bot", "We open at nine."),
    "echo_the_wrong_way_round": ("echo", "account", "I looked: it is here."),
    "echo_without_content": ("echo", "account", None),
    "edit": ("edit", "customer", RED),
    "edit_with_number_as_text": ("edit", "customer", RED),
    "edit_that_is_the_message": ("message", "customer", BLUE),
    "edit_by_nobody": ("edit", "customer", RED, NOBODY),
    "edit_without_text": ("unknown", "customer", None, NOBODY),
    "unsent": ("deletion", "customer", None),
    "unsent_by_us": ("deletion", "account", None),
    "reaction": ("reaction", "customer", None),
    "reaction_without_emoji": ("reaction", "customer", None),
    "reaction_taken_back": ("reaction", "customer", None),
    "empty": ("unknown", "customer", None),
    "message_of_nobody": ("unknown", "customer", None, NOBODY),
    "pass_thread_control": ("unknown", "customer", None),
    "take_thread_control": ("unknown", "customer", None),
    "test_of_dashboard": ("message", "customer", "random_text", "12334"),
    "foreign": ("unknown", "customer", None, NOBODY),
    "of_another_object": ("unknown", "customer", None, NOBODY),
    "entry_without_events": ("unknown", "customer", None, NOBODY),
    "without_entries": ("unknown", "customer", None, NOBODY),
    "unheard_of": ("unknown", "customer", None),
}
OF_MESSENGER: dict[str, tuple[Any, ...]] = {
    "thumbs_up": ("message", "customer", None),
    "sticker": ("message", "customer", None),
    "location": ("message", "customer", "Pinned location"),
    "fallback": ("message", "customer", "look"),
    "fallback_shown_in_text": ("message", "customer", "https://example.com/kettles"),
    "fallback_with_path": ("message", "customer", None),
    "reel": ("message", "customer", None),
    "ig_reel_with_path": ("message", "customer", None),
    "ids_as_numbers": ("message", "customer", BLUE),
    "between_others": ("unknown", "customer", None),
    "delivery_without_mids": ("receipt", "customer", None),
    "delivery_without_watermark": ("receipt", "customer", None),
    "read": ("receipt", "customer", None),
    "read_with_watermark_as_text": ("receipt", "customer", None),
    "optin": ("follow", "customer", None),
    "optin_for_notifications": ("follow", "customer", None),
    "optin_stopped": ("follow", "customer", None),
    "optin_by_checkbox": ("unknown", "customer", None, NOBODY),
    "policy_enforcement": ("unknown", "customer", None, NOBODY),
    "account_linking": ("unknown", "customer", None),
    "echo_with_our_id": ("echo", "account", "It is back on Monday."),
}
OF_INSTAGRAM: dict[str, tuple[Any, ...]] = {
    "like_heart": ("message", "customer", None),
    "share": ("message", "customer", None),
    "ig_post": ("message", "customer", None),
    "ig_reel": ("message", "customer", None),
    "ig_reel_with_path": ("message", "customer", None),
    "story_mention": ("message", "customer", None),
    "story_mention_without_address": ("message", "customer", None),
    "story_reply": ("message", "customer", "How much is it?"),
    "self": ("echo", "account", "a note to ourselves", NOBODY),
    "under_another_id": ("message", "customer", BLUE),
    "seen": ("receipt", "customer", None),
    "attachment_that_is_not_shown": ("message", "customer", None),
}
TABLES = {"messenger": {**COMMON, **OF_MESSENGER}, "instagram": {**COMMON, **OF_INSTAGRAM}}
OF_SEVERAL = {"two_entries_and_a_foreign_one", "message_by_handoff_link"}
ANNA = {"messenger": messenger.ANNA, "instagram": instagram.ANNA}
ROWS = [(channel, name) for channel, table in TABLES.items() for name in table]
both = pytest.mark.parametrize("channel", CHANNELS)


def cases(channel: str) -> Any:
    return importlib.import_module(f"tests.channels.{channel}.cases")


def parse(channel: str, name: str) -> list[Activity]:
    return CHANNELS[channel].parse(cases(channel).request(cases(channel).payload(name)), cases(channel).account())


def only(channel: str, name: str) -> Activity:
    [activity] = parse(channel, name)
    return activity


@both
def test_every_fixture_of_a_direct_message_has_a_row(channel: str) -> None:
    fixtures = {path.stem for path in cases(channel).PAYLOADS.iterdir() if not path.stem.startswith(PUBLIC)}
    assert fixtures == {*TABLES[channel], *OF_SEVERAL} | ({"delivery"} if channel == "messenger" else set())


@pytest.mark.parametrize(("channel", "name"), ROWS)
def test_a_fixture_becomes_what_its_row_says(channel: str, name: str) -> None:
    kind, side, text, *person = TABLES[channel][name]
    external = person[0] if person else ANNA[channel]
    found = only(channel, name)
    assert (found.kind, found.author, found.surface, found.thread) == (kind, side, "private", None)
    assert (found.text and found.text.text, found.person) == (text, f"{channel}:main:{external}")
    assert found.address == (None if external == NOBODY else Address(chat=external))
    assert found.aliases == (["0195511e-0000-7000-8000-00000000000a"] if name == "echo_with_our_id" else [])


def attachments(channel: str, name: str) -> list[dict[str, Any]]:
    return [one.model_dump(exclude_defaults=True) for one in only(channel, name).attachments]


CDN = "https://cdn.example.com"
FILES: dict[str, list[dict[str, Any]]] = {
    "image": [{"kind": "image", "platform_id": "m_anna2/0", "url": f"{CDN}/kettle.jpg?oe=1"}],
    "images_with_text": [
        {"kind": "image", "platform_id": f"m_anna2/{number}", "url": f"{CDN}/{number + 1}.jpg"} for number in (0, 1)
    ],
    "video": [{"kind": "video", "platform_id": "m_anna2/0", "url": f"{CDN}/leak.mp4"}],
    "audio": [{"kind": "audio", "platform_id": "m_anna2/0", "url": f"{CDN}/whistle.m4a"}],
    "file": [
        {
            "kind": "file",
            "platform_id": "m_anna2/0",
            "name": "receipt of March.pdf",
            "url": f"{CDN}/v/receipt%20of%20March.pdf?oe=1",
        }
    ],
    "unsupported": [{"kind": "other", "details": {"type": "unsupported"}}],
    "thumbs_up": [
        {
            "kind": "sticker",
            "url": f"{CDN}/thumb.png",
            "details": {"sticker_id": "369239263222822", "emoji": "\U0001f44d"},
        }
    ],
    "sticker": [{"kind": "sticker", "url": f"{CDN}/cat.png", "details": {"sticker_id": "144884852352448"}}],
    "location": [{"kind": "location", "details": {"latitude": 56.9496, "longitude": 24.1052}}],
    "fallback": [{"kind": "other", "name": "Kettles", "details": {"type": "fallback"}}],
    "fallback_with_path": [
        {"kind": "other", "name": "Kettles", "details": {"type": "fallback", "path": "My documents/kettles.doc"}}
    ],
    "like_heart": [{"kind": "sticker", "details": {"type": "like_heart", "emoji": "❤️"}}],
    "share": [{"kind": "other", "url": f"{CDN}/post.jpg", "details": {"type": "share"}}],
    "ig_post": [
        {
            "kind": "other",
            "name": "New kettles",
            "url": f"{CDN}/post.jpg",
            "details": {"type": "ig_post", "media_id": "1799"},
        }
    ],
    "ig_reel_with_path": [{"kind": "other", "details": {"type": "ig_reel", "media_id": "1798", "path": "/reel/777"}}],
    "story_mention": [
        {
            "kind": "other",
            "url": f"{CDN}/story.mp4?signature=x",
            "details": {"type": "story_mention", "story_id": "1797"},
        }
    ],
    "story_mention_without_address": [{"kind": "other", "details": {"type": "story_mention"}}],
    "story_reply": [{"kind": "other", "url": f"{CDN}/ours.jpg", "details": {"type": "story", "story_id": "1796"}}],
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_what_they_are_and_only_addresses_of_the_web_are_addresses(name: str) -> None:
    channel = "instagram" if name in OF_INSTAGRAM else "messenger"
    assert attachments(channel, name) == FILES[name]


def test_a_link_is_shown_once() -> None:
    assert only("messenger", "fallback").links == ["https://example.com/kettles"]
    assert only("messenger", "fallback_shown_in_text").links == []


# -- ids -----------------------------------------------------------------------------------------------------------------


@both
def test_the_three_shapes_of_an_entry_bring_the_same_message(channel: str) -> None:
    shown = [only(channel, name).model_dump() for name in ("text", "message_as_change", "message_as_field")]
    assert shown[0] == shown[1] == shown[2]
    standby = only(channel, "standby")
    assert (standby.model_dump() | {"details": {}}, standby.details) == (shown[0], {"standby": True})


@both
def test_what_names_a_message_names_it_as_the_message_does(channel: str) -> None:
    message = only(channel, "text").message
    changes = ("edit", "edit_by_nobody", "edit_that_is_the_message", "unsent", "text_in_seconds")
    assert {only(channel, name).message for name in changes} == {message}
    ours = only(channel, "echo_of_ours").message
    assert {only(channel, name).message for name in ("unsent_by_us", "reaction", "reaction_taken_back")} == {ours}
    assert only(channel, "reply_to_ours").replies_to == [ours]
    assert len({only(channel, name).id for name in ("edit", "unsent", "text")}) == 3
    # The same edit with and without who wrote it is one.
    assert only(channel, "edit_by_nobody").id == only(channel, "edit").id


@both
def test_states_of_one_message_are_activities_of_their_own(channel: str) -> None:
    names = ("reaction", "reaction_without_emoji", "reaction_taken_back")
    first, _, taken_back = (only(channel, name) for name in names)
    assert first.id != taken_back.id
    edits = [only(channel, name).id for name in ("edit", "edit_with_number_as_text")]
    assert len(set(edits)) == 2


@both
def test_another_account_of_the_platform_has_other_ids(channel: str) -> None:
    account = cases(channel).account()
    credential = "page_id" if channel == "messenger" else "ig_id"
    moved = account.body.model_copy(update={"credentials": {**account.body.credentials, credential: "424242"}})
    body = json.loads(cases(channel).payload("text"))
    [entry] = body["entry"]
    entry["id"] = entry["messaging"][0]["recipient"]["id"] = "424242"
    [other] = CHANNELS[channel].parse(cases(channel).request(json.dumps(body).encode()), replace(account, body=moved))
    assert (other.id != only(channel, "text").id, other.message != only(channel, "text").message) == (True, True)


# -- several events ------------------------------------------------------------------------------------------------------


@both
def test_a_body_is_read_to_its_end_and_what_is_repeated_in_it_once(channel: str) -> None:
    found = parse(channel, "two_entries_and_a_foreign_one")
    assert [one.text and one.text.text for one in found] == ["one", "two", "three"]


@both
def test_a_link_of_ours_is_followed_before_what_is_written(channel: str) -> None:
    follow, message = parse(channel, "message_by_handoff_link")
    token = follow.details["start"]
    assert (follow.kind, follow.text, message.text and message.text.text) == ("postback", None, "Hello")
    assert ("start" in message.details, follow.details["data"]) == (False, token)
    assert only(channel, "referral_by_handoff_link").details["start"] == token
    assert "start" not in only(channel, "referral").details


def test_a_delivery_names_messages_and_says_until_when() -> None:
    first, second = parse("messenger", "delivery")
    assert (first.receipt_state, second.receipt_state) == ("delivered", "delivered")
    assert (first.message, first.watermark) == (only("messenger", "echo_of_ours").message, first.sent_at)
    assert (second.platform_id, second.watermark) == ("m_ours2", None)
    alone = only("messenger", "delivery_without_mids")
    assert (alone.message, alone.watermark) == (None, first.watermark)
    for name in ("read", "read_with_watermark_as_text"):
        assert (only("messenger", name).receipt_state, only("messenger", name).watermark) == ("read", first.watermark)
    seen = only("instagram", "seen")
    assert (seen.receipt_state, seen.platform_id, seen.watermark) == ("read", "m_ours1", None)


@pytest.mark.parametrize(
    ("name", "state"), [("optin", "opted_in"), ("optin_for_notifications", "opted_in"), ("optin_stopped", "opted_out")]
)
def test_who_stops_notifications_may_still_be_answered(name: str, state: str) -> None:
    found = only("messenger", name)
    assert found.contact_state == state
    assert Messenger().capabilities.opt_out == "marketing"
    # The token of notifications may be used to write to the person: it is not for the log.
    assert "8600" not in found.model_dump_json()


def test_who_stops_notifications_has_stopped_them_however_meta_writes_it() -> None:
    body = json.loads((messenger.PAYLOADS / "optin_stopped.json").read_text())
    body["entry"][0]["messaging"][0]["optin"]["notification_messages_status"] = "STOP NOTIFICATIONS"
    [found] = Messenger().parse(messenger.request(json.dumps(body).encode()), messenger.account())
    assert found.contact_state == "opted_out"


@pytest.mark.parametrize("channel", ["messenger", "instagram"])
def test_an_edit_that_is_the_message_is_that_also_where_its_number_is_a_text(channel: str) -> None:
    body = json.loads((cases(channel).PAYLOADS / "edit_that_is_the_message.json").read_text())
    body["entry"][0]["messaging"][0]["message_edit"]["num_edit"] = "0"
    [found] = CHANNELS[channel].parse(cases(channel).request(json.dumps(body).encode()), cases(channel).account())
    assert (found.kind, found.id) == ("message", only(channel, "edit_that_is_the_message").id)


@both
def test_details_say_where_a_person_came_from_and_which_button_it_was(channel: str) -> None:
    assert only(channel, "quick_reply").details == {"data": "COLOUR_BLUE"}
    assert only(channel, "postback").details == {"data": "ORDER_STATUS"}
    advertised = only(channel, "message_by_advertisement").details
    assert {name: advertised[name] for name in ("ref", "ad_id", "ad_title")} == {
        "ref": "spring",
        "ad_id": "6300",
        "ad_title": "Kettles",
    }
    control = only(channel, "pass_thread_control").details
    assert control == {
        "raw": "pass_thread_control",
        "previous_owner_app_id": "7700770077",
        "new_owner_app_id": "263902037430900",
    }


# -- bodies that are none ------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b"1", b"{}", b'{"object": 1}', b'{"entry": []}', b"[" * 9_000]
)
def test_what_is_no_webhook_of_meta_is_refused(channel: str, body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        CHANNELS[channel].parse(cases(channel).request(body), cases(channel).account())


ODD: list[Any] = [None, True, 0, -1, 10**30, 1.5, "", "x", [], [None], {}, {"id": {}}, [[]], {"mid": 1}]


@both
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_field_of_any_type_gives_activities(channel: str, odd: object) -> None:
    """Every field of every fixture in turn has another type: nothing is raised, and nothing is lost.

    While working, each field has every fifth of the types.
    """
    for path in sorted(cases(channel).PAYLOADS.iterdir()):
        if path.stem.startswith(PUBLIC):
            continue
        whole = json.loads(path.read_bytes())
        for number in range(ODD.index(odd) % SHARE, len(list(places(whole))), SHARE):
            body = json.loads(path.read_bytes())
            parent, key = list(places(body))[number]
            if parent is body and key == "object":
                continue
            parent[key] = odd
            found = CHANNELS[channel].parse(cases(channel).request(json.dumps(body).encode()), cases(channel).account())
            assert found
            assert len({one.id for one in found}) == len(found)


def places(value: Any) -> Any:
    """Every place in a JSON value where another could stand: its container and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from places(inner)
