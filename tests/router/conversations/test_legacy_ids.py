"""Messages are told apart by who numbers them; those stored when the account alone was the scope are still found."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import Activity
from services.platform.core.identifiers import hashed_id
from services.platform.store.port import Key
from services.records.conversations import CONVERSATIONS, MESSAGES
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness
from tests.router.conversations.telegram import FIRST_BOT, SECOND_BOT, activities, message

FORMER = hashed_id("w", "telegram", "main", "70001", "3")
CASE = "01900000-0000-7000-8000-000000000001"
OLD_MESSAGE: dict[str, Any] = {
    "id": FORMER,
    "conversation": CASE,
    "direction": "inbound",
    "surface": "private",
    "channel": "telegram",
    "author": {"kind": "customer", "id": "telegram:main:70001", "name": "Sara"},
    "text": {"key": None, "text": "where is my order"},
    "masked": [],
    "attachments": [],
    "sent_at": "2026-03-02T09:00:00Z",
    "received_at": "2026-03-02T09:00:01Z",
    "state": "received",
    "error": None,
    "platform_id": "3",
    "workspace": "w",
    "key": "w/telegram:main:70001",
    "order": "000000000001.000000",
    "edited_at": None,
}
OLD_CASE: dict[str, Any] = {
    "id": CASE,
    "workspace": "w",
    "status": "waiting",
    "channel": "telegram",
    "account": "main",
    "surface": "private",
    "person": "telegram:main:70001",
    "team": "default",
    "opened_at": "2026-03-02T09:00:01Z",
    "updated_at": "2026-03-02T09:00:01Z",
    "key": "w/telegram:main:70001",
    "addresses": {"private": {"chat": "70001", "via": "bc1"}},
    "answer_due_since": "2026-03-02T09:00:01Z",
}
OLD_PERSON: dict[str, Any] = {
    "key": "w/telegram:main:70001",
    "workspace": "w",
    "person": "telegram:main:70001",
    "name": "Sara",
    "open": {"": CASE},
    "seen_at": "2026-03-02T09:00:01Z",
}


@pytest.fixture
def house() -> ConversationsHarness:
    """Documents as the release before wrote them."""
    harness = ConversationsHarness()
    harness.driver.store.documents |= {
        Key(MESSAGES.name, FORMER): OLD_MESSAGE,
        Key(CONVERSATIONS.name, CASE): OLD_CASE,
        Key("persons", OLD_PERSON["key"]): OLD_PERSON,
    }
    return harness


async def arrives(house: ConversationsHarness, *parsed: Activity) -> list[str]:
    emitted = [await house.arrives("inbound", f"pasokh.inbound.{one.kind}", one) for one in parsed]
    return [word for words in emitted for word in words]


async def test_two_bots_of_one_account_number_their_private_chats_apart() -> None:
    house = ConversationsHarness()
    await arrives(house, *activities("message", **message(3, "to the old bot"), token=FIRST_BOT))
    await arrives(house, *activities("message", **message(3, "to the new bot"), token=SECOND_BOT))
    assert [m.text.text for m in house.messages() if m.text] == ["to the old bot", "to the new bot"]


async def test_two_business_accounts_number_their_chats_with_one_customer_apart() -> None:
    house = ConversationsHarness()
    for connection in ("bc1", "bc2"):
        body = message(3, f"to {connection}", business_connection_id=connection)
        await arrives(house, *activities("business_message", **body))
    assert len(house.messages()) == 2


async def test_a_new_token_of_the_same_bot_changes_no_id() -> None:
    first, second = (activities("message", **message(3, "hi"), token=f"1001:{key}")[0] for key in ("A", "B"))
    assert (first.id, first.message) == (second.id, second.message)


async def test_a_message_stored_before_is_not_doubled_when_it_is_delivered_again(house: ConversationsHarness) -> None:
    assert await arrives(house, *activities("message", **message(3, "where is my order"))) == []
    assert len(house.messages()) == 1


async def test_another_bots_message_of_the_same_number_is_another_message(house: ConversationsHarness) -> None:
    later = message(3, "a new question", date=START + timedelta(seconds=60))
    await arrives(house, *activities("message", **later, token=SECOND_BOT))
    assert [m.text.text for m in house.messages() if m.text] == ["where is my order", "a new question"]


async def test_an_edit_of_a_message_stored_before_finds_it(house: ConversationsHarness) -> None:
    body = message(3, "where is order 12", edit_date=int(START.timestamp()) + 30)
    assert await arrives(house, *activities("edited_message", **body)) == ["message_edited"]
    stored = house.driver.get(MESSAGES, FORMER)
    assert stored is not None
    assert stored.text is not None
    assert (stored.text.text, stored.state) == ("where is order 12", "edited")


async def test_an_edit_of_another_bots_message_changes_none_stored_before(house: ConversationsHarness) -> None:
    sent = START + timedelta(seconds=60)
    body = message(3, "another one", date=sent, edit_date=int(sent.timestamp()) + 5)
    await arrives(house, *activities("edited_message", **body, token=SECOND_BOT))
    stored = house.driver.get(MESSAGES, FORMER)
    assert stored is not None
    assert stored.text is not None
    assert (stored.text.text, stored.state) == ("where is my order", "received")


@pytest.mark.parametrize(("connection", "state"), [("bc1", "deleted"), ("bc2", "received")])
async def test_a_deletion_finds_a_message_stored_before_on_its_own_connection_only(
    house: ConversationsHarness, connection: str, state: str
) -> None:
    gone: dict[str, Any] = {
        "chat": {"id": 70001, "type": "private"},
        "message_ids": [3],
        "business_connection_id": connection,
    }
    await arrives(house, *activities("deleted_business_messages", **gone))
    stored = house.driver.get(MESSAGES, FORMER)
    assert stored is not None
    assert stored.state == state
