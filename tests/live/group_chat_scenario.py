"""Everybody around an installation, and all that each of them saw: Telegram, an integrator, a desk, a listener."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from services.demo.serving import serving
from services.demo.telegram import FakeTelegram
from services.platform.http.standard_webhooks import new_secret, verification_error
from tests.live.contract import NUMBERS, Desk
from tests.live.installation import shop_at, update_of
from tests.live.test_stream import Reader, following
from tests.live.waiting import eventually

GROUP, BOT = -5100, "blue_shop_bot"
WATCHED = {"getMe", "getWebhookInfo"}
"""What the watch over the accounts asks Telegram: of the bot itself, and of no chat."""
HOUR = 3600.0
PROMISES = {f"{metric}_seconds": HOUR for metric in ("first_response", "next_response", "resolution", "pickup")} | {
    "public_response_seconds": HOUR
}


@dataclass
class FakePlatforms:
    """Telegram's API and the endpoint of an integrator, at one address. Every call to either is kept."""

    secret: str = field(default_factory=new_secret)
    telegram: FakeTelegram = field(default_factory=FakeTelegram)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Of Telegram: method and parameters."""
    told: list[dict[str, Any]] = field(default_factory=list)
    """Of the integrator: the facts."""
    unproven: list[str] = field(default_factory=list)
    bytes: dict[str, list[bytes]] = field(default_factory=lambda: {"Telegram": [], "webhooks": []})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        if request.url.path == "/crm":
            self.bytes["webhooks"].append(repr(request.headers.raw).encode() + body)
            why = verification_error(dict(request.headers), body, [self.secret], datetime.now(UTC))
            self.unproven += [why] if why else []
            self.told.append(json.loads(body))
            await Response(status_code=204)(scope, receive, send)
            return
        self.bytes["Telegram"].append(body)
        self.calls.append((request.url.path.rpartition("/")[2], json.loads(body)))
        await self.telegram.app(scope, _again(body), send)

    @property
    def of_chats(self) -> list[tuple[str, dict[str, Any]]]:
        """Every call but those of the watch over the accounts, which say nothing of anybody."""
        return [(method, said) for method, said in self.calls if method not in WATCHED or said]

    def calls_to(self, chat: int) -> list[tuple[str, Any]]:
        """What a chat was shown: method and text, oldest first."""
        return [(method, said.get("text")) for method, said in self.calls if said.get("chat_id") == chat]


def _again(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


@dataclass
class GroupChatScenario(Desk):
    """A workspace with one agent, a bot, a webhook and a listener to its stream."""

    outside: FakePlatforms = field(default_factory=FakePlatforms)
    address: str = ""
    """Where all that is outside listens."""
    stream: Reader = field(default_factory=Reader)
    answers: list[bytes] = field(default_factory=list)
    """Every answer of REST."""

    # -- what people do ------------------------------------------------------------------------------------------------

    async def posts_in_group(self, person: int, text: str) -> int:
        """A customer writes where everybody reads. Gives the message's number."""
        update = update_of(next(NUMBERS), person, text)
        update["message"]["chat"] = {"id": GROUP, "type": "supergroup", "title": "Shoppers"}
        return await self._posted(update)

    async def writes_to_bot(self, person: int, text: str) -> int:
        """A customer writes where only we read."""
        return await self._posted(update_of(next(NUMBERS), person, text))

    async def _posted(self, update: dict[str, Any]) -> int:
        answer = await self.webhook(update)
        assert (answer.status_code, answer.content) == (200, b"")
        number: int = update["message"]["message_id"]
        return number

    async def answered(self, case: Mapping[str, Any], text: str, **more: Any) -> httpx2.Response:
        """The agent answers, or tries to."""
        body = {"agent": "mina", "text": text, **more}
        return await self.request("POST", f"/conversations/{case['id']}/replies", json=body)

    async def lets_customers_follow(self, seconds: float) -> None:
        """The bot, and how long customers have to follow it into private."""
        settings = {"username": BOT, "handoff_seconds": seconds}
        await self.put("/accounts/telegram/main", {**self.account(self.address), "settings": settings})

    # -- what they see -------------------------------------------------------------------------------------------------

    async def case_of(self, person: int, **fields: Any) -> dict[str, Any]:
        """The one conversation of a person, once it has these fields."""

        async def there() -> dict[str, Any] | None:
            found = await self.of(person)
            fitting = [one for one in found if all(one[name] == value for name, value in fields.items())]
            return fitting[0] if len(found) == len(fitting) == 1 else None

        found = await eventually(there)
        assert found is not None
        return found

    async def clocks(self, case: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        return {clock["metric"]: clock for clock in await self.items(f"/conversations/{case['id']}/clocks")}

    async def events(self, case: Mapping[str, Any], last: str) -> list[dict[str, Any]]:
        """The facts of a conversation, once integrator and listener have them all, the one of type `last` among them."""
        path = f"/conversations/{case['id']}/events"

        async def everywhere() -> list[dict[str, Any]] | None:
            facts = await self.items(path)
            ids = {fact["id"] for fact in facts}
            known = [{fact["id"] for fact in facts} for facts in (self.outside.told, self.stream.facts)]
            there = any(fact["type"] == last for fact in facts)
            return facts if there and all(ids <= one for one in known) else None

        found = await eventually(everywhere)
        assert found is not None
        return found

    async def shown_in(self, chat: int, count: int) -> list[tuple[str, Any]]:
        """What a chat was shown, once it was shown so much."""

        async def enough() -> list[tuple[str, Any]]:
            said = self.outside.calls_to(chat)
            return said if len(said) >= count else []

        return await eventually(enough)

    def everything_said(self) -> dict[str, list[bytes]]:
        """All that left the installation."""
        streamed = [json.dumps(fact, ensure_ascii=False).encode() for fact in self.stream.facts]
        return {**self.outside.bytes, "REST": self.answers, "stream": streamed}


@asynccontextmanager
async def town_at(url: str, key: str, port: int, workspace: str) -> AsyncIterator[GroupChatScenario]:
    """A town around a running installation, which lets calls go to 127.0.0.1 and this port."""
    outside = FakePlatforms()
    async with (
        serving(outside, port=port) as base,
        shop_at(url, key, workspace) as shop,
        shop_at(url, key, workspace) as listener,
    ):
        town = GroupChatScenario(shop.client, workspace, outside, base)
        shop.client.event_hooks = {"response": [_kept_in(town.answers)]}
        await _seeded(town)
        async with following(listener, town.stream):
            yield town


def _kept_in(answers: list[bytes]) -> Any:
    async def keep(response: httpx2.Response) -> None:
        answers.append(repr(response.headers.raw).encode() + await response.aread())

    return keep


async def _seeded(town: GroupChatScenario) -> None:
    await town.put("", {"name": "Blue Shop", "languages": ["en", "fa"]})
    await town.lets_customers_follow(HOUR)
    await town.put("/webhooks/crm", {"url": f"{town.address}/crm", "secret": town.outside.secret})
    await town.put("/sla", {"policies": [{"id": "all", "targets": PROMISES}]})
    await town.agent("mina")
