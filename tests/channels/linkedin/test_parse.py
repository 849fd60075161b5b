"""What each kind of notification says, whose it is, and that LinkedIn's test of the address is answered as it is specified."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Activity, Address, PostContext, Reaction
from services.channels.linkedin import Linkedin
from services.channels.linkedin_api.notification import message_id
from services.channels.linkedin_api.urns import CommentUrn, organization_number, read_comment
from services.channels.port import InvalidPayload, InvalidSignature, Request
from tests.channels.linkedin.cases import (
    DACE,
    HEADER,
    PAGE,
    PAYLOADS,
    POST,
    RECEIVED,
    SECRET,
    account,
    payload,
    request,
    signature,
)

Row = tuple[str, str, str | None]
ILZE = "urn:li:person:Ilze02"


def said(kind: str = "message", text: str | None = None, person: str = DACE) -> list[Row]:
    return [(kind, person, text)]


FIRST = said(text="Do you ship to Riga?")
EXPECTED: dict[str, list[Row]] = {
    "admin_comment": said("echo", "Thank you all!", PAGE),
    "batch": [
        *FIRST,
        *said("reaction", person=ILZE),
        *said("edit", "Do you ship to Jelgava?"),
        *said("deletion", person="none"),
    ],
    "comment": FIRST,
    "comment_below_share": said(text="Below a share"),
    "comment_delete": said("deletion", person="none"),
    "comment_delete_without_comment": said("unknown", person="none"),
    "comment_edit": said("edit", "Do you ship to Jelgava?"),
    "comment_edit_without_text": said("unknown", person="none"),
    "comment_message_object": said(text="Which colours are there?"),
    "comment_of_organization": said(text="We at another company like it", person="urn:li:organization:777"),
    "comment_own": said("echo", "Yes, to all of the Baltics.", PAGE),
    "comment_picture": said(),
    "comment_reply": said(text="And to Tartu?"),
    "comment_without_author": said("unknown", person="none"),
    "comment_without_text": said("unknown", person="none"),
    "empty": said("unknown", person="none"),
    "like_bare": said("unknown", person="none"),
    "like_comment": said("reaction", person=ILZE),
    "like_decorated": said("reaction", person=ILZE),
    "like_post": said("unknown", person="none"),
    "list_item": FIRST,
    "list_page": [*FIRST, *said(text="Has anybody reached @Kettles today?", person=ILZE)],
    "new_action": said("unknown", person="none"),
    "number_of_page": said(text="The Page as a number"),
    "of_another_page": said("unknown", person="none"),
    "share": said(text="I bought one and it leaks", person=ILZE),
    "share_mention": said(text="Has anybody reached @Kettles today?", person=ILZE),
    "share_without_text": said("unknown", person="none"),
    "without_page": said(text="No Page named"),
}


def parsed(name: str) -> list[Activity]:
    return Linkedin().parse(request(payload(name)), account())


def one(name: str) -> Activity:
    [activity] = parsed(name)
    return activity


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.iterdir()))
def test_a_body_says(name: str) -> None:
    found = [(a.kind, a.person.removeprefix("linkedin:main:"), a.text.text if a.text else None) for a in parsed(name)]
    assert found == EXPECTED[name]
    assert all(activity.surface == "public" for activity in parsed(name))


def test_every_expectation_has_its_fixture() -> None:
    assert set(EXPECTED) == {path.stem for path in PAYLOADS.iterdir()}


def test_a_comment_says_where_it_stands_and_how_it_is_answered() -> None:
    activity = one("comment")
    comment = f"urn:li:comment:({POST},5001)"
    assert (activity.message, activity.platform_id) == (message_id("shop", "main", "5001"), comment)
    assert (activity.thread, activity.address) == (POST, Address(chat=POST, reply_to=comment))
    assert activity.context == PostContext(post=POST, permalink=f"https://www.linkedin.com/feed/update/{POST}/")
    assert (activity.sent_at, activity.received_at) == (datetime(2026, 3, 1, 12, tzinfo=UTC), RECEIVED)


def test_an_answer_to_an_answer_stands_below_the_comment_above_both() -> None:
    activity = one("comment_reply")
    assert activity.address == Address(chat=POST, reply_to=f"urn:li:comment:({POST},5001)")
    assert activity.replies_to == [message_id("shop", "main", "5001")]


@pytest.mark.parametrize("name", ["comment_edit", "comment_delete"])
def test_a_change_names_its_comment_however_its_urn_is_spelled(name: str) -> None:
    assert one(name).message == one("comment").message


def test_a_like_is_of_the_comment_that_it_names() -> None:
    for name in ("like_comment", "like_decorated"):
        assert one(name).reaction == Reaction(emoji="👍")
        assert one(name).message == one("admin_comment").message


def test_a_mention_is_answered_below_the_post_that_has_it() -> None:
    post = "urn:li:share:7200000000000000003"
    assert (one("share_mention").thread, one("share_mention").address) == (post, Address(chat=post))


def test_a_picture_is_an_attachment() -> None:
    assert [file.url for file in one("comment_picture").attachments] == ["https://media.licdn.example/dms/image/1"]


def test_what_another_page_heard_is_neither_kept_nor_shown() -> None:
    assert one("of_another_page").details == {"raw": "none", "reason": "of_another_page"}
    assert "Not yours" not in one("of_another_page").model_dump_json()


def test_a_page_is_the_same_as_a_urn_and_as_a_number() -> None:
    for organization in (PAGE, "4242", "urn:li:organizationBrand:4242"):
        there = account(credentials={"client_secret": SECRET, "organization": organization})
        assert Linkedin().own_id(there.body) == "4242"
        assert [a.kind for a in Linkedin().parse(request(payload("comment")), there)] == ["message"]
    assert Linkedin().addressees(request(payload("batch"))) == ["4242", "9999"]
    assert Linkedin().addressees(request(payload("number_of_page"))) == ["4242"]


@given(st.integers(1, 10**19), st.sampled_from(["activity", "share", "ugcPost"]), st.integers(1, 10**19))
def test_a_comment_is_read_in_both_spellings(post: int, kind: str, number: int) -> None:
    whole = CommentUrn(f"urn:li:{kind}:{post}", str(number))
    assert read_comment(str(whole)) == read_comment(f"urn:li:comment:({kind}:{post},{number})") == whole


@given(st.text())
def test_any_text_is_a_urn_or_none(text: str) -> None:
    assert read_comment(text) is None or text.startswith("urn:li:comment:(")
    assert organization_number(text) is None or text.rpartition(":")[2].isdigit()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"notifications": 1}', b"\xff", b"[" * 500])
def test_what_has_no_notifications_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidPayload) as raised:
        Linkedin().parse(request(body), account())
    assert str(raised.value) in ("the body is no JSON", "the body has no list notifications")


# -- who calls -----------------------------------------------------------------------------------------------------------


def test_the_prefix_is_signed_and_stands_not_in_the_header() -> None:
    body = payload("comment")
    Linkedin().verify(request(body), account())
    bare = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
    for wrong in ("", bare, f"hmacsha256={signature(body)}", signature(body).upper(), signature(body)[:-1]):
        with pytest.raises(InvalidSignature):
            Linkedin().verify(replace(request(body), headers={HEADER: wrong}), account())


def test_every_live_secret_is_accepted() -> None:
    rotating = account(credentials={"client_secret": ["a-newer-client-secret", SECRET], "organization": PAGE})
    Linkedin().verify(request(payload("comment")), rotating)


def challenge(**query: str) -> Request:
    return Request("GET", "/webhooks/linkedin/shop/main", query, {}, b"", RECEIVED)


def test_the_challenge_is_answered_with_its_code_and_a_signature_of_it() -> None:
    code = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
    answer = Linkedin().handshake(challenge(challengeCode=code, applicationId="1"), account())
    assert answer is not None
    assert (answer.status, answer.media_type) == (200, "application/json")
    expected = hmac.digest(SECRET.encode(), code.encode(), hashlib.sha256).hex()
    assert json.loads(answer.body) == {"challengeCode": code, "challengeResponse": expected}


@pytest.mark.parametrize("query", [{}, {"challengeCode": ""}, {"challengeCode": "x" * 201}])
def test_a_get_without_a_challenge_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        Linkedin().handshake(challenge(**query), account())


def test_a_post_is_no_challenge() -> None:
    assert Linkedin().handshake(request(b"{}"), account()) is None
