"""What is sent, and what each answer of X means."""

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import pytest

from schemas.activity import Address, Attachment
from schemas.conversation import Author
from schemas.outbound import ChannelAction, OutboundAttachment, OutboundMessage, ReplyReference
from schemas.values import EncryptedText
from services.channels.port import CredentialsRejected, MediaLocation, OutgoingFile, SendReceipt
from services.channels.x import X
from services.channels.x_api.context import message_id
from services.platform.http.outgoing import HttpResponse, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.channels.x.cases import CREDENTIALS, CUSTOMER, OWN, account, request
from tests.fakes import FakeHttp, in_order
from tests.fakes.http import held

OWN_ID = "019cb000-0000-7000-8000-000000000001"
POST = "1700000000000000001"


def answer(status: int, body: object = None, **headers: str) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def fields(**more: Any) -> dict[str, Any]:
    return {
        "id": OWN_ID,
        "conversation": "c1",
        "key": f"shop/x:main:{CUSTOMER}",
        "workspace": "shop",
        "channel": "x",
        "account": "main",
        "author": Author(kind="agent", id="ana"),
        "accepted_at": datetime(2026, 3, 1, tzinfo=UTC),
        **more,
    }


def direct(**more: Any) -> OutboundMessage:
    text = EncryptedText(text="سلام سارا")
    return OutboundMessage.model_validate(fields(surface="private", address=Address(chat=CUSTOMER), text=text) | more)


def reply(**more: Any) -> OutboundMessage:
    return direct(**{"surface": "public", "address": Address(chat="1690", reply_to=POST), **more})


async def sent(message: OutboundMessage, *answers: HttpResponse) -> tuple[SendReceipt, FakeHttp]:
    http = FakeHttp(in_order(*answers))
    return await X().send(message, account(), http), http


async def test_a_direct_message_goes_to_its_person() -> None:
    receipt, http = await sent(direct(), answer(201, {"data": {"dm_conversation_id": "1-2", "dm_event_id": "77"}}))
    [call] = http.calls
    assert (call.method, call.url) == ("POST", f"https://api.x.com/2/dm_conversations/with/{CUSTOMER}/messages")
    assert json.loads(call.body) == {"text": "سلام سارا"}
    assert receipt == SendReceipt("77", aliases=(message_id("shop", "main", "dm", "77"),))


@pytest.mark.parametrize(
    ("message", "answered"),
    [(reply(), POST), (reply(in_reply_to=ReplyReference(platform_id="1701")), "1701")],
)
async def test_a_public_answer_is_a_post_in_reply(message: OutboundMessage, answered: str) -> None:
    receipt, http = await sent(message, answer(201, {"data": {"id": "88", "text": "…"}}))
    assert http.calls[0].url == "https://api.x.com/2/tweets"
    assert json.loads(http.calls[0].body) == {"text": "سلام سارا", "reply": {"in_reply_to_tweet_id": answered}}
    assert receipt.aliases == (message_id("shop", "main", "post", "88"),)


async def test_a_public_answer_to_nothing_is_refused() -> None:
    with pytest.raises(PermanentSendError):
        await sent(reply(address=Address(chat="1690")))


async def test_a_call_is_signed_by_the_four_keys() -> None:
    """RFC 5849, 3.4: method, address and sorted parameters, signed with HMAC-SHA1 by both secrets."""
    _, http = await sent(direct(), answer(201, {"data": {"dm_event_id": "77"}}))
    [call] = http.calls
    stated = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', call.headers["authorization"])}
    signature = stated.pop("oauth_signature")
    assert (stated["oauth_consumer_key"], stated["oauth_token"]) == ("a-key-of-the-app", "1500-a-token-of-the-user")
    parameters = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(stated.items()))
    signed = "&".join(quote(part, safe="") for part in ("POST", call.url, parameters))
    key = f"{CREDENTIALS['consumer_secret']}&{CREDENTIALS['access_secret']}".encode()
    assert signature == b64encode(hmac.digest(key, signed.encode(), hashlib.sha1)).decode()


@pytest.mark.parametrize(
    ("message", "category", "body"),
    [
        (direct(), "dm_image", {"text": "سلام سارا", "attachments": [{"media_id": "501"}]}),
        (
            reply(),
            "tweet_image",
            {"text": "سلام سارا", "reply": {"in_reply_to_tweet_id": POST}, "media": {"media_ids": ["501"]}},
        ),
    ],
)
async def test_a_picture_is_uploaded_and_then_sent(
    message: OutboundMessage, category: str, body: Mapping[str, Any]
) -> None:
    shown = OutboundAttachment(kind="image", blob="b", name="mug.png", media_type="image/png", size_bytes=3)
    made = answer(201, {"data": {"id": "1", "dm_event_id": "1"}})
    http = FakeHttp(in_order(answer(200, {"data": {"id": "501"}}), made))
    await X().send_files(message, [OutgoingFile(shown, held(b"png"))], account(), http)
    upload, call = http.calls
    assert upload.url == "https://api.x.com/2/media/upload"
    assert category.encode() in upload.body
    assert b"png" in upload.body
    assert json.loads(call.body) == body


async def test_four_pictures_go_into_one_post_in_their_order() -> None:
    shown = OutboundAttachment(kind="image", blob="b", name="mug.png", media_type="image/png", size_bytes=3)
    uploads = [answer(200, {"data": {"id": f"50{number}"}}) for number in range(4)]
    http = FakeHttp(in_order(*uploads, answer(201, {"data": {"id": "1"}})))
    files = [OutgoingFile(shown, held(b"png")) for _ in range(4)]
    await X().send_files(reply(), files, account(), http)
    assert json.loads(http.calls[-1].body)["media"] == {"media_ids": ["500", "501", "502", "503"]}
    assert len(http.calls) == 5


def test_a_post_takes_four_pictures_and_a_direct_message_one() -> None:
    most = {surface: X.capabilities.with_media_of(surface).max_files for surface in X.capabilities.surfaces}
    assert most == {"public": 4, "private": 1}


@pytest.mark.parametrize(
    ("response", "error", "code"),
    [
        (answer(403, {"detail": "You cannot send messages to this user."}), PermanentSendError, "blocked"),
        (
            answer(403, {"detail": "You are not allowed to create a Tweet with duplicate content."}),
            PermanentSendError,
            "duplicate",
        ),
        (
            answer(403, {"detail": "Reply to this conversation is not allowed because you have not been mentioned"}),
            PermanentSendError,
            "not_mentioned",
        ),
        (
            answer(400, {"detail": "The Tweet that is replied to is deleted or not visible to you"}),
            PermanentSendError,
            "not_found",
        ),
        (answer(404, {"title": "Not Found Error"}), PermanentSendError, "not_found"),
        (answer(400, {"errors": [{"message": "One or more parameters is invalid"}]}), PermanentSendError, "rejected"),
        (answer(401, {"title": "Unauthorized"}), CredentialsRejected, None),
        (
            answer(403, {"detail": "Your client app is not configured with the appropriate oauth1 app permissions"}),
            CredentialsRejected,
            None,
        ),
        (answer(403, b"<html>"), TransientSendError, None),
        (answer(503, {"title": "Service Unavailable"}), TransientSendError, None),
        (answer(503, b"<html>"), SendOutcomeUnknown, None),
        (answer(500, {"title": "Internal"}), SendOutcomeUnknown, None),
        (answer(302, b""), SendOutcomeUnknown, None),
        (answer(200, b"<html>"), SendOutcomeUnknown, None),
    ],
)
async def test_a_refusal_is_an_error_of_its_class(
    response: HttpResponse, error: type[Exception], code: str | None
) -> None:
    with pytest.raises(error) as raised:
        await sent(direct(), response)
    assert getattr(raised.value, "code", None) == code


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"x_rate_limit_reset": "1772366460", "date": "Sun, 01 Mar 2026 12:00:00 GMT"}, 60.0),
        ({"x_rate_limit_reset": "1772366300", "date": "Sun, 01 Mar 2026 12:00:00 GMT"}, 0.0),
        ({"retry_after": "7"}, 7.0),
        ({}, None),
    ],
)
async def test_a_limit_holds_the_account_until_it_is_reset(headers: dict[str, str], after: float | None) -> None:
    with pytest.raises(TransientSendError) as raised:
        await sent(direct(), answer(429, {"title": "Too Many Requests"}, **headers))
    assert (raised.value.after, raised.value.scope) == (after, "account")


# -- deletions and files -------------------------------------------------------------------------------------------------


def deletion(surface: str, name: str | None = "9") -> ChannelAction:
    place = Address(chat=CUSTOMER)
    return ChannelAction.model_validate(fields(surface=surface, address=place, kind="delete", platform_id=name))


@pytest.mark.parametrize(("surface", "path"), [("public", "tweets"), ("private", "dm_events")])
async def test_what_we_wrote_is_deleted(surface: str, path: str) -> None:
    http = FakeHttp(in_order(answer(200, {"data": {"deleted": True}})))
    await X().perform(deletion(surface), account(), http)
    assert (http.calls[0].method, http.calls[0].url) == ("DELETE", f"https://api.x.com/2/{path}/9")
    with pytest.raises(PermanentSendError):
        await X().perform(deletion(surface, None), account(), http)


async def test_a_picture_of_a_post_is_public_and_one_of_a_message_takes_the_signature() -> None:
    post = Attachment(kind="image", url="https://pbs.twimg.com/media/one.jpg")
    nobody = FakeHttp(in_order())
    assert await X().locate(post, account(), nobody) == MediaLocation(post.url or "")
    private = Attachment(kind="image", platform_id="https://ton.twitter.com/1.1/a.jpg")
    found = await X().locate(private, account(), nobody)
    assert found.headers["authorization"].startswith("OAuth ")


@pytest.mark.parametrize(
    "url", ["https://ton.twitter.com.evil.example/a.jpg", "http://ton.twitter.com/a.jpg", "", None]
)
async def test_the_signature_goes_to_no_other_host(url: str | None) -> None:
    with pytest.raises(PermanentSendError):
        await X().locate(Attachment(kind="image", platform_id=url), account(), FakeHttp(in_order()))


# -- catching up -----------------------------------------------------------------------------------------------------------


MENTIONS = {
    "data": [{"id": "21", "text": "two", "author_id": CUSTOMER}, {"id": "20", "text": "one", "author_id": CUSTOMER}]
}
EVENTS = {
    "data": [
        {
            "id": str(number),
            "event_type": "MessageCreate",
            "text": text,
            "sender_id": sender,
            "created_at": "2026-03-01T12:00:00.000Z",
            "dm_conversation_id": f"{OWN}-{CUSTOMER}",
        }
        for number, text, sender in ((32, "ours", OWN), (31, "hi", CUSTOMER), (30, "seen", CUSTOMER))
    ],
    "includes": {"users": [{"id": CUSTOMER, "name": "Sara", "username": "sara_writes"}]},
}


async def test_the_first_poll_notes_where_it_begins() -> None:
    http = FakeHttp(in_order(answer(200, MENTIONS), answer(200, EVENTS)))
    found = await X().poll(account(), http, None)
    assert list(found.bodies) == []
    assert json.loads(found.cursor or "") == {"user": OWN, "post": "21", "dm": "32"}


async def test_a_poll_gives_what_is_newer_in_the_shape_of_webhooks() -> None:
    http = FakeHttp(in_order(answer(200, MENTIONS), answer(200, EVENTS)))
    found = await X().poll(account(), http, json.dumps({"user": OWN, "post": "19", "dm": "30"}))
    assert "since_id=19" in http.calls[0].url
    activities = [activity for body in found.bodies for activity in X().parse(request(body), account())]
    assert [(a.kind, a.text.text if a.text else None) for a in activities] == [
        ("message", "one"),
        ("message", "two"),
        ("message", "hi"),
        ("echo", "ours"),
    ]
    assert activities[2].person_name == "Sara"


async def test_a_poll_reads_all_pages_since_the_last_one() -> None:
    older = {"data": [{"id": "19", "text": "zero", "author_id": CUSTOMER}]}
    more = {**MENTIONS, "meta": {"next_token": "t1"}}
    http = FakeHttp(
        in_order(answer(200, more), answer(200, older), answer(200, {**EVENTS, "meta": {"next_token": "t2"}}))
    )
    found = await X().poll(account(), http, json.dumps({"user": OWN, "post": "18", "dm": "30"}))
    # The page of direct messages has one that is known: there is nothing new behind it.
    assert ["pagination_token=t1" in call.url for call in http.calls] == [False, True, False]
    texts = [activity.text for body in found.bodies for activity in X().parse(request(body), account())]
    assert [text.text for text in texts if text] == ["zero", "one", "two", "hi", "ours"]


@pytest.mark.parametrize(
    ("medium", "attachment"),
    [
        (
            {"type": "photo", "url": "https://ton.twitter.com/1.1/ton/data/dm/31/a.jpg"},
            Attachment(kind="image", platform_id="https://ton.twitter.com/1.1/ton/data/dm/31/a.jpg"),
        ),
        (
            {"type": "photo", "url": "https://pbs.twimg.com/media/a.jpg"},
            Attachment(kind="image", url="https://pbs.twimg.com/media/a.jpg"),
        ),
        ({"type": "video"}, Attachment(kind="other", details={"type": "video", "media_key": "501"})),
        (None, Attachment(kind="other", details={"type": "media", "media_key": "501"})),
    ],
)
async def test_a_file_of_a_direct_message_is_fetched_too(medium: dict[str, Any] | None, attachment: Attachment) -> None:
    [_, hi, _] = EVENTS["data"]
    assert isinstance(hi, dict)
    listed = {
        "data": [{**hi, "attachments": {"media_keys": ["3_501"]}}],
        "includes": {"media": [{"media_key": "3_501", **medium}] if medium else []},
    }
    http = FakeHttp(in_order(answer(200, {}), answer(200, listed)))
    found = await X().poll(account(), http, json.dumps({"user": OWN, "dm": "30"}))
    assert "attachments.media_keys" in unquote(http.calls[1].url)
    [activity] = [activity for body in found.bodies for activity in X().parse(request(body), account())]
    assert activity.attachments == [attachment]


async def test_a_message_of_a_group_is_not_taken_for_a_private_one() -> None:
    [ours, hi, _] = EVENTS["data"]
    groups = {
        "data": [{**one, "dm_conversation_id": "1500000000000000999"} for one in (ours, hi) if isinstance(one, dict)]
    }
    http = FakeHttp(in_order(answer(200, {}), answer(200, groups)))
    found = await X().poll(account(), http, json.dumps({"user": OWN, "dm": "30"}))
    assert list(found.bodies) == []


@pytest.mark.parametrize("cursor", ["not json", "[]", json.dumps({"user": "9", "post": "1"})])
async def test_a_cursor_of_another_user_says_nothing(cursor: str) -> None:
    http = FakeHttp(in_order(answer(200, {"meta": {}}), answer(200, {})))
    found = await X().poll(account(), http, cursor)
    assert (list(found.bodies), json.loads(found.cursor or "")) == ([], {"user": OWN})


# -- the account -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("own", "is_well"), [(OWN, True), ("9", False)])
async def test_the_token_is_of_the_account(own: str, is_well: bool) -> None:
    http = FakeHttp(in_order(answer(200, {"data": {"id": own}})))
    found = await X().check(account(), http, None, datetime(2026, 3, 1, tzinfo=UTC))
    assert (found is None) is is_well


def test_automatic_answers_take_an_approval() -> None:
    assert X().capabilities_for(account().body).automated == "yes"
    plain = X().capabilities_for(account(settings={}).body)
    assert (plain.automated, plain.retention_seconds) == ("approved", 86_400.0)
    assert X().capabilities_for(account(settings={"retention_seconds": 172_800}).body).retention_seconds == 172_800.0
