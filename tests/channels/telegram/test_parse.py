"""Every fixture and what it becomes."""

import contextlib
import copy
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Address, Reaction
from services.channels.port import InvalidPayload
from services.channels.telegram import Telegram
from tests.channels.telegram.cases import PAYLOADS, account, payload, request

SARA, GROUP, FORUM = "telegram:main:70001", "-5100", "-1001700000001"
NAMES = sorted(path.stem for path in PAYLOADS.glob("*.json"))

# fixture → kind, surface, person, thread, text
EXPECTED: dict[str, tuple[str, str, str, str | None, str | None]] = {
    "text": ("message", "private", SARA, None, "سلام، سفارش من کجاست؟"),
    "start_with_payload": ("message", "private", SARA, None, "/start h4nd0ff-T0ken_1"),
    "start_for_another_bot": ("message", "public", SARA, GROUP, "/start@other_bot abc"),
    "caption_of_album_photo": ("message", "private", SARA, None, "it came broken"),
    "voice": ("message", "private", SARA, None, None),
    "animation": ("message", "private", SARA, None, None),
    "venue": ("message", "private", SARA, None, None),
    "contact": ("message", "private", SARA, None, None),
    "sticker": ("message", "private", SARA, None, None),
    "reply_in_group": ("message", "public", SARA, GROUP, "same here"),
    "topic_of_forum": ("message", "public", SARA, f"{FORUM}/33", "where is my parcel"),
    "anonymous_admin": ("echo", "public", f"telegram:main:{FORUM}", FORUM, "see the rules"),
    "as_own_channel": ("message", "public", "telegram:main:-1001900000009", FORUM, "is it in stock?"),
    "forwarded_channel_post": ("echo", "public", "telegram:main:-1001800000001", FORUM, "New goods"),
    "other_bot": ("unknown", "public", "telegram:main:99999", FORUM, None),
    "own_message": ("echo", "private", SARA, None, "Your parcel left today"),
    "edited": ("edit", "private", SARA, None, "سلام، سفارش ۱۲۳ کجاست؟"),
    "channel_post": ("echo", "public", "telegram:main:-1001800000001", "-1001800000001", "New goods"),
    "edited_channel_post": ("unknown", "public", "telegram:main:-1001800000001", "-1001800000001", None),
    "callback": ("postback", "private", SARA, None, "Yes, refund"),
    "callback_inaccessible": ("postback", "private", SARA, None, None),
    "callback_inline": ("postback", "private", SARA, None, None),
    "callback_game": ("postback", "public", SARA, GROUP, None),
    "business_message": ("message", "private", SARA, None, "hello shop"),
    "business_answer_of_owner": ("echo", "private", SARA, None, "hello buyer"),
    "edited_business_message": ("edit", "private", SARA, None, "hello shop!"),
    "business_connection": ("unknown", "private", "telegram:main:80002", None, None),
    "reaction": ("reaction", "public", SARA, FORUM, None),
    "reaction_count": ("unknown", "public", "telegram:main:-1001800000001", "-1001800000001", None),
    "poll": ("unknown", "private", "telegram:main:none", None, None),
    "poll_answer": ("unknown", "private", SARA, None, None),
    "blocked": ("follow", "private", SARA, None, None),
    "unblocked": ("follow", "private", SARA, None, None),
    "added_to_group": ("unknown", "public", SARA, GROUP, None),
    "group_migrated": ("unknown", "public", SARA, GROUP, None),
    "joined": ("unknown", "public", SARA, GROUP, None),
    "web_app_data": ("postback", "private", SARA, None, None),
    "paid": ("unknown", "private", SARA, None, None),
    "rich_message": ("message", "private", SARA, None, "my order\nA1"),
    "unheard_of": ("unknown", "private", SARA, None, None),
}
# fixture → details that it must have
DETAILS: dict[str, dict[str, Any]] = {
    "start_with_payload": {"command": "start", "start": "h4nd0ff-T0ken_1"},
    "anonymous_admin": {"anonymous": "admin"},
    "callback": {"data": "refund:1", "callback_query_id": "4382000000000000001"},
    "callback_inline": {"inline_message_id": "AAA1"},
    "callback_game": {"game": "chess"},
    "business_connection": {"raw": "business_connection", "connection_id": "bc1", "enabled": True},
    "reaction_count": {"raw": "message_reaction_count", "total": 4},
    "poll_answer": {"raw": "poll_answer", "poll_id": "555", "options": [0, 2]},
    "added_to_group": {"raw": "my_chat_member", "before": "left", "after": "member"},
    "group_migrated": {"service": "migrate_to_chat_id", "migrate_to_chat_id": "-1001700000055"},
    "joined": {"raw": "message", "service": "new_chat_members"},
    "web_app_data": {"data": '{"order": 5}', "button": "Send"},
    "paid": {"service": "successful_payment"},
    "other_bot": {"reason": "bot"},
    "unheard_of": {"raw": "constellation"},
}
ADDRESSES = {
    "text": Address(chat="70001"),
    "reply_in_group": Address(chat=GROUP, reply_to="901"),
    "topic_of_forum": Address(chat=FORUM, thread="33", reply_to="900"),
    "callback_inline": Address(chat="70001"),
    "business_message": Address(chat="70001", via="bc1"),
}


def parsed(body: bytes) -> list[Activity]:
    return Telegram().parse(request(body), account())


def one(name: str) -> Activity:
    (activity,) = parsed(payload(name))
    return activity


@pytest.mark.parametrize("name", EXPECTED)
def test_payload_becomes_the_expected_activity(name: str) -> None:
    found = one(name)
    text = found.text.text if found.text else None
    assert (found.kind, found.surface, found.person, found.thread, text) == EXPECTED[name]


def test_every_fixture_is_in_the_table() -> None:
    assert set(NAMES) == {*EXPECTED, "deleted_business_messages"}


@pytest.mark.parametrize("name", DETAILS)
def test_details_keep_what_has_no_field(name: str) -> None:
    assert one(name).details.items() >= DETAILS[name].items()


def test_what_has_a_field_stands_in_it() -> None:
    assert (one("text").locale, one("text").contact_state) == ("fa", None)
    assert one("caption_of_album_photo").album == "13650001"
    assert [one(name).contact_state for name in ("blocked", "unblocked")] == ["blocked", "unblocked"]


def test_a_reaction_is_what_the_persons_reactions_are_now() -> None:
    assert one("reaction").reaction == Reaction(emoji="👎")
    update = json.loads(payload("reaction"))
    for now, expected in (
        ([], Reaction(removed=True)),
        ([{"type": "custom_emoji", "custom_emoji_id": "5368324170671202286"}], Reaction()),
        ([{"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "🔥"}], Reaction(emoji="👍🔥")),
    ):
        update["message_reaction"]["new_reaction"] = now
        (found,) = parsed(json.dumps(update).encode())
        assert found.reaction == expected


@pytest.mark.parametrize("name", ADDRESSES)
def test_address_says_where_an_answer_goes(name: str) -> None:
    assert one(name).address == ADDRESSES[name]


def test_start_of_another_bot_is_no_command_of_ours() -> None:
    assert {"start", "command"}.isdisjoint(one("start_for_another_bot").details)


def test_largest_size_of_a_photo_is_the_attachment() -> None:
    (image,) = one("caption_of_album_photo").attachments
    assert (image.kind, image.platform_id, image.size_bytes) == ("image", "large", 90000)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("voice", ["voice"]),
        ("animation", ["video"]),
        ("venue", ["location"]),
        ("contact", ["contact"]),
        ("sticker", ["sticker"]),
    ],
)
def test_each_attachment_appears_once(name: str, kinds: list[str]) -> None:
    assert [a.kind for a in one(name).attachments] == kinds


def test_deletion_is_one_activity_per_message() -> None:
    gone = parsed(payload("deleted_business_messages"))
    assert [(a.kind, a.platform_id, a.person) for a in gone] == [("deletion", "900", SARA), ("deletion", "902", SARA)]
    assert len({a.id for a in gone}) == 2


def test_edit_and_deletion_find_their_message() -> None:
    original = one("business_message")
    assert one("edited_business_message").message == original.message
    assert parsed(payload("deleted_business_messages"))[0].message == original.message


def test_message_counts_from_its_date_and_an_edit_from_its_own() -> None:
    assert one("text").sent_at == datetime.fromtimestamp(1764000000, UTC)
    assert one("edited").sent_at == datetime.fromtimestamp(1764000030, UTC)
    assert one("callback_inaccessible").sent_at is None


def test_same_text_edited_twice_is_two_edits_and_a_repeat_is_one() -> None:
    update = json.loads(payload("edited"))
    again = copy.deepcopy(update)
    again["edited_message"]["edit_date"] += 1
    first, second = (parsed(json.dumps(u).encode())[0] for u in (update, again))
    assert first.id != second.id
    assert first.id == one("edited").id


def test_restarted_update_ids_do_not_hide_another_message() -> None:
    update = json.loads(payload("text"))
    update["message"]["message_id"] = 901
    other = parsed(json.dumps(update).encode())[0]
    assert other.id != one("text").id


def test_accounts_and_workspaces_never_share_an_id() -> None:
    elsewhere = account()
    moved = type(elsewhere)("other", "telegram", "main", elsewhere.body)
    (found,) = Telegram().parse(request(payload("text")), moved)
    assert found.id != one("text").id
    assert found.message != one("text").message


@pytest.mark.parametrize("name", NAMES)
def test_retry_gives_the_same_bytes(name: str) -> None:
    first, again = parsed(payload(name)), parsed(payload(name))
    assert [a.model_dump_json() for a in first] == [a.model_dump_json() for a in again]


def test_activities_of_all_fixtures_are_those_on_record() -> None:
    """Ids rest in documents for ever: a change of this figure breaks the dedupe of everything stored before it."""
    ids = [f"{name} {a.id} {a.message}" for name in NAMES for a in parsed(payload(name))]
    assert hashlib.sha256("\n".join(ids).encode()).hexdigest() == GOLDEN


GOLDEN = "ac713e9cba0370c32d7e17d9a778783859eaa6c96dc438186fd49be664c9c511"


def test_former_ids_are_those_that_messages_had_before_the_bot_was_part_of_them() -> None:
    ids = [f"{name} {a.former}" for name in NAMES for a in parsed(payload(name))]
    assert hashlib.sha256("\n".join(ids).encode()).hexdigest() == FORMER_GOLDEN


FORMER_GOLDEN = "f5d7c961d95a634d8be775b9d11333b7f50efccea99015d81ea47947e8a0a883"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'"x"', b"null", b"{}", b'{"ok": false}', b"\xff", b"[" * 9000]
)
def test_what_is_no_update_is_malformed(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        parsed(body)


def test_number_alone_is_an_unknown_update() -> None:
    (found,) = parsed(b'{"update_id": 7}')
    assert (found.kind, found.details) == ("unknown", {"raw": "none"})


def test_half_a_character_and_nul_do_not_cost_the_message() -> None:
    update = json.loads(payload("text"))
    update["message"]["text"] = "lone \ud83d, nul \x00, whole \U0001f600 and \\ud83d spelt out"
    update["message"]["from"]["first_name"] = "A\x00\udc00"
    (found,) = parsed(json.dumps(update).encode())
    assert found.text is not None
    assert found.text.text == "lone \ufffd, nul , whole \U0001f600 and \\ud83d spelt out"
    assert found.person_name is not None
    assert found.person_name.startswith("A\ufffd")


@pytest.mark.parametrize("kind", ["message", "edited_message"])
@pytest.mark.parametrize("nobody", [{}, {"chat": {"id": "somebody"}}, {"chat": {"id": 2**70}, "from": {"id": {}}}])
def test_message_of_nobody_known_joins_no_conversation(kind: str, nobody: dict[str, Any]) -> None:
    update = {"update_id": 1, kind: {"message_id": 2, "date": 1_700_000_000, "text": "hello"} | nobody}
    assert [a.kind for a in parsed(json.dumps(update).encode())] == ["unknown"]


def test_deeply_nested_rich_text_ends() -> None:
    nested: Any = "deep"
    for _ in range(60):
        nested = {"type": "bold", "text": [nested]}
    update = json.loads(payload("rich_message"))
    update["message"]["rich_message"]["blocks"].append({"text": nested})
    assert parsed(json.dumps(update).encode())[0].kind == "message"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in inner for found in ((*path, key), *places(item, (*path, key)))]


@given(st.data())
def test_wrong_types_anywhere_never_raise(data: st.DataObject) -> None:
    update = json.loads(payload(data.draw(st.sampled_from(NAMES))))
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(places(update) or [("update_id",)]))
        holder = update
        for key in path[:-1]:
            holder = holder[key]
        if data.draw(st.booleans()) and isinstance(holder, dict):
            holder.pop(path[-1], None)
        else:
            holder[path[-1]] = data.draw(JSON)
    try:
        found = parsed(json.dumps(update).encode())
    except InvalidPayload:
        return
    assert found
    assert all(a.person.startswith("telegram:main:") and a.workspace == "shop" and a.id for a in found)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_activities_or_malformed(body: bytes) -> None:
    with contextlib.suppress(InvalidPayload):
        assert parsed(body)
