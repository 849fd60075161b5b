"""Agents of a minute: they look at the list, answer whom the plan says, and resolve half of that, over REST."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx2

from tests.live.installation import Shop
from tests.live.minute.plan import Plan
from tests.live.retrying import post_until_accepted

POLL_SECONDS = 1.0
THINK_SECONDS = 2.0
MAX_CONCURRENT_REQUESTS = 20
LEFT_SECONDS = 30.0
"""How long, after the last customer wrote, they look for whom they have not answered."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was taken. Times are Unix seconds: the first call, and the answer that said so."""

    conversation: str
    person: int
    text: str
    asked_at: float
    taken_at: float


@dataclass
class Agents:
    """`met` counts the answers to their calls by status."""

    plan: Plan
    shop: Shop
    random: Random
    replies: list[Reply] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    _working: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONCURRENT_REQUESTS))

    async def run(self, over: asyncio.Event, whom: int) -> None:
        """Until customers are `over` and so many (`whom`) were answered, or nobody else can be found."""
        until: float | None = None
        while until is None or (len(self._working) < whom and time.monotonic() < until):
            if over.is_set() and until is None:
                until = time.monotonic() + LEFT_SECONDS
            for one in await self._assigned(every=over.is_set()):
                person = person_of(one)
                if self.plan.answers(person) and one["agent"] and one["id"] not in self._working:
                    self._working[one["id"]] = asyncio.create_task(self._serve(one, person))
            await asyncio.sleep(POLL_SECONDS)
        await asyncio.gather(*self._working.values())

    async def _assigned(self, *, every: bool) -> list[dict[str, Any]]:
        """The newest, or all once there is time for it; nothing while nobody answers."""
        try:
            if every:
                return await self.shop.items("/conversations", status="assigned")
            return list((await self.shop.get("/conversations", status="assigned", limit="200"))["items"])
        except (httpx2.TransportError, AssertionError):
            self.met["list failed"] += 1
            return []

    async def _serve(self, conversation: Mapping[str, Any], person: int) -> None:
        await asyncio.sleep(self.random.uniform(0, THINK_SECONDS))
        identity, agent = conversation["id"], conversation["agent"]
        text = f"It is on its way. (c{person})"
        async with self._room:
            asked_at = time.time()
            await post_until_accepted(
                lambda: self.shop.reply(identity, agent, text, identity), {201}, self.random, self.met
            )
            self.replies.append(Reply(identity, person, text, asked_at, time.time()))
        if self.plan.resolves(person):
            await asyncio.sleep(self.random.uniform(0, THINK_SECONDS))
            async with self._room:
                path = f"/v1/workspaces/{self.plan.workspace}/conversations/{identity}/resolve"
                key = {"Idempotency-Key": f"{identity}-resolve"}
                await post_until_accepted(
                    lambda: self.shop.client.post(path, json={"agent": agent}, headers=key),
                    {200},
                    self.random,
                    self.met,
                )


def person_of(conversation: Mapping[str, Any]) -> int:
    """The number of a customer, as the plan says it."""
    return int(str(conversation["person"]).rsplit(":", 1)[1])
