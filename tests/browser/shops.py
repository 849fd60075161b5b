"""A shop for tests of the desk: a workspace with an account and agents."""

from collections.abc import Mapping
from typing import Any

from tests.live.installation import SECRET, Shop

AGENTS: Mapping[str, Mapping[str, Any]] = {
    "sara": {"name": "Sara", "role": "agent"},
    "reza": {"name": "Reza", "role": "agent"},
    "lea": {"name": "Lea", "role": "lead"},
}


async def open_shop(
    shop: Shop,
    stand_in: str,
    *,
    number: int = 1,
    capacity: int = 1000,
    online: tuple[str, ...] = ("sara",),
    settings: Mapping[str, Any] | None = None,
) -> None:
    """A workspace with a Telegram account, and agents of its team; `online` ones get what comes.

    Workspaces of one installation need a `number` each: a bot is in one of them. `settings` are the account's.
    """
    await shop.put("", {"name": "Shop", "languages": ["en", "fa", "ar", "lv"]})
    credentials = {"bot_token": f"70000{number:02d}:AAtest", "secret_token": SECRET}
    account = {"credentials": credentials, "api_base": stand_in, "settings": dict(settings or {})}
    await shop.put("/accounts/telegram/main", account)
    for agent, body in AGENTS.items():
        await shop.put(f"/agents/{agent}", {"teams": ["default"], "capacity": capacity, **body})
        await shop.put(f"/agents/{agent}/presence", {"status": "online" if agent in online else "offline"})
