"""What a bot of the workspace `w` receives, as activities."""

import json
from datetime import datetime
from typing import Any

from schemas.activity import Activity
from schemas.configuration import AccountBody, Credential
from services.channels.port import Account, Request
from services.channels.telegram import Telegram
from services.ingest.enrichment import enrich
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

FIRST_BOT, SECOND_BOT = "1001:AAA", "1002:BBB"
CUSTOMER: dict[str, Any] = {"id": 70001, "is_bot": False, "first_name": "Sara"}
PRIVATE: dict[str, Any] = {"id": 70001, "type": "private", "first_name": "Sara"}


def activities(
    raw: str, *, token: str = FIRST_BOT, received_at: datetime = START, number: int = 1, **body: Any
) -> list[Activity]:
    """The activities of one update of this kind, as ingest publishes them."""
    credentials: dict[str, Credential] = {"bot_token": token, "secret_token": "s"}
    account = Account("w", "telegram", "main", AccountBody(credentials=credentials, settings={"username": "shop_bot"}))
    content = json.dumps({"update_id": number, raw: body}).encode()
    request = Request("POST", "/webhooks/telegram/w/main", {}, {}, content, received_at)
    return [enrich(one) for one in Telegram().parse(request, account)]


def message(
    number: int, text: str, *, date: datetime = START, sender: dict[str, Any] = CUSTOMER, **more: Any
) -> dict[str, Any]:
    """A message of the customer in their private chat with the bot, unless said otherwise."""
    return {
        "message_id": number,
        "from": sender,
        "chat": PRIVATE,
        "date": int(date.timestamp()),
        "text": text,
    } | more


GROUP: dict[str, Any] = {"id": -5100, "type": "group", "title": "Buyers"}


def in_group(number: int, text: str, chat: dict[str, Any] = GROUP, **more: Any) -> dict[str, Any]:
    """A message of the customer in a group."""
    return message(number, text, chat=chat, **more)


async def arrive(house: ConversationsHarness, *parsed: Activity) -> list[str]:
    """These activities, each in a batch of its own; the types of what follows, shortened."""
    emitted = [await house.arrives("inbound", f"pasokh.inbound.{one.kind}", one) for one in parsed]
    return [word for words in emitted for word in words]


async def update(house: ConversationsHarness, raw: str, **body: Any) -> list[str]:
    """One update, received now."""
    return await arrive(house, *activities(raw, received_at=house.driver.now, **body))


def texts(house: ConversationsHarness) -> list[str | None]:
    """What all messages say, in order."""
    return [one.text.text if one.text else None for one in house.messages()]
