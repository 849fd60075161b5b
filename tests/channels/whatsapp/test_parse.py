"""Bodies of Meta and what each says: fixture → kind, author, surface, person, thread, text."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Address, Call, Reaction
from services.channels.account_scope import AccountScope
from services.channels.port import InvalidPayload
from services.channels.whatsapp import Whatsapp
from tests.channels.whatsapp.cases import NUMBER, PAYLOADS, RECEIVED, account, payload, request

AT = datetime(2026, 3, 1, 11, 58, 20, tzinfo=UTC)
SCOPE = AccountScope("shop", "whatsapp", "main", NUMBER)
SARA, MAHDI, GROUP = "37126000001", "IR.8800000000000001", "Y2FwaV9ncm91cDox"
OURS = SCOPE.message_id("wamid.ours")
Row = tuple[str, str, str, str | None, str | None]


def parsed(name: str, **changes: Any) -> list[Activity]:
    return Whatsapp().parse(request(payload(name)), account(**changes))


def one(name: str) -> Activity:
    [activity] = parsed(name)
    return activity


def said(kind: str = "message", text: str | None = None, person: str = SARA, author: str = "customer") -> list[Row]:
    return [(kind, author, person, None, text)]


EXPECTED: dict[str, list[Row]] = {
    "account_banned": said("unknown", person="none"),
    "audio": said(),
    "button": said("postback", "Confirm"),
    "button_reply": said("postback", "Return it"),
    "call_missed": said("call"),
    "call_new_event": said("unknown"),
    "call_out_failed": said("call"),
    "call_out_taken": said("call") * 2,
    "call_out_to_ours": said("call"),
    "call_permission": said("unknown"),
    "call_rings": said("call"),
    "call_status_accepted": said("call"),
    "call_status_rejected": said("call"),
    "call_status_ringing": said("call"),
    "call_status_voicemail": said("unknown"),
    "call_taken": said("call") * 2,
    "contacts": said(),
    "document": said(text="Is this right?"),
    "duplicate": said(text="Hello"),
    "echo": said("echo", "It goes out today, Sara.", author="account"),
    "echo_edit": said("edit", "It goes out tomorrow, Sara.", author="account"),
    "echo_image": said("echo", "The new label", author="account"),
    "echo_reversed": said("edit", "It went out.", author="account"),
    "echo_revoke": said("deletion", author="account"),
    "edit": said("edit", "Kad piegādāsiet pasūtījumu 1002?"),
    "edit_caption": said("edit", "The box was torn"),
    "empty": said("unknown", person="none"),
    "errors": said("unknown", person="none"),
    "form": said(text="Sent"),
    "form_without_json": said(),
    "form_without_object": said(text="Sent"),
    "forwarded": said(text="Look at this"),
    "forwarded_often": said(text="Look at this"),
    "group_text": [("message", "customer", SARA, GROUP, "Who has the keys?")],
    "history": said("unknown", person="none"),
    "identity_changed": said("unknown"),
    "image": said(text="The box was open"),
    "image_with_address": said(),
    "interactive_empty": [*said(), *said("unknown")],
    "interactive_new": said(),
    "list_reply": said("postback", "Tomorrow"),
    "location": said(),
    "new_type": said(),
    "number_changed": [*said("contact"), *said("contact", person="37126000002")],
    "number_quality": said("unknown", person="none"),
    "opt_in": said("follow"),
    "opt_out": said("follow"),
    "order": said(text="Please wrap it"),
    "person_in_contact_alone": said(text="Hello"),
    "person_missing": said("unknown", person="none"),
    "person_number_in_contact": said(text="Hello"),
    "person_strange": said(text="Hello", person="odd"),
    "person_user_id_as_number": said(text="سلام", person=MAHDI),
    "person_without_number": said(text="سلام", person=MAHDI),
    "preference_new": said("unknown"),
    "preference_other": said("unknown"),
    "product_question": said(text="Is it in stock?"),
    "reaction": said("reaction"),
    "reaction_empty": said("reaction"),
    "reaction_without_emoji": said("reaction"),
    "referral": said(text="Is the offer still on?"),
    "reply": said(text="Yes, that one"),
    "revoke": said("deletion"),
    "sign_up": said("follow"),
    "status_deleted": said("deletion"),
    "status_delivered": said("receipt"),
    "status_failed": said("receipt"),
    "status_failed_without_reason": said("receipt"),
    "status_group": [("receipt", "customer", SARA, GROUP, None)],
    "status_group_member_failed": [("unknown", "customer", SARA, GROUP, None)],
    "status_group_sent": [("receipt", "customer", "none", GROUP, None)],
    "status_new": said("unknown"),
    "status_played": said("receipt"),
    "status_read": said("receipt"),
    "status_sent": said("receipt"),
    "status_without_number": said("receipt", person=MAHDI),
    "sticker": said(),
    "template_status": said("unknown", person="none"),
    "text": said(text="Kad piegādāsiet pasūtījumu 1001?"),
    "text_milliseconds": said(text="Hello"),
    "text_without_time": said(text="Hello"),
    "two_entries": [
        *said(text="First"),
        *said("receipt"),
        *said(text="Second", person="37126000004"),
    ],
    "unsupported": said(),
    "user_id_changed": [*said("contact", person=MAHDI), *said("contact", person="LV.8800000000000002")],
    "video": said(),
    "voice": said(),
    "voice_by_type": said(),
    "welcome": said("follow"),
}


def row(activity: Activity) -> Row:
    person = activity.person.removeprefix("whatsapp:main:")
    return (
        activity.kind,
        activity.author,
        person,
        activity.thread,
        activity.text.text if activity.text else None,
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.iterdir()))
def test_a_body_says(name: str) -> None:
    found = parsed(name)
    assert [row(activity) for activity in found] == EXPECTED[name]
    assert all((activity.surface == "public") == (activity.thread is not None) for activity in found)


def test_every_expectation_has_its_fixture() -> None:
    assert set(EXPECTED) == {path.stem for path in PAYLOADS.iterdir()}


# -- ids and times -------------------------------------------------------------------------------------------------------


def test_a_message_has_the_id_of_its_number_and_an_address_for_the_answer() -> None:
    activity = one("text")
    assert activity.message == SCOPE.message_id("wamid.text")
    assert activity.platform_id == "wamid.text"
    assert activity.address == Address(chat=SARA, reply_to="wamid.text")
    assert (activity.sent_at, activity.received_at) == (AT, RECEIVED)


def test_milliseconds_are_a_time_and_words_are_none() -> None:
    assert one("text_milliseconds").sent_at == AT
    assert one("text_without_time").sent_at is None


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("edit", "wamid.text"),
        ("edit_caption", "wamid.image"),
        ("revoke", "wamid.text"),
        ("reaction", "wamid.ours"),
        ("status_read", "wamid.ours"),
        ("status_deleted", "wamid.text"),
        ("echo_edit", "wamid.echo"),
        ("echo_revoke", "wamid.echo"),
        ("echo_reversed", "wamid.echo"),
    ],
)
def test_a_change_names_the_message_that_it_changes(name: str, about: str) -> None:
    assert one(name).message == SCOPE.message_id(about)
    assert one(name).platform_id == about


def test_two_numbers_do_not_share_ids() -> None:
    elsewhere = {"credentials": {**account().body.credentials, "phone_number_id": "330000000000002"}}
    [other] = parsed("two_entries", **elsewhere)
    assert row(other) == ("message", "customer", "37126000003", None, "For the other number")
    assert other.message == replace(SCOPE, own_id="330000000000002").message_id("wamid.elsewhere")


def test_without_an_account_the_body_of_any_number_is_read() -> None:
    assert [row(activity)[4] for activity in parsed("two_entries", credentials={})] == [
        "First",
        None,
        "For the other number",
        "Second",
    ]


def test_a_body_for_other_numbers_alone_is_unknown() -> None:
    elsewhere = {"credentials": {**account().body.credentials, "phone_number_id": "330000000000009"}}
    [nothing] = parsed("text", **elsewhere)
    assert (nothing.kind, nothing.details) == ("unknown", {"raw": "none"})


def test_the_id_of_a_number_may_be_a_number() -> None:
    body = payload("two_entries").replace(b'"330000000000002"', b"330000000000002")
    assert Whatsapp().addressees(request(body)) == [NUMBER, "330000000000002"]
    assert [row(activity)[4] for activity in Whatsapp().parse(request(body), account())] == ["First", None, "Second"]


def test_addressees_are_the_numbers_of_a_body_each_once() -> None:
    assert Whatsapp().addressees(request(payload("two_entries"))) == [NUMBER, "330000000000002"]
    assert Whatsapp().addressees(request(payload("template_status"))) == []
    assert Whatsapp().own_id(account().body) == NUMBER


# -- people --------------------------------------------------------------------------------------------------------------


def names(activity: Activity) -> list[tuple[str, str]]:
    assert all(identity.proven for identity in activity.identities)
    return [(identity.kind, identity.value) for identity in activity.identities]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", [("phone", f"+{SARA}"), ("platform", "LV.7700000000000001"), ("username", "sara.k")]),
        (
            "person_number_in_contact",
            [("platform", "LV.7700000000000001"), ("phone", f"+{SARA}"), ("username", "sara.k")],
        ),
        ("person_without_number", [("platform", MAHDI), ("username", "mahdi")]),
        ("person_user_id_as_number", [("platform", MAHDI), ("username", "mahdi")]),
        ("person_strange", []),
        ("echo", [("phone", f"+{SARA}"), ("platform", "LV.7700000000000001")]),
        ("status_read", [("phone", f"+{SARA}"), ("platform", "LV.7700000000000001")]),
    ],
)
def test_a_person_is_the_number_and_everything_else_is_a_proven_name(
    name: str, expected: list[tuple[str, str]]
) -> None:
    assert names(one(name)) == expected


def test_names_of_two_people_of_one_body_are_not_mixed() -> None:
    assert [activity.person_name for activity in parsed("two_entries")] == ["Sara Kalniņa", "Sara Kalniņa", "Anna"]


def test_a_changed_number_is_an_identity_of_the_old_and_of_the_new_person() -> None:
    before, after = parsed("number_changed")
    new = [("phone", "+37126000002"), ("platform", "LV.7700000000000002")]
    assert names(before) == [("phone", f"+{SARA}"), *new]
    assert names(after) == [*new, ("phone", f"+{SARA}")]


def test_a_changed_user_id_is_an_identity_of_the_old_and_of_the_new_person() -> None:
    before, after = parsed("user_id_changed")
    assert names(before) == [("platform", MAHDI), ("platform", "LV.8800000000000002")]
    assert names(after) == [("platform", "LV.8800000000000002"), ("platform", MAHDI)]


# -- content -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "media_type", "file_name"),
    [
        ("image", "image", "image/jpeg", None),
        ("image_with_address", "image", "image/jpeg", None),
        ("video", "video", "video/mp4", None),
        ("audio", "audio", "audio/mpeg", None),
        ("voice", "voice", "audio/ogg; codecs=opus", None),
        ("voice_by_type", "voice", "audio/ogg; codecs=opus", None),
        ("document", "file", "application/pdf", "invoice 1001.pdf"),
        ("sticker", "sticker", "image/webp", None),
        ("echo_image", "image", "image/png", None),
        ("edit_caption", "image", "image/jpeg", None),
    ],
)
def test_a_file_stays_where_it_is(name: str, kind: str, media_type: str, file_name: str | None) -> None:
    [file] = one(name).attachments
    assert (file.kind, file.media_type, file.name) == (kind, media_type, file_name)
    assert file.platform_id is not None
    assert file.platform_id.startswith("5500000000")
    # The address in the body is open for minutes, and to whoever has our token alone.
    assert file.url is None


def test_a_place_has_its_coordinates_and_its_link() -> None:
    activity = one("location")
    [place] = activity.attachments
    assert (place.kind, place.name) == ("location", "Town Hall")
    assert place.details == {"latitude": 56.95, "longitude": 24.11, "address": "Rātslaukums 1, Rīga"}
    assert activity.links == ["https://maps.example/town-hall"]


def test_contacts_are_one_attachment_each() -> None:
    first, second = one("contacts").attachments
    assert (first.kind, first.name, second.name) == ("contact", "Jānis Ozols", "Anna Liepa")
    assert first.details == {
        "phone": "+371 26 000 009",
        "phones": ["+371 26 000 009"],
        "emails": ["janis@shop.example"],
        "company": "Ozols SIA",
    }


def test_an_order_has_its_items() -> None:
    [order] = one("order").attachments
    item = {"product_retailer_id": "MUG-1", "quantity": 2, "item_price": 9.5, "currency": "EUR"}
    assert order.details == {"type": "order", "catalog_id": "660000000001", "items": [item]}


@pytest.mark.parametrize(
    ("name", "details"),
    [
        ("button", {"data": "confirm-1001"}),
        ("button_reply", {"data": "return"}),
        ("list_reply", {"data": "slot-2", "description": "9 to 12"}),
        ("forwarded", {"forwarded": "once"}),
        ("forwarded_often", {"forwarded": "often"}),
        ("product_question", {"product": {"catalog_id": "660000000001", "product_id": "MUG-1"}}),
        ("form", {"form": "flow", "flow_token": "t-1"}),
        ("call_permission", {"raw": "call_permission_reply", "response": "accept", "source": "user_action", "until": "2026-03-08T11:58:20+00:00"}),
        ("status_sent", {"pricing": "utility"}),
        ("person_missing", {"raw": "text", "reason": "person"}),
        ("identity_changed", {"raw": "system.customer_identity_changed"}),
        ("status_new", {"raw": "status.teleported"}),
        ("status_group_member_failed", {"raw": "status.failed_for_member"}),
        ("call_status_voicemail", {"raw": "call.VOICEMAIL"}),
        ("call_new_event", {"raw": "call.transferred"}),
        ("preference_new", {"raw": "user_preferences.marketing_messages.pause"}),
        ("preference_other", {"raw": "user_preferences.reminders.stop"}),
        ("errors", {"raw": "error", "code": 131031, "title": "Business Account locked", "reason": "The account was locked."}),
    ],
)  # fmt: skip
def test_what_has_no_field_of_its_own_is_in_the_details(name: str, details: dict[str, Any]) -> None:
    assert one(name).details == details


def test_an_ad_by_which_a_customer_came_is_named() -> None:
    activity = one("referral")
    assert activity.links == ["https://fb.example/ad-1"]
    assert activity.details["referral"] == {
        "source_type": "ad",
        "source_id": "770000000001",
        "headline": "Mugs",
        "body": "Two for one",
        "ctwa_clid": "clid-1",
    }


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("form", [("rating", 5), ("reason", "quick"), ("topics", ["price", "colour"])]),
        ("form_without_object", [("address_message", [1, 2])]),
        ("form_without_json", [("flow", "{broken")]),
    ],
)
def test_a_form_has_answers_whatever_it_holds(name: str, answers: list[tuple[str, object]]) -> None:
    assert [(answer.ref, answer.value) for answer in one(name).answers] == answers


def _changed(name: str, change: Callable[[dict[str, Any]], None]) -> Activity:
    body = json.loads(payload(name))
    change(body["entry"][0]["changes"][0]["value"]["messages"][0])
    [activity] = Whatsapp().parse(request(json.dumps(body).encode()), account())
    return activity


def test_a_form_has_answers_also_where_they_are_no_text() -> None:
    found = _changed("form", lambda message: message["interactive"]["nfm_reply"].update(response_json={"size": "L"}))
    assert [(answer.ref, answer.value) for answer in found.answers] == [("size", "L")]


@pytest.mark.parametrize("address", ["AD_OR_POST_URL", "javascript:alert(1)", "/reel/1", "fb://post/1"])
def test_an_address_that_is_none_in_the_web_is_no_link(address: str) -> None:
    assert _changed("referral", lambda message: message["referral"].update(source_url=address)).links == []
    assert _changed("location", lambda message: message["location"].update(url=address)).links == []


def test_a_form_that_nests_deeply_is_read_as_text() -> None:
    deep = "[" * 500 + "]" * 500
    body = json.loads(payload("form"))
    body["entry"][0]["changes"][0]["value"]["messages"][0]["interactive"]["nfm_reply"]["response_json"] = deep
    [activity] = Whatsapp().parse(request(json.dumps(body).encode()), account())
    assert [answer.value for answer in activity.answers] == [deep]


@pytest.mark.parametrize(
    ("name", "details"),
    [
        (
            "unsupported",
            {"type": "unsupported", "raw": "unsupported", "code": 131051, "reason": "Message type unknown"},
        ),
        ("new_type", {"type": "unsupported", "raw": "hologram"}),
        ("interactive_new", {"type": "unsupported", "raw": "interactive.hologram_reply"}),
    ],
)
def test_what_the_api_does_not_hand_out_is_still_a_message(name: str, details: dict[str, Any]) -> None:
    [missing] = one(name).attachments
    assert (missing.kind, missing.details) == ("other", details)


@pytest.mark.parametrize("name", ["reply", "button", "button_reply"])
def test_an_answer_names_the_message_that_it_answers(name: str) -> None:
    assert one(name).replies_to == [OURS]


@pytest.mark.parametrize(
    ("name", "reaction"),
    [
        ("reaction", Reaction(emoji="❤️")),
        ("reaction_empty", Reaction(removed=True)),
        ("reaction_without_emoji", Reaction(removed=True)),
    ],
)
def test_a_reaction_is_set_or_taken_back(name: str, reaction: Reaction) -> None:
    assert one(name).reaction == reaction


# -- reports -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("status_sent", "sent"),
        ("status_delivered", "delivered"),
        ("status_read", "read"),
        ("status_played", "read"),
        ("status_failed", "failed"),
        ("status_group", "read"),
        ("status_group_sent", "sent"),
    ],
)
def test_a_status_is_a_receipt(name: str, state: str) -> None:
    assert one(name).receipt_state == state


def test_a_status_names_our_own_id_also_of_a_later_part() -> None:
    own = "019cb000-0000-7000-8000-000000000001"
    assert (one("status_sent").aliases, one("status_delivered").aliases, one("status_read").aliases) == (
        [own],
        [own],
        [],
    )


def test_a_failed_status_has_the_reason_and_its_code() -> None:
    failure = one("status_failed").failure
    assert failure is not None
    assert failure.code == "window_closed"
    assert failure.detail.startswith("Meta's error 131047: Message failed to send because more than 24 hours")
    without = one("status_failed_without_reason").failure
    assert without is not None
    assert (without.code, without.detail) == ("rejected", "Meta gave no reason")


def test_every_state_of_a_message_is_an_activity_of_its_own() -> None:
    states = ("status_sent", "status_delivered", "status_read", "status_played", "status_failed", "status_deleted")
    assert len({one(name).id for name in states}) == len(states)


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("call_rings", [("inbound", "ringing", None)]),
        ("call_taken", [("inbound", "answered", None), ("inbound", "ended", 120)]),
        ("call_missed", [("inbound", "missed", None)]),
        ("call_out_taken", [("outbound", "answered", None), ("outbound", "ended", 120)]),
        ("call_out_failed", [("outbound", "failed", None)]),
        ("call_out_to_ours", [("outbound", "ringing", None)]),
        ("call_status_ringing", [("outbound", "ringing", None)]),
        ("call_status_accepted", [("outbound", "answered", None)]),
        ("call_status_rejected", [("outbound", "missed", None)]),
    ],
)
def test_a_call_has_a_direction_a_state_and_a_length(name: str, states: list[tuple[str, str, float | None]]) -> None:
    calls = [activity.call for activity in parsed(name)]
    assert all(isinstance(call, Call) for call in calls)
    assert [(call.direction, call.state, call.seconds) for call in calls if call] == states


def test_all_states_of_a_call_are_of_one_message() -> None:
    answered, ended = parsed("call_taken")
    assert answered.message == ended.message == SCOPE.message_id("wacid.call_taken")
    assert (answered.sent_at, ended.sent_at) == (AT.replace(minute=56), AT)


@pytest.mark.parametrize(
    ("name", "state"),
    [("opt_out", "opted_out"), ("opt_in", "opted_in"), ("sign_up", "opted_in"), ("welcome", "started")],
)
def test_consent_is_a_state_of_the_person(name: str, state: str) -> None:
    assert one(name).contact_state == state


# -- the business account ------------------------------------------------------------------------------------------------


def test_a_change_of_the_business_account_keeps_what_meta_says_of_it() -> None:
    rejected = one("template_status")
    assert rejected.sent_at == AT
    assert rejected.details["raw"] == "message_template_status_update"
    assert rejected.details["waba_id"] == "440000000000001"
    value = rejected.details["value"]
    assert isinstance(value, dict)
    assert (value["event"], value["message_template_name"]) == ("REJECTED", "order_ready")
    assert one("account_banned").details["raw"] == "account_update"


def test_a_change_of_an_unknown_kind_keeps_its_name_and_no_content() -> None:
    assert one("history").details == {"raw": "history", "waba_id": "440000000000001"}


# -- what is no body -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"entry":[]}', b"{", b"\xff\xfe"])
def test_what_is_no_webhook_of_meta_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        Whatsapp().parse(request(body), account())


def places_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in places_of(child, (*path, key)))]


NAMES = sorted(path.stem for path in PAYLOADS.iterdir() if path.stem != "empty")
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**63, 1.5, "", "x", "\x00", "9" * 400, [], {}, [None], {"type": {}}, [[]]]
)


@given(st.sampled_from(NAMES), st.data())
def test_a_field_of_any_type_gives_activities_with_different_ids(name: str, data: st.DataObject) -> None:
    body = json.loads(payload(name))
    for place in data.draw(st.lists(st.sampled_from([p for p in places_of(body) if len(p) > 1]), max_size=3)):
        target = body
        for key in place[:-1]:
            target = target[key] if isinstance(target, dict | list) and _has(target, key) else {}
        if isinstance(target, dict | list) and _has(target, place[-1]):
            target[place[-1]] = deepcopy(data.draw(ODD))
    found = Whatsapp().parse(request(json.dumps(body).encode()), account())
    assert found
    assert len({activity.id for activity in found}) == len(found)
    # Stored and published as they are.
    assert all(Activity.model_validate_json(activity.model_dump_json()) == activity for activity in found)


def _has(target: Any, key: Any) -> bool:
    return key in target if isinstance(target, dict) else isinstance(key, int) and key < len(target)


def test_ids_that_are_numbers_are_the_same_as_texts() -> None:
    number = 9_007_199_254_740_993
    change: dict[str, Any] = {
        "metadata": {"display_phone_number": "37120000001", "phone_number_id": int(NUMBER)},
        "contacts": [{"wa_id": number, "profile": {"name": "Sara"}}],
        "messages": [{"from": number, "id": "wamid.1", "type": "image", "image": {"id": number + 1, "caption": "hi"}}],
    }
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": change}]}],
    }
    [activity] = Whatsapp().parse(request(json.dumps(body).encode()), account())
    assert (activity.kind, activity.person, activity.person_name) == ("message", f"whatsapp:main:{number}", "Sara")
    assert activity.attachments[0].platform_id == str(number + 1)
