"""Each kind of chat: who reads there, whose talk it is, and how an answer finds its way back."""

import json
from typing import Any

import pytest

from schemas.activity import Activity, Address
from services.channels.telegram import Telegram
from tests.channels.telegram.cases import account, request
from tests.channels.telegram.test_send import SENT, answer, outbound, sent
from tests.fakes import FakeHttp, in_order

SARA: dict[str, Any] = {"id": 70001, "is_bot": False, "first_name": "Sara"}
ADMIN: dict[str, Any] = {"id": 5, "is_bot": False, "first_name": "Admin"}
DIRECT = {"id": -1003, "type": "supergroup", "title": "Shop", "is_direct_messages": True}
TOPIC = {"topic_id": 70001, "user": SARA}
PRIVATE = {"id": 70001, "type": "private", "first_name": "Sara"}
FORUM = {"id": -1002, "type": "supergroup", "title": "Forum", "is_forum": True}


def read(raw: str = "message", *, by: dict[str, Any] = SARA, **body: Any) -> Activity:
    update = {"update_id": 1, raw: {"message_id": 9, "date": 1764000000, "from": by, "text": "hello"} | body}
    (found,) = Telegram().parse(request(json.dumps(update).encode()), account())
    return found


async def answered(activity: Activity) -> dict[str, Any]:
    """The parameters of `sendMessage` of an answer."""
    assert activity.address is not None
    http = FakeHttp(in_order(answer(200, SENT)))
    address = {name: value for name, value in activity.address.model_dump().items() if value is not None}
    await sent(http, outbound(**address))
    parameters: dict[str, Any] = http.calls[0][1]
    return parameters


async def test_the_direct_messages_of_a_channel_are_private_and_answered_in_the_customers_topic() -> None:
    found = read(chat=DIRECT, direct_messages_topic=TOPIC)
    assert (found.kind, found.surface, found.thread, found.person) == (
        "message",
        "private",
        None,
        "telegram:main:70001",
    )
    assert found.address == Address(chat="-1003", direct_topic="70001")
    parameters = await answered(found)
    assert (parameters["chat_id"], parameters["direct_messages_topic_id"]) == (-1003, 70001)
    assert "message_thread_id" not in parameters
    assert "reply_parameters" not in parameters


@pytest.mark.parametrize("speaks_as", [{}, {"sender_chat": {"id": -1001, "type": "channel", "title": "Shop"}}])
def test_what_the_channel_answers_there_is_our_side(speaks_as: dict[str, Any]) -> None:
    found = read(chat=DIRECT, direct_messages_topic=TOPIC, by=ADMIN, **speaks_as)
    assert (found.kind, found.author, found.person) == ("echo", "account", "telegram:main:70001")


def test_direct_messages_without_their_topic_cannot_be_answered_and_are_unknown() -> None:
    assert (read(chat=DIRECT).kind, read(chat=DIRECT).surface) == ("unknown", "private")


def test_a_button_pressed_in_direct_messages_is_answered_there() -> None:
    pressed = {"message_id": 3, "chat": DIRECT, "direct_messages_topic": TOPIC, "date": 1764000000}
    found = read("callback_query", id="4", data="refund", message=pressed)
    assert (found.surface, found.address) == ("private", Address(chat="-1003", direct_topic="70001"))


def test_in_a_private_chat_the_bot_that_is_not_the_customer_is_ours() -> None:
    bot = {"id": 4242, "is_bot": True, "first_name": "Shop"}
    ours, theirs = read(chat=PRIVATE, by=bot), read(chat={"id": 4242, "type": "private"}, by=bot)
    assert (ours.kind, ours.author, ours.own_reply, ours.person) == ("echo", "bot", True, "telegram:main:70001")
    assert (theirs.kind, theirs.details["reason"]) == ("unknown", "bot")


async def test_a_topic_of_a_private_chat_is_answered_in_it() -> None:
    found = read(chat=PRIVATE, message_thread_id=44, is_topic_message=True)
    assert (found.kind, found.surface, found.thread) == ("message", "private", None)
    assert (await answered(found))["message_thread_id"] == 44


async def test_a_chain_of_replies_is_no_topic() -> None:
    found = read(chat={**FORUM, "is_forum": False}, message_thread_id=44)
    assert (found.thread, found.address) == ("-1002", Address(chat="-1002", reply_to="9"))
    assert "message_thread_id" not in await answered(found)


async def test_a_topic_of_a_forum_is_a_place_of_its_own() -> None:
    found = read(chat=FORUM, message_thread_id=44, is_topic_message=True)
    assert (found.surface, found.thread) == ("public", "-1002/44")
    parameters = await answered(found)
    assert (parameters["message_thread_id"], parameters["reply_parameters"]["message_id"]) == (44, 9)


async def test_a_business_chat_is_answered_on_its_connection() -> None:
    found = read("business_message", chat=PRIVATE, business_connection_id="bc1")
    assert (found.surface, found.author) == ("private", "customer")
    assert (await answered(found))["business_connection_id"] == "bc1"


def test_a_comment_below_a_channels_post_is_a_customers_word_in_public() -> None:
    post = {"message_id": 1, "chat": FORUM, "is_automatic_forward": True, "sender_chat": {"id": -7, "type": "channel"}}
    found = read(chat=FORUM, message_thread_id=1, reply_to_message=post)
    assert (found.kind, found.author, found.surface, found.person) == (
        "message",
        "customer",
        "public",
        "telegram:main:70001",
    )


def test_whoever_answers_a_channels_post_as_the_channel_is_our_side() -> None:
    channel = {"id": -7, "type": "channel", "title": "News"}
    post = {"message_id": 1, "chat": FORUM, "is_automatic_forward": True, "sender_chat": channel}
    assert read(chat=FORUM, reply_to_message=post, sender_chat=channel).author == "account"
    assert read(chat=FORUM, reply_to_message=post, sender_chat=channel | {"id": -8}).author == "customer"


@pytest.mark.parametrize("kind", ["secret_room", "community", ""])
@pytest.mark.parametrize("raw", ["message", "edited_message"])
def test_an_unknown_kind_of_chat_is_unknown_and_not_public(raw: str, kind: str) -> None:
    found = read(raw, chat={"id": 123456, "type": kind, "title": "New"})
    assert (found.kind, found.surface, found.text) == ("unknown", "private", None)


def test_a_button_pressed_in_an_unknown_kind_of_chat_is_unknown() -> None:
    pressed = {"message_id": 3, "chat": {"id": 123456, "type": "secret_room"}, "date": 1764000000}
    assert read("callback_query", id="4", data="refund", message=pressed).kind == "unknown"


@pytest.mark.parametrize(
    "odd",
    [
        {"from": SARA | {"language_code": "klingon!!"}},
        {"from": SARA | {"language_code": 7}},
        {"from": SARA | {"language_code": None, "last_name": None, "username": None}},
        {"photo": None},
        {"photo": "none"},
        {"document": 5},
        {"sticker": []},
        {"entities": None, "caption_entities": [None, 3, "x"]},
        {"reply_to_message": None, "quote": None, "forward_origin": None, "sender_chat": None, "via_bot": None},
        {"reply_to_message": 4, "quote": "x", "forward_origin": [], "link_preview_options": 1},
        {"message_thread_id": None, "is_topic_message": None, "direct_messages_topic": None},
    ],
)
def test_a_field_that_nobody_needs_does_not_decide_over_a_message(odd: dict[str, Any]) -> None:
    found = read(chat=PRIVATE, **odd)
    assert (found.kind, found.person) == ("message", "telegram:main:70001")
    assert found.text is not None
    assert found.text.text == "hello"
    assert found.attachments == []


def test_the_words_of_whoever_answers_another_chat_are_their_own() -> None:
    found = read(chat=PRIVATE, external_reply={"origin": {"type": "channel", "chat": {"title": "Elsewhere"}}})
    assert (found.forwarded_from, found.replies_to) == (None, [])
