"""What is written in public on a Page: each fixture of a post, a comment, a mention and a recommendation, and what it becomes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.activity import Activity, Attachment, PostContext, Reaction, Review
from services.channels.messenger import Messenger
from services.records.conversations import ACTIVITIES
from services.records.ledgers import CONSUMED_COUNTS
from tests.channels.installation import Installation
from tests.channels.messenger.cases import PAGE, PAYLOADS, account, payload, places, request

ANNA, JURIS, LIGA, ZANE = "500600700", "500600701", "500600702", "500600703"
POST, VISITORS = f"{PAGE}_555001", f"{PAGE}_555002"
AT = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
ADDED = {
    "feed_comment": ("message", ANNA, POST, "Do you ship to Riga?"),
    "feed_comment_with_numbers": ("message", ANNA, POST, "Do you ship to Riga?"),
    "feed_comment_photo_only": ("message", ANNA, POST, None),
    "feed_comment_below_comment": ("message", JURIS, POST, "I ask the same"),
    "feed_comment_on_advertisement": ("message", ANNA, f"{PAGE}_555009", "Is it still on sale?"),
    "feed_comment_of_nobody": ("message", "555001_777006", POST, "Hello?"),
    "feed_comment_of_page": ("echo", PAGE, POST, "We do, within two days."),
    "feed_post_by_visitor": ("message", ANNA, VISITORS, "My kettle whistles off key."),
    "feed_album_by_visitor": ("message", ANNA, f"{PAGE}_555009", "Both sides"),
    "feed_photo_by_visitor": ("message", ANNA, f"{PAGE}_555003", "It came like this"),
    "feed_video_by_visitor": ("message", ANNA, f"{PAGE}_555004", None),
    "feed_share_by_visitor": ("message", ANNA, f"{PAGE}_555005", "Is this you?"),
    "feed_status_of_page": ("echo", PAGE, POST, "New kettles are in."),
    "mention_in_comment": ("message", LIGA, "900800700_111", "Ask Kettles of Riga"),
    "mention_in_post": ("message", LIGA, "900800700_112", "Never again Kettles of Riga"),
    "ratings_recommendation": ("message", ANNA, "888001", "It leaks."),
    "ratings_stars": ("message", ZANE, f"rating:{ZANE}", "One star"),
    "ratings_comment": ("message", ANNA, "888001", "Still leaks"),
}
"""Fixture → kind, person, thread, text."""
CHANGED = {
    "feed_comment_edited": ("edit", "feed_comment", "Do you ship to Riga or Tartu?"),
    "feed_comment_edited_at_time_of_original": ("edit", "feed_comment", "Do you ship to Tartu?"),
    "feed_comment_removed": ("deletion", "feed_comment", None),
    "feed_comment_deleted": ("deletion", "feed_comment", None),
    "feed_comment_hidden": ("visibility", "feed_comment", None),
    "feed_comment_shown_again": ("visibility", "feed_comment", None),
    "feed_post_by_visitor_edited": ("edit", "feed_post_by_visitor", "My kettle whistles out of tune."),
    "feed_post_by_visitor_removed": ("deletion", "feed_post_by_visitor", None),
    "feed_reaction_to_comment": ("reaction", "feed_comment_of_page", None),
    "feed_reaction_changed": ("reaction", "feed_comment_of_page", None),
    "feed_reaction_taken_back": ("reaction", "feed_comment_of_page", None),
    "feed_like_of_post": ("reaction", "feed_status_of_page", None),
    "ratings_recommendation_edited": ("edit", "ratings_recommendation", "They sent another one."),
    "ratings_recommendation_removed": ("deletion", "ratings_recommendation", None),
}
"""Fixture → kind, the fixture of what it changes, the text afterwards."""
UNKNOWN = {"feed_draft_of_page": "feed/status/add", "feed_unheard_of": "feed/milestone/celebrate"}
"""Fixture → what it is called."""


def parse(name: str) -> list[Activity]:
    return Messenger().parse(request(payload(name)), account())


def only(name: str) -> Activity:
    [activity] = parse(name)
    return activity


def test_every_fixture_of_a_page_is_in_a_table() -> None:
    names = {path.stem for path in PAYLOADS.iterdir() if path.stem.startswith(("feed_", "mention_", "ratings_"))}
    assert names == {*ADDED, *CHANGED, *UNKNOWN, "feed_of_two_entries"}


@pytest.mark.parametrize("name", ADDED)
def test_what_is_published_is_a_message_of_its_author_or_an_echo_of_the_page(name: str) -> None:
    said, (kind, person, thread, text) = only(name), ADDED[name]
    assert (said.kind, said.surface, said.person) == (kind, "public", f"messenger:main:{person}")
    assert (said.thread, said.text and said.text.text) == (thread, text)
    assert said.author == ("account" if kind == "echo" else "customer")


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_names_what_it_changes(name: str) -> None:
    change, (kind, original, text) = only(name), CHANGED[name]
    assert (change.kind, change.message, change.text and change.text.text) == (kind, only(original).message, text)
    assert change.id != only(original).id


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_said_is_unknown_and_keeps_no_text(name: str) -> None:
    unknown = only(name)
    assert (unknown.kind, unknown.details["raw"], unknown.text) == ("unknown", UNKNOWN[name], None)


def test_one_comment_has_one_id_in_the_old_form_and_in_the_new() -> None:
    old, new = only("feed_comment_with_numbers"), only("feed_comment")
    assert (old.id, old.message, old.person, old.person_name) == (new.id, new.message, new.person, "Anna Berzina")


def test_two_edits_are_two_activities() -> None:
    assert only("feed_comment_edited").id != only("feed_comment_edited_at_time_of_original").id


def test_a_call_of_two_entries_loses_none_and_keeps_their_order() -> None:
    kinds = [(activity.kind, activity.text and activity.text.text) for activity in parse("feed_of_two_entries")]
    assert kinds == [("message", f"comment {number}") for number in range(3)] + [("deletion", None)]


def test_an_answer_goes_below_the_comment_and_the_context_says_where_that_stands() -> None:
    comment = only("feed_comment")
    assert comment.address is not None
    assert (comment.address.chat, comment.address.reply_to) == (POST, "555001_777001")
    assert comment.context == PostContext(post=POST, permalink=f"https://www.facebook.com/{POST}")
    below = only("feed_comment_below_comment")
    assert below.context is not None
    assert (below.context.parent, below.replies_to) == ("555001_777001", [comment.message])
    assert only("feed_comment_of_page").replies_to == [comment.message]


def test_times_are_those_of_what_happened() -> None:
    assert only("feed_comment").sent_at == AT
    # Without a time of its own that of the call counts.
    assert only("feed_comment_photo_only").sent_at == AT + timedelta(seconds=5)
    edit = only("feed_comment_edited_at_time_of_original")
    assert (edit.sent_at, edit.original_sent_at) == (AT + timedelta(seconds=90), AT)


def test_pictures_and_links_are_named_where_they_are() -> None:
    picture = Attachment(kind="image", url="https://pictures.example/kettle.jpg", platform_id="comment:555001_777002/0")
    assert only("feed_comment_photo_only").attachments == [picture]
    files = [file for name in ("photo", "video") for file in only(f"feed_{name}_by_visitor").attachments]
    assert [(file.kind, file.platform_id) for file in files] == [
        ("image", "photo:555003/0"),
        ("video", "video:555004/0"),
    ]
    album = only("feed_album_by_visitor").attachments
    assert [file.platform_id for file in album] == ["post:100200300_555009/0", "post:100200300_555009/1"]
    assert only("feed_share_by_visitor").links == ["https://news.example/kettles"]


def test_reactions_have_the_emoji_that_facebook_shows() -> None:
    assert only("feed_reaction_to_comment").reaction == Reaction(emoji="❤")
    assert only("feed_reaction_changed").reaction == Reaction(emoji="\U0001f606")
    assert only("feed_reaction_taken_back").reaction == Reaction(emoji="\U0001f606", removed=True)
    assert only("feed_like_of_post").reaction == Reaction(emoji="\U0001f44d")


def test_recommendations_and_stars_are_reviews() -> None:
    assert only("ratings_recommendation").review == Review(recommends=False)
    assert only("ratings_recommendation_edited").review == Review(recommends=True)
    assert only("ratings_stars").review == Review(stars=1)
    # Without a story there is nothing to write below.
    assert only("ratings_stars").address is None


@pytest.mark.parametrize(
    "name", ["feed_comment", "feed_post_by_visitor", "ratings_recommendation", "mention_in_comment"]
)
def test_a_change_that_does_not_say_what_it_is_about_is_read_by_what_it_has(name: str) -> None:
    body = json.loads(payload(name))
    [change] = body["entry"][0]["changes"]
    del change["value"]["item"], change["value"]["verb"]
    [said] = Messenger().parse(request(json.dumps(body).encode()), account())
    assert said == only(name)


@pytest.mark.parametrize("value", [None, "x", 7, [], {}, {"item": "comment"}, {"item": "rating", "verb": "add"}])
@pytest.mark.parametrize("field", ["feed", "mention", "ratings"])
def test_a_change_without_ids_is_unknown(field: str, value: object) -> None:
    entry = {"id": PAGE, "time": 1772365800, "changes": [{"field": field, "value": value}]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    [activity] = Messenger().parse(request(body), account())
    assert activity.kind == "unknown"


@pytest.mark.parametrize("is_first", [False, True], ids=["after the comment", "before the comment"])
async def test_a_comment_that_was_hidden_or_shown_again_on_facebook_is_so_here(is_first: bool) -> None:
    place = next(place for place in places() if place.name == "comments")
    at = Installation(Messenger(), account(), place)
    about = {"item": "comment", "comment_id": "1_theirs1", "post_id": f"{PAGE}_1", "from": {"id": PAGE}}
    changes = [
        {**about, "verb": verb, "created_time": 1772366500 + n} for n, verb in enumerate(("hide", "unhide", "hide"))
    ]
    await at.post(*([*changes, place.message(1)] if is_first else [place.message(1), *changes]))
    assert [message.hidden for message in at.house.messages()] == [True]
    await at.post({**changes[1], "created_time": 1772366600})
    assert [message.hidden for message in at.house.messages()] == [False]


def test_hidden_and_shown_again_say_so() -> None:
    assert [only(name).hidden for name in ("feed_comment_hidden", "feed_comment_shown_again")] == [True, False]


def change_of(name: str) -> dict[str, Any]:
    """The change of `feed` in a fixture."""
    value: dict[str, Any] = json.loads(payload(name))["entry"][0]["changes"][0]["value"]
    return value


@pytest.mark.parametrize("is_like_first", [True, False])
async def test_likes_of_the_pages_own_posts_are_counted_and_not_stored(is_like_first: bool) -> None:
    at = Installation(Messenger(), account(), next(place for place in places() if place.surface == "public"))
    post, like = change_of("feed_status_of_page"), change_of("feed_like_of_post")
    assert post["post_id"] == like["post_id"]
    for update in (like, post) if is_like_first else (post, like):
        await at.post(update)
    stored = at.house.driver.store.all(ACTIVITIES)
    assert sorted(one.kind for one in stored) == ["echo", "own_post", "reaction"]
    assert not [one for one in stored if one.early]
    counts = at.house.driver.store.all(CONSUMED_COUNTS)
    assert [(one.consumed, one.new, one.duplicates) for one in counts] == [(2, 2, 0)]


async def test_likes_of_a_visitors_post_still_wait_for_it() -> None:
    at = Installation(Messenger(), account(), next(place for place in places() if place.surface == "public"))
    post, like = change_of("feed_post_by_visitor"), change_of("feed_like_of_post")
    await at.post({**like, "post_id": post["post_id"]})
    await at.post(post)
    (message,) = at.house.messages()
    assert [one.emoji for one in message.reactions] == ["\U0001f44d"]
