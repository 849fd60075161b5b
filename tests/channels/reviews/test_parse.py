"""Each fixture of each provider, and what it becomes."""

import json
from datetime import UTC, datetime

import pytest

from schemas.activity import Activity, Address, Review
from services.channels.port import InvalidPayload
from services.channels.reviews.channel import Reviews
from tests.channels.reviews.cases import PAYLOADS, account, event, fixture_account, fixture_request, request

AT = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
CUSTOMERS = {
    "trustpilot_created": (5, "The kettle came fast", "Two days to Riga, and it whistles."),
    "trustpilot_stars_alone": (2, None, None),
    "trustpilot_product": (4, None, "Good kettle."),
    "google_play_review": (2, None, "Crashes when I pay"),
    "google_play_titled": (2, "No way to pay", "It crashes each time"),
    "google_play_translated": (2, None, "Avarē, kad maksāju"),
    "app_store_review": (3, "Not bad", "I cannot change my address."),
    "google_business_review": (4, None, "Friendly people."),
    "google_business_edited": (1, None, "They lost my kettle."),
    "google_business_translated": (4, None, "Ļoti labi."),
    "google_business_anonymous": (4, None, None),
    "google_business_list": (4, None, "Friendly people."),
}
"""Fixture of one review → stars, title, text of its message."""
KINDS = {
    "trustpilot_updated": ["edit"],
    "trustpilot_updated_without_time": ["edit"],
    "trustpilot_deleted": ["deletion"],
    "trustpilot_deleted_of_nobody": ["deletion"],
    "trustpilot_several": ["message", "message", "message", "deletion"],
    "trustpilot_unheard_of": ["unknown"],
    "trustpilot_empty": ["unknown"],
    "google_play_answered": ["message", "echo"],
    "google_play_list": ["message", "echo", "message"],
    "google_play_array": ["message", "message"],
    "google_play_polled": ["message", "edit", "echo"],
    "google_play_polled_answer_edited": ["edit"],
    "google_play_polled_answer_deleted": ["deletion"],
    "google_play_polled_deleted": ["deletion"],
    "google_play_without_comments": ["unknown"],
    "app_store_document": ["message", "echo"],
    "app_store_list": ["message", "echo", "message"],
    "app_store_polled": ["message", "edit", "echo"],
    "google_business_answered": ["message", "echo"],
    "google_business_notice": ["unknown"],
    "google_business_notice_without_review": ["unknown"],
    "google_business_notice_unreadable": ["unknown"],
    "google_business_polled_deleted": ["deletion"],
}
"""Fixture → the kinds of its activities."""


def parse(name: str) -> list[Activity]:
    path = PAYLOADS / f"{name}.json"
    return Reviews().parse(fixture_request(path), fixture_account(path))


def first(name: str) -> Activity:
    return parse(name)[0]


def test_every_fixture_is_in_a_table() -> None:
    assert {path.stem for path in PAYLOADS.iterdir()} == {*CUSTOMERS, *KINDS}


@pytest.mark.parametrize("name", CUSTOMERS)
def test_a_review_is_a_public_message_with_its_stars(name: str) -> None:
    [said] = parse(name)
    stars, title, text = CUSTOMERS[name]
    assert (said.kind, said.surface, said.author) == ("message", "public", "customer")
    assert (said.review, said.text and said.text.text) == (Review(stars=stars, title=title), text)


@pytest.mark.parametrize("name", KINDS)
def test_a_body_says_what_happened_in_its_order(name: str) -> None:
    assert [activity.kind for activity in parse(name)] == KINDS[name]


def test_a_review_keeps_its_id_over_edits_deletion_and_ways_to_learn_of_it() -> None:
    names = ("created", "updated", "updated_without_time", "deleted", "deleted_of_nobody")
    assert len({first(f"trustpilot_{name}").message for name in names}) == 1
    assert len({first(f"trustpilot_{name}").id for name in names[:4]}) == 4
    ways = ("review", "titled", "answered", "list", "array", "polled", "polled_deleted")
    assert len({first(f"google_play_{name}").message for name in ways}) == 1
    assert len({first(f"app_store_{name}").message for name in ("review", "document", "list", "polled")}) == 1
    assert len({first(f"google_business_{name}").message for name in ("review", "edited", "polled_deleted")}) == 1


def test_an_answer_has_one_id_and_names_the_review() -> None:
    message, echo = parse("google_play_answered")
    changed = [parse("google_play_polled")[2], first("google_play_polled_answer_edited")]
    gone = first("google_play_polled_answer_deleted")
    assert {one.message for one in (*changed, gone)} == {echo.message}
    assert (echo.author, echo.replies_to, echo.person) == ("account", [message.message], message.person)
    assert echo.text is not None
    assert echo.text.text == "Version 1.2.1 mends it."
    assert {one.author for one in (*changed, gone)} == {"account"}
    assert parse("app_store_document")[1].platform_id == "response-1"


def test_a_person_is_the_consumer_and_elsewhere_the_review() -> None:
    created = first("trustpilot_created")
    assert (created.person, created.person_name) == ("reviews:main:5b1e0000000000000000000a", "Anna Berzina")
    assert first("trustpilot_deleted").person == created.person
    assert first("trustpilot_stars_alone").person == "reviews:main:6a2f00000000000000000006"
    assert first("google_play_review").person == "reviews:main:gp:AOinvented1"
    assert first("google_business_review").person == "reviews:main:AbInvented1"
    assert first("google_business_anonymous").person_name is None


def test_times_and_particulars_are_those_of_the_provider() -> None:
    assert first("trustpilot_created").sent_at == AT
    edit = first("trustpilot_updated")
    assert (edit.original_sent_at, edit.sent_at) == (AT, AT.replace(minute=55))
    assert first("app_store_review").sent_at == AT
    assert first("trustpilot_created").details == {"order_id": "ORDER-4711"}
    assert first("app_store_review").details == {"territory": "LVA"}
    assert first("google_play_review").details == {
        "app_version": "1.2.0",
        "device": "oriole",
        "android_version": "34",
    }


def test_a_review_is_answered_by_its_id_and_one_of_a_product_is_not() -> None:
    identity = "6a2f00000000000000000001"
    assert first("trustpilot_created").address == Address(chat=identity, reply_to=identity)
    assert first("trustpilot_product").address is None
    assert first("trustpilot_product").thread != first("trustpilot_created").thread


def test_a_notice_keeps_its_type_and_what_it_names() -> None:
    notice = first("google_business_notice")
    assert notice.details == {"raw": "NEW_REVIEW", "review_id": "accounts/1001/locations/2002/reviews/AbInvented1"}
    assert first("google_business_notice_unreadable").details == {"raw": "notification"}
    assert first("trustpilot_unheard_of").details == {"raw": "service-review-flagged", "id": "6a2f00000000000000000001"}


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("google_business_notice", ("accounts/1001/locations/2002/reviews/AbInvented1",)),
        ("google_business_notice_without_review", ()),
        ("google_business_notice_unreadable", ()),
        ("google_business_review", ()),
        ("trustpilot_created", ()),
    ],
)
def test_a_notice_names_the_review_that_is_to_be_fetched(name: str, named: tuple[str, ...]) -> None:
    path = PAYLOADS / f"{name}.json"
    assert tuple(Reviews().named(fixture_request(path), fixture_account(path))) == named


@pytest.mark.parametrize(
    ("provider", "name"), [("trustpilot", "google_play_review"), ("google_play", "trustpilot_created")]
)
def test_a_body_of_another_provider_is_unknown(provider: str, name: str) -> None:
    [activity] = Reviews().parse(fixture_request(PAYLOADS / f"{name}.json"), account(provider))
    assert activity.kind == "unknown"


@pytest.mark.parametrize("value", [None, [], {}, 7, "x", {"id": 7}, {"id": "x", "stars": 9, "consumer": 3}])
def test_an_event_with_odd_values_gives_one_activity(value: object) -> None:
    body = json.dumps({"events": [{"eventName": "service-review-created", "eventData": value}]}).encode()
    [activity] = Reviews().parse(request(body), account())
    assert activity.kind in {"message", "unknown"}
    assert activity.review is None or activity.review.stars is None


def test_two_edits_without_a_time_are_two_and_a_repeat_is_one() -> None:
    texts = ("better", "worse", "better")
    bodies = [json.dumps({"events": [event("updated", 1, text=text)]}).encode() for text in texts]
    ids = [Reviews().parse(request(body), account())[0].id for body in bodies]
    assert (ids[0] == ids[2], ids[0] == ids[1]) == (True, False)


@pytest.mark.parametrize("body", [b"", b"no json", b"7", b'"text"', b"null", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        Reviews().parse(request(body), account())
