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

from schemas.activity import Activity, Address, PostContext, Reaction
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
    "edited_channel_post": ("edit", "public", "telegram:main:-1001800000001", "-1001800000001", "New goods!"),
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
    "answer_to_another_chat": ("message", "private", SARA, None, "about this"),
    "audio": ("message", "private", SARA, None, None),
    "business_away_message": ("echo", "private", SARA, None, "We are closed until nine."),
    "business_connection_closed": ("unknown", "private", "telegram:main:80002", None, None),
    "comment_below_comment": ("message", "public", SARA, FORUM, "I ask that too"),
    "comment_below_post": ("message", "public", SARA, FORUM, "how much is it?"),
    "direct_message_answered_by_channel": ("echo", "private", SARA, None, "yes, plenty"),
    "direct_message_of_channel": ("message", "private", SARA, None, "is it in stock?"),
    "document": ("message", "private", SARA, None, "the bill"),
    "group_migrated_from": ("unknown", "public", SARA, FORUM, None),
    "guest_message": ("unknown", "public", SARA, "-5300", None),
    "live_photo": ("message", "private", SARA, None, "it flickers"),
    "paid_media": ("echo", "public", "telegram:main:-1001800000001", "-1001800000001", None),
    "reaction_of_anonymous_admin": ("reaction", "public", f"telegram:main:{FORUM}", FORUM, None),
    "reply_with_quote": ("message", "private", SARA, None, "this one?"),
    "sticker_animated": ("message", "private", SARA, None, None),
    "story_answered": ("message", "private", SARA, None, "is it still there?"),
    "story_forwarded": ("message", "private", SARA, None, None),
    "video_note": ("message", "private", SARA, None, None),
}
# fixture → details that it must have
DETAILS: dict[str, dict[str, Any]] = {
    "start_with_payload": {"command": "start", "start": "h4nd0ff-T0ken_1"},
    "anonymous_admin": {"anonymous": "admin"},
    "callback": {"data": "refund:1", "callback_query_id": "4382000000000000001"},
    "callback_inline": {"inline_message_id": "AAA1"},
    "callback_game": {"game": "chess"},
    "business_connection": {"raw": "business_connection", "connection_id": "bc1", "enabled": True},
    "business_connection_closed": {"enabled": False, "rights": ["can_reply", "can_read_messages"]},
    "group_migrated_from": {"migrate_from_chat_id": "-5100"},
    "guest_message": {"raw": "guest_message"},
    "story_forwarded": {},
    "reaction_count": {
        "raw": "message_reaction_count",
        "total": 4,
        "reactions": [{"emoji": "👍", "count": 4}],
    },
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
    "direct_message_of_channel": Address(chat="-1001850000001", direct_topic="70001"),
    "comment_below_post": Address(chat=FORUM, reply_to="900"),
}
CONTEXTS = {
    "text": None,
    "comment_below_post": PostContext(post="-1001800000001/12", permalink="https://t.me/example_news/12?comment=900"),
    "comment_below_comment": PostContext(
        post=f"{FORUM}/40", parent=f"{FORUM}/41", permalink="https://t.me/example_shop_talk/901"
    ),
    "topic_of_forum": PostContext(permalink="https://t.me/c/1700000001/33/900"),
    "reply_in_group": PostContext(post="-5100/880"),
    "story_answered": PostContext(post="story/80002/5", permalink="https://t.me/example_owner/s/5"),
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


@pytest.mark.parametrize("name", CONTEXTS)
def test_context_says_what_a_message_stands_below_and_where_to_open_it(name: str) -> None:
    assert one(name).context == CONTEXTS[name]


def test_an_edit_of_a_channels_post_is_ours_and_keeps_its_text() -> None:
    post, edit = one("channel_post"), one("edited_channel_post")
    assert (edit.author, edit.message, edit.original_sent_at) == ("account", post.message, post.sent_at)


def test_a_reply_names_what_it_answers_also_in_another_chat() -> None:
    reply, elsewhere = one("reply_with_quote"), one("answer_to_another_chat")
    assert (reply.quote, elsewhere.quote, elsewhere.forwarded_from) == ("in blue", "New goods", None)
    assert elsewhere.replies_to == [one("channel_post").message]
    assert len(reply.replies_to) == 1


def test_what_a_business_account_sends_by_itself_is_automatic() -> None:
    away, answer = one("business_away_message"), one("business_answer_of_owner")
    assert (away.author, away.automatic, answer.author, answer.automatic) == ("account", True, "account", False)


def test_a_reaction_of_an_anonymous_admin_is_ours() -> None:
    ours, theirs = one("reaction_of_anonymous_admin"), one("reaction")
    assert (ours.author, ours.author_name, theirs.author) == ("account", "Example shop", "customer")


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
        ("sticker_animated", ["sticker"]),
        ("video_note", ["video"]),
        ("document", ["file"]),
        ("audio", ["audio"]),
        ("live_photo", ["image", "video"]),
        ("paid_media", ["image", "video", "image", "video", "other"]),
        ("story_forwarded", ["other"]),
    ],
)
def test_each_attachment_appears_once(name: str, kinds: list[str]) -> None:
    assert [a.kind for a in one(name).attachments] == kinds


def test_a_file_is_named_by_what_getfile_takes() -> None:
    files = {name: [a.platform_id for a in one(name).attachments] for name in ("live_photo", "paid_media", "document")}
    assert files == {
        "live_photo": ["still_l", "film"],
        "paid_media": ["paid_photo", "paid_video", "paid_still", "paid_film", None],
        "document": ["bill"],
    }
    assert [one(name).attachments[0].media_type for name in ("sticker", "sticker_animated")] == [
        "image/webp",
        "application/x-tgsticker",
    ]


def test_a_live_photo_without_its_picture_has_that_for_older_bots() -> None:
    update = json.loads(payload("live_photo"))
    del update["message"]["live_photo"]["photo"]
    (found,) = parsed(json.dumps(update).encode())
    assert [a.platform_id for a in found.attachments] == ["still_l", "film"]


def test_a_forwarded_story_has_the_address_of_the_story() -> None:
    (story,) = one("story_forwarded").attachments
    assert (story.name, story.details) == ("Example news", {"type": "story", "link": "https://t.me/example_news/s/7"})


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


GOLDEN = "db867ec64446aa8ac717ae92ca2b42e025d2eb17fa68338e5c7d1fabf21fd9fd"


def test_former_ids_are_those_that_messages_had_before_the_bot_was_part_of_them() -> None:
    ids = [f"{name} {a.former}" for name in NAMES for a in parsed(payload(name))]
    assert hashlib.sha256("\n".join(ids).encode()).hexdigest() == FORMER_GOLDEN


FORMER_GOLDEN = "3b2ee4f4b4116591e0694436f762e792ec9f1bb4db9dba036d142d8509818c48"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b"{}",
        b'{"ok": false}',
        b'{"ok": true, "result": []}',
        b"[7]",
        b"\xff",
        b"[" * 9000,
    ],
)
def test_what_is_no_update_is_malformed(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        parsed(body)


def test_a_list_of_getupdates_is_read_as_its_updates() -> None:
    updates = [json.loads(payload(name)) for name in ("text", "edited", "poll")]
    each = [Telegram().parse(request(json.dumps(one).encode()), account()) for one in updates]
    listed = (updates, {"ok": True, "result": updates})
    for body in listed:
        found = Telegram().parse(request(json.dumps(body).encode()), account())
        assert [a.id for a in found] == [a.id for one in each for a in one]


def test_a_time_is_read_also_from_a_text() -> None:
    update = json.loads(payload("text"))
    [before] = Telegram().parse(request(json.dumps(update).encode()), account())
    update["message"]["date"] = str(update["message"]["date"])
    [after] = Telegram().parse(request(json.dumps(update).encode()), account())
    assert before.sent_at == after.sent_at is not None


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
