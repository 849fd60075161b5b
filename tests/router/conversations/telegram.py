"""What a bot of the workspace `w` receives, as activities."""

import json
from datetime import datetime
from typing import Any

from schemas.activity import Activity
from schemas.configuration import AccountBody
from services.channels.port import Account, Request
from services.channels.telegram import Telegram
from services.ingest.understand import understood
from tests.driver import START

FIRST_BOT, SECOND_BOT = "1001:AAA", "1002:BBB"
CUSTOMER = {"id": 70001, "is_bot": False, "first_name": "Sara"}
PRIVATE = {"id": 70001, "type": "private", "first_name": "Sara"}


def activities(
    raw: str, *, token: str = FIRST_BOT, received_at: datetime = START, number: int = 1, **body: Any
) -> list[Activity]:
    """The activities of one update of this kind, as ingest publishes them."""
    credentials = {"bot_token": token, "secret_token": "s"}
    account = Account("w", "telegram", "main", AccountBody(credentials=credentials, settings={"username": "shop_bot"}))
    content = json.dumps({"update_id": number, raw: body}).encode()
    request = Request("POST", "/webhooks/telegram/w/main", {}, {}, content, received_at)
    return [understood(one) for one in Telegram().parse(request, account)]


def message(number: int, text: str, *, date: datetime = START, **more: Any) -> dict[str, Any]:
    """A message of the customer in their private chat with the bot, unless said otherwise."""
    return {
        "message_id": number,
        "from": CUSTOMER,
        "chat": PRIVATE,
        "date": int(date.timestamp()),
        "text": text,
    } | more
