"""What is written in public at an Instagram account: each fixture of a comment and of a mention, and what it becomes."""

from datetime import UTC, datetime

import pytest

from schemas.activity import Activity, PersonIdentity, PostContext
from services.channels.instagram import Instagram
from tests.channels.instagram.cases import PAYLOADS, SHOP, account, payload, request

NEDA, OMID = "8800110022", "8800110023"
MEDIA = "17900000000000001"
SAID = {
    "comments_with_facebook_login": ("message", NEDA, MEDIA, "Is it silver?"),
    "comments_with_instagram_login": ("message", NEDA, MEDIA, "Is it gold?"),
    "comments_below_comment": ("message", OMID, MEDIA, "I want one too"),
    "comments_on_advertisement": ("message", NEDA, MEDIA, "How much?"),
    "comments_time_in_milliseconds": ("message", NEDA, MEDIA, "Hello"),
    "comments_without_author": ("message", "17800000000000008", MEDIA, "Hello"),
    "comments_edited": ("edit", NEDA, MEDIA, "Is it pure silver?"),
    "comments_of_account": ("echo", SHOP, MEDIA, "It is silver."),
    "comments_of_account_under_another_id": ("echo", "8800119999", MEDIA, "It is."),
    "live_comments": ("message", NEDA, "17900000000000003", "Do you ship today?"),
    "mentions_as_fetched": ("message", "17800000000000010", "17900000000000004", "Look at @rings.shop"),
    "mentions_caption_as_fetched": ("message", "liga.k", "17900000000000005", "My ring of @rings.shop"),
}
"""Fixture → kind, person, thread, text."""
UNKNOWN = {
    "mentions_in_comment": {
        "raw": "mentions",
        "media_id": "17900000000000004",
        "comment_id": "17800000000000010",
    },
    "mentions_in_caption": {"raw": "mentions", "media_id": "17900000000000005"},
    "story_insights": {"raw": "story_insights"},
}
"""Fixture → what is known of it."""


def only(name: str) -> Activity:
    [activity] = Instagram().parse(request(payload(name)), account())
    return activity


def test_every_public_fixture_is_in_a_table() -> None:
    prefixes = ("comments_", "live_", "mentions_", "story_insights")
    assert {path.stem for path in PAYLOADS.iterdir() if path.stem.startswith(prefixes)} == {*SAID, *UNKNOWN}


@pytest.mark.parametrize("name", SAID)
def test_a_comment_is_a_message_of_its_author_or_an_echo_of_the_account(name: str) -> None:
    said, (kind, person, thread, text) = only(name), SAID[name]
    assert (said.kind, said.surface, said.person) == (kind, "public", f"instagram:main:{person}")
    assert (said.thread, said.text and said.text.text) == (thread, text)
    assert said.author == ("account" if kind == "echo" else "customer")


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_only_names_ids_is_unknown_and_keeps_them(name: str) -> None:
    unknown = only(name)
    assert (unknown.kind, unknown.details) == ("unknown", UNKNOWN[name])


def test_an_answer_goes_below_the_comment_of_the_person() -> None:
    comment, below = only("comments_with_facebook_login"), only("comments_below_comment")
    assert below.address is not None
    assert (below.address.chat, below.address.reply_to, below.address.via) == (MEDIA, "17800000000000003", None)
    assert (below.context, below.replies_to) == (
        PostContext(post=MEDIA, parent="17800000000000001"),
        [comment.message],
    )


def test_live_comments_and_mentions_are_answered_in_ways_of_their_own() -> None:
    addresses = [only(name).address for name in ("live_comments", "mentions_as_fetched")]
    assert [address and address.via for address in addresses] == ["live", "mention"]


def test_the_username_is_an_identity_that_instagram_vouches_for() -> None:
    assert only("comments_with_instagram_login").identities == [
        PersonIdentity(kind="username", value="neda.k", proven=True)
    ]
    assert only("comments_of_account").identities == []


def test_an_advertisement_is_named() -> None:
    assert only("comments_on_advertisement").details == {
        "ad_id": "120200000000000001",
        "original_media_id": "17900000000000002",
        "ad_title": "Rings in spring",
        "media_type": "AD",
    }


def test_the_time_is_that_of_the_call_in_any_unit_or_that_which_was_fetched() -> None:
    at = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
    assert only("comments_with_facebook_login").sent_at == only("comments_time_in_milliseconds").sent_at == at
    assert only("mentions_as_fetched").sent_at == at.replace(hour=11, minute=0)
