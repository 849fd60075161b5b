"""Customers and agents who insist, whatever happens to the installation, and the account of what came of it.

Customers post each update one to five times, as Telegram does when it hears no answer: a customer's first posts keep
their order, repeats come at any time. Agents answer each conversation, repeating with the same Idempotency-Key.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2

from tests.live.installation import SECRET_HEADER, Shop, update_of
from tests.live.retrying import RETRY_SECONDS, post_until_accepted

REPLIES = 2
PATIENCE_SECONDS = 240.0
"""How much longer than `Size.seconds` customers and agents insist, before the run says what it is waiting for."""


@dataclass(frozen=True)
class Size:
    """`customers` write `messages` each, within about `seconds` when nothing is in their way."""

    customers: int
    messages: int
    seconds: float

    @property
    def updates(self) -> int:
        return self.customers * self.messages


@dataclass
class LoadScenario:
    """One run. `ingest` takes webhooks, `desk` is where agents work. `answers` counts the statuses that were met."""

    size: Size
    ingest: Shop
    desk: Callable[[], Shop]
    random: Random
    answers: Counter[str] = field(default_factory=Counter)
    posts: int = 0
    assigned_after: list[float] = field(default_factory=list)
    done: bool = False

    async def run(self) -> None:
        """Until every update was taken and every conversation was answered; AssertionError where that never comes."""
        try:
            async with asyncio.timeout(self.size.seconds + PATIENCE_SECONDS), asyncio.TaskGroup() as group:
                group.create_task(self._agents())
                await asyncio.gather(*(self._customer(chat) for chat in range(1, self.size.customers + 1)))
                self.done = True
        except TimeoutError:
            raise AssertionError(await self._unfinished()) from None

    async def _unfinished(self) -> str:
        conversations = await self._open_conversations()
        waiting = [one for one in conversations if not one["agent"]]
        return (
            f"{'every' if self.done else 'not every'} update was taken; answers: {dict(self.answers)}; "
            f"{len(conversations)} conversations; without an agent: {waiting}"
        )

    # -- customers -----------------------------------------------------------------------------------------------------

    async def _customer(self, chat: int) -> None:
        repeats = []
        for index in range(self.size.messages):
            await asyncio.sleep(self.random.uniform(0, 2 * self.size.seconds / self.size.messages))
            update = update_of(number_of(chat, index), chat, text_of(chat, index))
            await self._post(update)
            times = self.random.randint(0, 4)
            repeats += [asyncio.create_task(self._repeat(update)) for _ in range(times)]
        await asyncio.gather(*repeats)

    async def _repeat(self, update: Mapping[str, Any]) -> None:
        await asyncio.sleep(self.random.uniform(0, self.size.seconds / 2))
        await self._post(update)

    async def _post(self, update: Mapping[str, Any]) -> None:
        self.posts += 1
        path = f"/webhooks/telegram/{self.ingest.workspace}/main"
        answer = await self._insist(
            lambda: self.ingest.client.post(path, json=dict(update), headers=SECRET_HEADER), {200}
        )
        assert answer.status_code == 200

    async def _insist(self, ask: Callable[[], Awaitable[httpx2.Response]], wanted: set[int]) -> httpx2.Response:
        return await post_until_accepted(ask, wanted, self.random, self.answers)

    # -- agents --------------------------------------------------------------------------------------------------------

    async def _agents(self) -> None:
        answering: set[str] = set()
        async with asyncio.TaskGroup() as group:
            while not self.done or len(answering) < self.size.customers:
                for conversation in await self._open_conversations():
                    if conversation["agent"] and conversation["id"] not in answering:
                        answering.add(conversation["id"])
                        group.create_task(self._answer(conversation))
                await asyncio.sleep(RETRY_SECONDS)

    async def _open_conversations(self) -> list[dict[str, Any]]:
        try:
            return await self.desk().items("/conversations")
        except (httpx2.TransportError, AssertionError):
            return []

    async def _answer(self, conversation: Mapping[str, Any]) -> None:
        for index in range(REPLIES):
            text, key = f"{conversation['id']} {index}", f"{conversation['id']}-{index}"
            await self._insist(
                lambda text=text, key=key: self.desk().reply(conversation["id"], conversation["agent"], text, key),  # type: ignore[misc] # mypy cannot tell a lambda's defaults
                {201},
            )


def number_of(chat: int, index: int) -> int:
    """The number of an update and its message; it rises within a chat."""
    return chat * 1000 + index + 1


def text_of(chat: int, index: int) -> str:
    return f"Hello, I am customer {chat} and this is my message {index}, please help me."


@dataclass(frozen=True)
class Outcome:
    """What an installation says came of a campaign, as read over REST."""

    conversations: list[dict[str, Any]]
    messages: dict[str, list[dict[str, Any]]]
    events: dict[str, list[dict[str, Any]]]

    @property
    def inbound(self) -> list[dict[str, Any]]:
        return [m for found in self.messages.values() for m in found if m["direction"] == "inbound"]

    @property
    def replies(self) -> list[dict[str, Any]]:
        return [m for found in self.messages.values() for m in found if m["direction"] == "outbound"]


async def outcome(shop: Shop) -> Outcome:
    conversations = await shop.items("/conversations")
    messages, events = {}, {}
    for one in conversations:
        messages[one["id"]] = await shop.items(f"/conversations/{one['id']}/messages")
        events[one["id"]] = await shop.items(f"/conversations/{one['id']}/events")
    return Outcome(conversations, messages, events)


async def settled(shop: Shop, size: Size, seconds: float) -> Outcome:
    """The outcome once every message is there and no reply is on its way, or as it is after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        found = await outcome(shop)
        complete = len(found.inbound) >= size.updates and len(found.replies) >= size.customers * REPLIES
        if (complete and all(r["state"] != "queued" for r in found.replies)) or time.monotonic() > until:
            return found
        await asyncio.sleep(0.5)


def assert_nothing_lost_or_doubled(found: Outcome, size: Size, sent: list[Mapping[str, Any]]) -> Counter[str]:
    """Everything once and in order; returns how many replies ended how (`sent`, `outcome_unknown`)."""
    _assert_messages(found, size)
    for conversation in found.conversations:
        told = Counter(event["type"] for event in found.events[conversation["id"]])
        assert told["pasokh.conversation.opened"] == 1
        assert told["pasokh.conversation.assigned"] == 1, told
        assert told["pasokh.conversation.message_received"] == size.messages
    return _assert_replies(found, size, sent)


def _assert_messages(found: Outcome, size: Size) -> None:
    assert len(found.conversations) == size.customers
    by_chat: dict[str, list[str]] = defaultdict(list)
    for conversation in found.conversations:
        texts = [m["text"] for m in found.messages[conversation["id"]] if m["direction"] == "inbound"]
        by_chat[conversation["person"].rsplit(":", 1)[1]] += texts
    expected = {
        str(chat): [text_of(chat, index) for index in range(size.messages)] for chat in range(1, size.customers + 1)
    }
    assert by_chat == expected


def _assert_replies(found: Outcome, size: Size, sent: list[Mapping[str, Any]]) -> Counter[str]:
    assert len(found.replies) == size.customers * REPLIES
    at_platform = Counter(str(one["text"]) for one in sent)
    assert max(at_platform.values()) == 1, [text for text, times in at_platform.items() if times > 1]
    ends: Counter[str] = Counter()
    for reply in found.replies:
        unknown = reply["state"] == "failed" and reply["error"]["code"] == "outcome_unknown"
        assert reply["state"] == "sent" or unknown, reply
        assert unknown or at_platform[reply["text"]] == 1, reply
        ends["outcome_unknown" if unknown else "sent"] += 1
    _assert_order(sent)
    return ends


def _assert_order(sent: list[Mapping[str, Any]]) -> None:
    """Answers reached each customer in the order in which the agent wrote them."""
    by_chat: dict[Any, list[str]] = defaultdict(list)
    for one in sent:
        by_chat[one["chat_id"]].append(str(one["text"]))
    assert all(texts == sorted(texts) for texts in by_chat.values())
