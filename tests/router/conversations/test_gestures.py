"""Gestures of a platform are no speech: they open nothing and start no clock."""

from typing import Any

import pytest

from schemas.configuration import AccountBody, Versioned, WorkspaceBody, WorkspaceConfiguration, WorkspaceSettings
from schemas.outbound import OutboundMessage
from services.records.configuration import CONFIGURATIONS
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.telegram import CUSTOMER, GROUP, in_group, message, texts, update

THUMB = "\U0001f44d"


def greeting_house(greeting: Any, general: WorkspaceSettings | None = None) -> ConversationsHarness:
    house = ConversationsHarness()
    at = house.driver.now
    account = AccountBody(credentials={}, settings={"username": "shop_bot", "greeting": greeting})
    configuration = WorkspaceConfiguration(
        workspace="w",
        version=3,
        profile=Versioned(body=WorkspaceBody(name="Shop", languages=["en", "fa"], settings=general), version=1, at=at),
        accounts={"telegram/main": Versioned(body=account, version=1, at=at)},
    )
    house.driver.put(CONFIGURATIONS, "w/3", configuration)
    return house


def greetings(house: ConversationsHarness) -> list[OutboundMessage]:
    return [event.payload_as(OutboundMessage) for event in house.driver.sent if event.type == "pasokh.outbound.message"]


@pytest.mark.parametrize("text", ["/start", "/start ", "/START", "/start@shop_bot", "/start\n"])
async def test_a_bare_start_opens_nothing(text: str) -> None:
    house = ConversationsHarness()
    assert await update(house, "message", **message(1, text)) == []
    assert await update(house, "message", **in_group(2, text)) == []
    assert house.cases() == []


@pytest.mark.parametrize("text", ["/start promo", "/started", "start", "/help"])
async def test_words_are_a_message(text: str) -> None:
    house = ConversationsHarness()
    assert "opened" in await update(house, "message", **message(1, text))


async def test_a_start_in_a_pending_conversation_changes_nothing_of_it() -> None:
    house = ConversationsHarness()
    await update(house, "message", **message(1, "hello"))
    await house.assign("sara")
    await house.reply("sara")
    assert await update(house, "message", **message(2, "/start")) == []
    assert house.case().status == "pending"


@pytest.mark.parametrize("pressed", [{}, {"data": ""}, {"data": None}, {"data": "  "}, {"game_short_name": "chess"}])
async def test_a_button_without_data_opens_nothing(pressed: dict[str, Any]) -> None:
    house = ConversationsHarness()
    assert await update(house, "callback_query", **{"id": "1", "from": CUSTOMER, **pressed}) == []
    assert house.cases() == []
    with_data: dict[str, Any] = {"id": "2", "from": CUSTOMER, "data": "refund"}
    assert "opened" in await update(house, "callback_query", **with_data)


async def test_a_reaction_opens_nothing() -> None:
    house = ConversationsHarness()
    reaction: dict[str, Any] = {"chat": GROUP, "message_id": 5, "user": CUSTOMER, "old_reaction": []}
    liked: dict[str, Any] = {"new_reaction": [{"type": "emoji", "emoji": THUMB}]}
    assert await update(house, "message_reaction", **reaction, **liked) == []
    assert house.cases() == []


@pytest.mark.parametrize(
    "field", ["new_chat_members", "pinned_message", "new_chat_title", "left_chat_member", "forum_topic_created"]
)
async def test_a_report_about_the_chat_opens_nothing(field: str) -> None:
    house = ConversationsHarness()
    body = in_group(1, "") | {field: {"any": "thing"}}
    del body["text"]
    assert await update(house, "message", **body) == []
    assert house.cases() == []


STICKER = {"sticker": {"file_id": "f", "emoji": THUMB}}


@pytest.mark.parametrize("thumb", [THUMB, THUMB + "\U0001f3fd", f" {THUMB}{THUMB} ", None])
async def test_a_lone_thumbs_up_opens_nothing_reopens_nothing_and_asks_for_nothing(thumb: str | None) -> None:
    house = ConversationsHarness()

    def thumbs_up(number: int) -> dict[str, Any]:
        return message(number, thumb) if thumb else message(number, "") | STICKER

    assert await update(house, "message", **thumbs_up(1)) == []
    await update(house, "message", **message(2, "hello"))
    await house.assign("sara")
    await house.reply("sara")
    assert await update(house, "message", **thumbs_up(3)) == ["message_received"]
    assert house.facts("message_received")[-1].needs_answer is False
    assert house.case().status == "pending"
    await house.resolve()
    await update(house, "message", **thumbs_up(4))
    assert (house.case().status, len(house.cases()), len(house.messages())) == ("resolved", 1, 4)
    assert "reopened" in await update(house, "message", **message(5, f"{THUMB} and where is it"))


async def test_a_visitors_page_waits_for_its_message_so_a_first_thumbs_up_opens_there() -> None:
    house = ConversationsHarness()
    visitor = {"channel": "webchat", "account": "site", "person": "webchat:site:v1"}
    assert "opened" in await house.customer(1, text={"text": THUMB}, **visitor)
    assert await house.customer(2, text={"text": THUMB}, **visitor) == ["message_received"]
    assert house.facts("message_received")[-1].needs_answer is False


async def test_start_is_greeted_once_in_the_persons_language_without_a_case() -> None:
    house = greeting_house({"en": "Welcome", "fa": "خوش آمدید"})
    body = message(1, "/start", sender={**CUSTOMER, "language_code": "fa-IR"})
    assert await update(house, "message", **body) == ["outbound.message"]
    assert await update(house, "message", **message(2, "/start")) == []
    (greeting,) = greetings(house)
    assert (greeting.text.text, greeting.author.kind, greeting.address.chat) == ("خوش آمدید", "system", "70001")
    assert (house.cases(), house.messages()) == ([], [])


async def test_a_greeting_of_one_text_is_for_all_and_nobody_is_greeted_who_talks_already() -> None:
    house = greeting_house("Hello!")
    await update(house, "message", **message(1, "where is my order"))
    assert await update(house, "message", **message(2, "/start")) == []
    assert greetings(house) == []
    other = {"id": 70002, "is_bot": False, "first_name": "Reza"}
    body = message(3, "/start", sender=other, chat={"id": 70002, "type": "private"})
    await update(house, "message", **body)
    assert [one.text.text for one in greetings(house)] == ["Hello!"]


async def test_a_greeting_of_the_workspace_is_for_every_account_without_its_own() -> None:
    house = greeting_house(None, WorkspaceSettings(greeting={"fa": "سلام", "en": "Hi"}))
    await update(house, "message", **message(1, "/start"))
    assert [one.text.text for one in greetings(house)] == ["Hi"]
    house = greeting_house("Ours", WorkspaceSettings(greeting="Hi"))
    await update(house, "message", **message(1, "/start"))
    assert [one.text.text for one in greetings(house)] == ["Ours"]


async def test_nobody_is_greeted_in_a_group() -> None:
    house = greeting_house("Hello!")
    await update(house, "message", **in_group(1, "/start"))
    assert greetings(house) == []
    assert texts(house) == []
