"""What each kind of event says, in both forms of X's webhooks. Fixtures follow docs.x.com/x-api/activity/event-payloads."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Address
from services.channels.port import InvalidPayload, InvalidSignature, Request
from services.channels.x import X
from services.channels.x_api.context import message_id
from tests.channels.x.cases import CUSTOMER, OWN, PAYLOADS, account, payload, request, signature

Row = tuple[str, str, str, str | None]
FIRST, OURS = "1700000000000000001", "1700000000000000013"


def public(kind: str, text: str | None, person: str = CUSTOMER) -> list[Row]:
    return [(kind, "public", person, text)]


def private(kind: str, text: str | None = None, person: str = CUSTOMER) -> list[Row]:
    return [(kind, "private", person, text)]


NOTHING = private("unknown", person="none")
OF_CUSTOMER = private("unknown")
LONG = "@example_shop a long story that goes on and on"
EXPECTED: dict[str, list[Row]] = {
    "aaa_block": [*private("follow"), *private("follow"), *NOTHING],
    "aaa_deleted": public("deletion", None),
    "aaa_dms": [*private("message", "Hello, it is me"), *private("echo", "Hello Sara")],
    "aaa_favorite": NOTHING,
    "aaa_long": public("message", LONG),
    "aaa_mention": public("message", "@example_shop where is my order?"),
    "aaa_nothing": NOTHING,
    "aaa_other_account": NOTHING,
    "aaa_own": public("echo", "@sara_writes It goes out today"),
    "aaa_read": private("receipt"),
    "aaa_reply": public("message", "Still nothing"),
    "aaa_retweet": OF_CUSTOMER,
    "aaa_revoked": NOTHING,
    "aaa_typing": OF_CUSTOMER,
    "block": private("follow"),
    "block_by_us": NOTHING,
    "chat_received": private("message"),
    "chat_sent": NOTHING,
    "dm": private("message", "Hello, it is me"),
    "dm_empty": NOTHING,
    "dm_location": private("message", "here"),
    "dm_photo": private("message", "look"),
    "dm_quick_reply": private("message", "Yes"),
    "dm_read": private("receipt"),
    "dm_read_by_us": NOTHING,
    "dm_sent": private("echo", "Hello Sara"),
    "dm_typing": OF_CUSTOMER,
    "dm_video": private("message", "look"),
    "dm_without_sender": NOTHING,
    "events_list": [*public("message", "one"), *private("message", "two")],
    "follow": NOTHING,
    "like": NOTHING,
    "mention": public("message", "@example_shop where is my order?"),
    "mention_by_us": NOTHING,
    "mention_edited": public("edit", "@example_shop where is my order 1001?"),
    "mention_long": public("message", LONG),
    "mention_media_unknown": public("message", "@example_shop see"),
    "mention_photo": public("message", "@example_shop it came like this"),
    "mention_video": public("message", "@example_shop see"),
    "mention_without_author": NOTHING,
    "new_event": NOTHING,
    "oauth_revoked": NOTHING,
    "other_account": NOTHING,
    "own_post": NOTHING,
    "own_post_deleted": public("deletion", None, OWN),
    "own_reply": public("echo", "@sara_writes It goes out today"),
    "post_deleted": public("deletion", None),
    "post_deleted_without_id": private("unknown", person=OWN),
    "post_without_id": NOTHING,
    "profile": NOTHING,
    "quote": public("message", "Look at this shop"),
    "reply": public("message", "Still nothing"),
    "repost": OF_CUSTOMER,
    "unblock": private("follow"),
}


def parsed(name: str) -> list[Activity]:
    return X().parse(request(payload(name)), account())


def one(name: str) -> Activity:
    [activity] = parsed(name)
    return activity


def row(activity: Activity) -> Row:
    text = activity.text.text if activity.text else None
    return activity.kind, activity.surface, activity.person.removeprefix("x:main:"), text


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.iterdir()))
def test_a_body_says(name: str) -> None:
    found = parsed(name)
    assert [row(activity) for activity in found] == EXPECTED[name]
    assert all((activity.surface == "public") == (activity.thread is not None) for activity in found)


def test_every_expectation_has_its_fixture() -> None:
    assert set(EXPECTED) == {path.stem for path in PAYLOADS.iterdir()}


# -- ids -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("mention", "aaa_mention"),
        ("reply", "aaa_reply"),
        ("own_reply", "aaa_own"),
        ("dm", "aaa_dms"),
        ("dm_read", "aaa_read"),
        ("post_deleted", "aaa_deleted"),
    ],
)
def test_both_forms_of_one_event_have_the_same_ids(new: str, old: str) -> None:
    first, second = parsed(new)[0], parsed(old)[0]
    assert (first.id, first.message, first.kind) == (second.id, second.message, second.kind)


def test_a_number_that_lost_its_digits_is_not_read() -> None:
    body = json.loads(payload("aaa_mention"))
    assert str(body["tweet_create_events"][0]["id"]) != FIRST
    assert one("aaa_mention").platform_id == FIRST


def test_an_edit_is_of_the_first_version_and_is_answered_at_the_last() -> None:
    edit = one("mention_edited")
    assert edit.message == one("mention").message == message_id("shop", "main", "post", FIRST)
    assert edit.address == Address(chat=FIRST, reply_to="1700000000000000004")


@pytest.mark.parametrize("name", ["post_deleted", "aaa_deleted"])
def test_a_deletion_names_its_post(name: str) -> None:
    assert one(name).message == message_id("shop", "main", "post", FIRST)


def test_a_reply_names_what_it_answers() -> None:
    assert one("reply").replies_to == [message_id("shop", "main", "post", "1700000000000000900")]
    assert one("quote").replies_to == [message_id("shop", "main", "post", "1700000000000000900")]
    assert one("own_reply").replies_to == [one("mention").message]


def test_a_direct_message_is_answered_to_its_author() -> None:
    assert one("dm").address == Address(chat=CUSTOMER)
    assert one("dm_sent").address == Address(chat=CUSTOMER)
    assert one("dm").sent_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_who_wrote_has_a_proven_handle_and_a_name() -> None:
    for name in ("mention", "dm", "aaa_mention"):
        activity = one(name) if name != "aaa_dms" else parsed(name)[0]
        assert (activity.person_name, [i.value for i in activity.identities]) == ("Sara", ["sara_writes"])


def test_a_read_is_of_all_until_then() -> None:
    assert (one("dm_read").receipt_state, one("dm_read").watermark) == ("read", datetime(2026, 3, 1, 12, 1, tzinfo=UTC))


# -- content -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "url", "platform_id", "details"),
    [
        ("mention_photo", "image", "https://pbs.twimg.com/media/one.jpg", None, {}),
        ("aaa_long", "image", "https://pbs.twimg.com/media/one.jpg", None, {}),
        ("mention_video", "other", None, None, {"type": "video", "media_key": "3_1"}),
        ("mention_media_unknown", "other", None, None, {"type": "media", "media_key": "3_1"}),
        ("dm_photo", "image", None, "https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg", {}),
        ("dm_video", "other", None, None, {"type": "video", "media_key": "10"}),
        ("dm_location", "other", None, None, {"type": "location"}),
        # The words are X's to keep: that somebody wrote is shown.
        ("chat_received", "other", None, None, {"type": "unsupported", "reason": "encrypted"}),
    ],
)
def test_a_file_stays_where_it_is(
    name: str, kind: str, url: str | None, platform_id: str | None, details: dict[str, Any]
) -> None:
    [file] = one(name).attachments
    assert (file.kind, file.url, file.platform_id, file.details) == (kind, url, platform_id, details)


def test_a_button_says_what_it_carries() -> None:
    assert one("dm_quick_reply").details == {"data": "order-1001"}


def test_a_block_says_whether_the_person_can_be_reached_each_time() -> None:
    assert [one("block").contact_state, one("unblock").contact_state] == ["blocked", "unblocked"]
    assert [activity.contact_state for activity in parsed("aaa_block")] == ["blocked", "unblocked", None]
    again = payload("block").replace(b"-7999999999999999001", b"-7999999999999999009")
    assert X().parse(request(again), account())[0].id != one("block").id


def test_links_are_those_that_the_text_shortens() -> None:
    assert one("quote").links == ["https://shop.example/mug"]


# -- addressees and other bodies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("mention", [OWN]),
        ("aaa_mention", [OWN]),
        ("aaa_revoked", [OWN]),
        ("events_list", [OWN]),
        ("other_account", ["1500000000000000002"]),
    ],
)
def test_addressees_are_the_users_that_a_body_is_for(name: str, users: list[str]) -> None:
    assert X().addressees(request(payload(name))) == users


def test_a_body_that_is_no_json_is_for_nobody() -> None:
    assert X().addressees(request(b"no")) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"1", b"not json", b"[" * 100_000])
def test_what_is_no_event_of_x_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        X().parse(request(body), account())


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}))


@given(name=st.sampled_from(sorted(EXPECTED)), data=st.data())
def test_a_field_of_any_type_gives_activities_with_different_ids(name: str, data: st.DataObject) -> None:
    body = json.loads(payload(name))
    places, found = [body], list[dict[str, Any]]()
    while places:
        place = places.pop()
        found += [place] if isinstance(place, dict) and place else []
        places += place.values() if isinstance(place, dict) else place if isinstance(place, list) else []
    chosen = data.draw(st.sampled_from(found))
    chosen[data.draw(st.sampled_from(sorted(chosen)))] = data.draw(ODD)
    activities = X().parse(replace(request(b""), body=json.dumps(body).encode()), account())
    assert activities
    assert len({activity.id for activity in activities}) == len(activities)


# -- the test of the address -------------------------------------------------------------------------------------------------


def asked(token: str) -> Request:
    return Request("GET", "/webhooks/x/shop/main", {"crc_token": token}, {}, b"", request(b"").received_at)


def test_the_test_of_the_address_is_answered_with_the_signature_of_its_token() -> None:
    answered = X().handshake(asked("dG9rZW4_of-X.1~a/b+c=="), account())
    assert answered is not None
    assert json.loads(answered.body) == {"response_token": signature(b"dG9rZW4_of-X.1~a/b+c==")}


@pytest.mark.parametrize("token", ["", '{"data": {}}', '{"for_user_id":"1"}', " abc", "a" * 513, "[1]", "abc\n"])
def test_nobody_has_a_body_of_a_webhook_signed_as_a_token(token: str) -> None:
    with pytest.raises(InvalidSignature):
        X().handshake(asked(token), account())
