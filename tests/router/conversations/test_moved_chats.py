"""A group that becomes a supergroup has another id, and is the same place."""

from typing import Any

import pytest

from schemas.commands import CommandResult, PerformAction
from schemas.outbound import OutboundMessage
from services.channels.telegram import Telegram
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.telegram import in_group, texts, update

NEW: dict[str, Any] = {"id": -1005, "type": "supergroup", "title": "Buyers"}
ADMIN = {"id": 9, "is_bot": False, "first_name": "Admin"}


def sent(house: ConversationsHarness) -> OutboundMessage:
    return [
        event.payload_as(OutboundMessage) for event in house.driver.sent if event.type == "pasokh.outbound.message"
    ][-1]


async def moves(house: ConversationsHarness, *, told_in: str) -> None:
    body = in_group(9, "", sender=ADMIN)
    del body["text"]
    if told_in == "old":
        await update(house, "message", **body, migrate_to_chat_id=-1005)
    else:
        await update(house, "message", **(body | {"chat": NEW, "migrate_from_chat_id": -5100}))


@pytest.mark.parametrize("told_in", ["old", "new"])
async def test_the_conversation_goes_on_where_the_group_went(told_in: str) -> None:
    house = ConversationsHarness()
    await update(house, "message", **in_group(1, "is it in stock"))
    await house.assign("sara")
    await moves(house, told_in=told_in)
    assert await update(house, "message", **in_group(2, "hello?", NEW)) == ["message_received"]
    assert (len(house.cases()), house.case().thread) == (1, "-1005")
    await house.reply("sara", surface="public")
    assert (sent(house).address.chat, sent(house).address.reply_to) == ("-1005", "2")


async def test_a_reply_goes_to_the_new_place_before_the_customer_writes_there() -> None:
    house = ConversationsHarness()
    await update(house, "message", **in_group(1, "is it in stock"))
    await house.assign("sara")
    await moves(house, told_in="old")
    await house.reply("sara", surface="public")
    assert (sent(house).address.chat, sent(house).address.reply_to) == ("-1005", None)


async def test_what_opens_in_the_new_place_stays_there() -> None:
    house = ConversationsHarness()
    await moves(house, told_in="old")
    await update(house, "message", **in_group(1, "hello", NEW))
    await update(house, "message", **in_group(2, "hello?", NEW))
    assert (len(house.cases()), texts(house)) == (1, ["hello", "hello?"])


async def test_another_group_did_not_move() -> None:
    house = ConversationsHarness()
    await update(house, "message", **in_group(1, "hello"))
    await moves(house, told_in="old")
    other = {"id": -5200, "type": "group", "title": "Others"}
    assert "opened" in await update(house, "message", **in_group(1, "hello", other))
    assert len(house.cases()) == 2


@pytest.mark.parametrize("told_in", ["old", "new"])
async def test_a_message_of_before_the_move_has_a_number_there_that_we_do_not_know(told_in: str) -> None:
    house = ConversationsHarness(capabilities={"telegram": Telegram.capabilities})
    await update(house, "message", **in_group(1, "is it in stock"))
    await house.assign("sara")
    earlier = (await house.reply("sara", surface="public")).result
    assert earlier is not None
    await house.delivered(earlier)
    await house.driver.advance(60)
    await moves(house, told_in=told_in)
    await house.driver.advance(60)
    await update(house, "message", **in_group(2, "hello?", NEW))
    later = (await house.reply("sara", surface="public")).result

    async def delete(message: str | None) -> CommandResult:
        command = {"conversation": house.case().id, "kind": "delete", "message": message, "agent": "sara"}
        stamped = {**command, "accepted_at": house.driver.now, "request_hash": "h"}
        return await house.command("perform_action", PerformAction.model_validate(stamped))

    refused = await delete(earlier)
    assert refused.problem is not None
    assert (refused.problem.status, "moved" in refused.problem.detail) == (409, True)
    assert (await delete(later)).status == "applied"
