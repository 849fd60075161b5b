"""Public messages that our side hid at the platform, or showed again: the latest report counts, in whatever order they come."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import Address
from schemas.outbound import DeliverySent
from tests.router.conversations.harness import ConversationsHarness

PUBLIC: dict[str, Any] = {"surface": "public", "thread": "post", "address": Address(chat="post", reply_to="c1")}


async def reported(house: ConversationsHarness, number: int, *, hidden: bool, seconds: int = 0) -> list[str]:
    at = house.driver.now + timedelta(seconds=seconds)
    more = {**PUBLIC, "id": f"report-{number}", "message": "m1", "hidden": hidden, "sent_at": at, "author": "account"}
    return await house.customer(number, "visibility", text=None, **more)


@pytest.mark.parametrize("is_first", [False, True], ids=["after its message", "before its message"])
async def test_a_hidden_message_is_shown_as_hidden(is_first: bool) -> None:
    house = ConversationsHarness()
    if is_first:
        assert await reported(house, 2, hidden=True) == []
    facts = await house.customer(1, **PUBLIC)
    if not is_first:
        facts = await reported(house, 2, hidden=True)
    assert "message_hidden" in facts
    assert [message.hidden for message in house.messages()] == [True]
    assert house.case().status == "waiting"


async def test_the_latest_report_counts_in_any_order() -> None:
    house = ConversationsHarness()
    await house.customer(1, **PUBLIC)
    assert await reported(house, 2, hidden=False, seconds=5) == []
    assert await reported(house, 3, hidden=True, seconds=3) == []
    assert [message.hidden for message in house.messages()] == [False]
    assert await reported(house, 4, hidden=True, seconds=9) == ["message_hidden"]
    assert await reported(house, 5, hidden=True, seconds=10) == []
    assert await reported(house, 6, hidden=False, seconds=11) == ["message_unhidden"]


async def test_a_deleted_message_stays_as_it_is() -> None:
    house = ConversationsHarness()
    await house.customer(1, **PUBLIC)
    await house.customer(2, "deletion", **PUBLIC, message="m1", text=None)
    assert await reported(house, 3, hidden=True) == []
    assert [message.hidden for message in house.messages()] == [False]


async def test_echo_of_our_reply_to_one_commenter_below_the_comment_of_another_is_no_message_of_theirs() -> None:
    house = ConversationsHarness()
    # Neda answers below Sara's comment, and we answer Neda: the platform says only below which comment that stands.
    await house.customer(1, **PUBLIC, person="telegram:main:sara")
    await house.customer(2, **PUBLIC, person="telegram:main:neda", replies_to=["m1"])
    await house.assign()
    reply = (await house.reply()).result
    assert reply is not None
    sara, neda = house.cases()
    sent = DeliverySent(
        message=reply,
        conversation=neda.id,
        key=neda.key,
        platform_id="c3",
        aliases=["m3"],
        attempts=1,
        at=neda.opened_at,
    )
    await house.arrives("deliveries", "pasokh.delivery.sent", sent)
    echo = {**PUBLIC, "person": "telegram:main:page", "author": "account", "replies_to": ["m1"]}
    await house.customer(3, "echo", **echo)
    await house.settle()
    assert [message.conversation for message in house.messages()] == [sara.id, neda.id, neda.id]
