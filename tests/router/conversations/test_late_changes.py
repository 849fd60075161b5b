"""Edits and deletions that come before their message, or long after it."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.topics import DEDUPE_RETENTION_SECONDS
from services.platform.store.expiry import purge_expired
from services.records.conversations import ACTIVITIES
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.telegram import PRIVATE, activities, arrive, message, texts, update

BUSINESS: dict[str, Any] = {"business_connection_id": "bc"}


async def edit_of(house: ConversationsHarness, age: int) -> list[str]:
    sent = house.driver.now - timedelta(seconds=age)
    return await update(
        house, "edited_message", **message(1, "corrected", date=sent, edit_date=int(house.driver.now.timestamp()))
    )


@pytest.mark.parametrize(("age", "opens"), [(60, True), (900, True), (901, False), (86400, False)])
async def test_an_edit_of_what_never_came_is_news_for_fifteen_minutes(age: int, opens: bool) -> None:
    house = ConversationsHarness()
    emitted = await edit_of(house, age)
    assert ("opened" in emitted, len(house.cases())) == (opens, int(opens))


async def test_the_record_of_a_late_edit_says_why_it_was_ignored() -> None:
    house = ConversationsHarness()
    sent = house.driver.now - timedelta(hours=1)
    body = message(1, "corrected", date=sent, edit_date=int(house.driver.now.timestamp()))
    (edit,) = activities("edited_message", received_at=house.driver.now, **body)
    assert await arrive(house, edit) == []
    record = house.driver.get(ACTIVITIES, edit.id)
    assert record is not None
    assert record.ignored_reason == "late"


async def test_a_late_edit_of_what_came_is_shown() -> None:
    house = ConversationsHarness()
    await update(house, "message", **message(1, "hello"))
    await house.driver.advance(3600)
    body = message(1, "goodbye", date=house.driver.now - timedelta(hours=1))
    assert await update(house, "edited_message", **body, edit_date=int(house.driver.now.timestamp())) == [
        "message_edited"
    ]


async def test_an_edit_of_another_channel_counts_from_its_own_time() -> None:
    house = ConversationsHarness()
    late = house.activity(1, "edit", sent_at=house.driver.now - timedelta(minutes=16))
    assert await arrive(house, late) == []
    assert "opened" in await arrive(house, house.activity(2, "edit"))


async def test_a_message_that_was_deleted_before_it_came_is_shown_so_and_nobody_waits() -> None:
    house = ConversationsHarness()
    await update(house, "business_message", **message(1, "hello", **BUSINESS))
    await update(house, "deleted_business_messages", chat=PRIVATE, message_ids=[2], **BUSINESS)
    assert await update(house, "business_message", **message(2, "oops", **BUSINESS)) == ["message_deleted"]
    assert texts(house) == ["hello", None]
    assert [one.state for one in house.messages()] == ["received", "deleted"]


async def test_alone_it_stands_in_a_closed_conversation_of_which_nobody_is_told() -> None:
    house = ConversationsHarness()
    await update(house, "deleted_business_messages", chat=PRIVATE, message_ids=[2], **BUSINESS)
    assert await update(house, "business_message", **message(2, "oops", **BUSINESS)) == []
    assert (house.case().status, house.messages()[0].state) == ("closed", "deleted")
    assert "opened" in await update(house, "business_message", **message(3, "hello", **BUSINESS))


async def test_the_edit_of_what_was_deleted_says_nothing() -> None:
    house = ConversationsHarness()
    await update(house, "deleted_business_messages", chat=PRIVATE, message_ids=[2], **BUSINESS)
    edit = message(2, "again", **BUSINESS, edit_date=int(house.driver.now.timestamp()))
    assert await update(house, "edited_business_message", **edit) == []
    assert house.cases() == []


async def test_it_is_forgotten_that_a_message_was_deleted_when_none_can_come_any_more() -> None:
    house = ConversationsHarness()
    (deletion,) = activities("deleted_business_messages", chat=PRIVATE, message_ids=[2], **BUSINESS)
    await arrive(house, deletion)
    assert house.driver.get(ACTIVITIES, f"early/{deletion.message}") is not None
    until = house.driver.now + DEDUPE_RETENTION_SECONDS
    assert await purge_expired(house.driver.store, [ACTIVITIES], until) == 0
    # Its own id and the id of the message.
    assert await purge_expired(house.driver.store, [ACTIVITIES], until + timedelta(seconds=1)) == 2
