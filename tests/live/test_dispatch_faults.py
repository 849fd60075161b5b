"""Two routers on Kafka and MongoDB, stopped and killed while offers are open: nobody has two agents, no agent more than they can, and nobody is stranded.

`PASOKH_DISPATCH_ROUNDS` changes how often each router is stopped and killed.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, database, shop_at, telegram, update_of
from tests.live.waiting import eventually
from tests.live_servers.process import pause_process
from tests.live_servers.server import Server, free_ports

ROUNDS = int(os.environ.get("PASOKH_DISPATCH_ROUNDS", "1"))
AGENTS = ("ada", "bo", "cy")
CAPACITY = 2
SECONDS = 90.0


@dataclass
class Office:
    """A shop whose agents are asked first, on two routers; REST goes to the one that is `up`."""

    shops: Sequence[Shop]
    routers: Sequence[Running]
    ingest: Shop
    customers: int = 0
    highest: dict[str, int] = field(default_factory=dict)
    up: int = 0

    @property
    def shop(self) -> Shop:
        return self.shops[self.up]

    async def customer(self) -> str:
        """Another customer writes; their conversation, once dispatch has decided about it."""
        self.customers += 1
        number = self.customers
        answer = await self.ingest.post(update_of(number, number, "Hello, where is my order?"))
        assert answer.status_code == 200, answer.text
        person = f"telegram:main:{number}"

        async def decided() -> str | None:
            found = await self._asked(self.shop.items("/conversations", person=person))
            if not found:
                return None
            decisions = await self._asked(self.shop.items(f"/conversations/{found[0]['id']}/decisions"))
            return str(found[0]["id"]) if decisions else None

        return await eventually(decided, SECONDS)

    async def look(self) -> list[dict[str, Any]]:
        """All conversations; notes how much each agent had in hand at most."""
        for agent in await self._asked(self.shop.items("/agents")):
            self.highest[agent["id"]] = max(self.highest.get(agent["id"], 0), agent["load"])
        return await self._asked(self.shop.items("/conversations"))

    async def answer(self, conversations: Sequence[Mapping[str, Any]], *, accepts: bool) -> None:
        """Agents answer what they are offered, and resolve what they have: some decline, so that it goes on."""
        for number, case in enumerate(conversations):
            offer = case.get("offer")
            if offer is not None:
                word = "accept" if accepts or number % 3 else "decline"
                more = {} if word == "accept" else {"reason": "busy"}
                await self._told(f"/offers/{offer['id']}/{word}", {"agent": offer["agent"], **more})
            elif case["status"] == "assigned" and (accepts or number % 2):
                await self._told(f"/conversations/{case['id']}/resolve", {"agent": case["agent"]})

    async def _told(self, path: str, body: Mapping[str, Any]) -> None:
        where = f"/v1/workspaces/{self.shop.workspace}{path}"
        try:
            answer = await self.shop.client.post(where, json=dict(body), headers={"Prefer": "wait=5"})
        except httpx2.HTTPError:
            # A router that is killed answers nothing: what became of it is seen at the conversation.
            return
        assert answer.status_code in (200, 202, 404, 409, 503), answer.text

    async def _asked(self, call: Any) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = await call
        except (httpx2.HTTPError, AssertionError):
            return []
        return found


@pytest.fixture
async def office(tmp_path: Path, kafka_server: Server, mongo_server: Server) -> AsyncIterator[Office]:
    [port] = free_ports(1)
    name = f"dispatch-{uuid4().hex[:8]}"
    environment = {
        "PASOKH_BUS": kafka_server.url,
        "PASOKH_STORE": database(mongo_server, name),
        "PASOKH_NAMESPACE": name,
        "PASOKH_PARTITIONS": "2",
        "PASOKH_ADMIN_KEY": ADMIN_KEY,
        **allowing(port),
    }
    processes = []
    for index, service in enumerate(("ingest", "router", "router")):
        [own] = free_ports(1)
        processes.append(Running(tmp_path / f"{index}-{service}", ("serve", service), own, environment))
    try:
        for process in processes:
            process.start()
        for process in processes:
            await asyncio.to_thread(process.wait_ready)
        async with AsyncExitStack() as stack:
            _, url = await stack.enter_async_context(telegram(port))
            shops = [await stack.enter_async_context(shop_at(process.url, ADMIN_KEY)) for process in processes]
            office = Office(shops[1:], processes[1:], shops[0])
            settings = {"offer_mode": "offer", "offer_seconds": 5, "missed_offers": 1000, "unread_return_seconds": 3600}
            await office.shop.put("", {"name": "Shop", "languages": ["en"], "settings": settings})
            credentials = {"bot_token": "7000001:AAtest", "secret_token": "a-secret-of-the-webhook"}
            await office.shop.put("/accounts/telegram/main", {"credentials": credentials, "api_base": url})
            for agent in AGENTS:
                await office.shop.put(f"/agents/{agent}", {"name": agent, "teams": ["default"], "capacity": CAPACITY})
                await office.shop.put(f"/agents/{agent}/presence", {"status": "online"})
            yield office
    finally:
        for process in processes:
            if process.process.pid is not None:
                os.kill(process.process.pid, signal.SIGCONT)
            process.kill()


async def has_open_offers(office: Office) -> None:
    """Another customer writes, and agents work until somebody is asked: what follows happens while an offer is open."""
    await office.customer()

    async def offered() -> bool:
        cases = await office.look()
        if any(case.get("offer") for case in cases):
            return True
        await office.answer(cases, accepts=False)
        return False

    await eventually(offered, SECONDS)


async def go_on_without(office: Office, router: int) -> None:
    """Work goes on by the other router: a new customer is decided about, and agents answer."""
    office.up = 1 - router
    await office.customer()
    for _ in range(3):
        await office.answer(await office.look(), accepts=False)


def assert_one_agent_at_a_time(case: str, facts: Sequence[Mapping[str, Any]]) -> None:
    """Who has a conversation loses it before somebody else gets it, or is named as who lost it."""
    holder: str | None = None
    for fact in facts:
        kind, data = fact["type"].rpartition(".")[2], fact["data"]
        if not fact["type"].startswith("pasokh.conversation."):
            continue
        if kind == "assigned":
            assert holder in (None, data["agent"]) or data.get("previous_agent") == holder, (case, fact)
            holder = data["agent"]
        elif kind == "offered":
            assert holder is None, (case, fact)
        elif kind in ("queued", "resolved"):
            holder = None


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_nobody_has_two_agents_or_is_stranded_when_routers_stop_and_die(office: Office) -> None:
    for _ in range(8):
        await office.customer()
    for _ in range(ROUNDS):
        for number, router in enumerate(office.routers):
            await has_open_offers(office)
            pid = router.process.pid
            assert pid is not None
            pause_process(pid)
            await go_on_without(office, number)
            os.kill(pid, signal.SIGCONT)
            # It wakes and finds itself replaced: what it had in mind changes nothing.
            await asyncio.to_thread(router.wait_ready)
            await has_open_offers(office)
            await asyncio.to_thread(router.kill)
            await go_on_without(office, number)
            router.start()
            await asyncio.to_thread(router.wait_ready)

    async def finished() -> bool:
        cases = await office.look()
        await office.answer(cases, accepts=True)
        return len(cases) == office.customers and all(case["status"] == "resolved" for case in cases)

    await eventually(finished, 3 * SECONDS)
    assert max(office.highest.values()) <= CAPACITY
    for case in await office.look():
        assert_one_agent_at_a_time(case["id"], await office.shop.items(f"/conversations/{case['id']}/events"))
        for decision in await office.shop.items(f"/conversations/{case['id']}/decisions"):
            # As dispatch itself saw it then: whom it asked had room.
            if decision["outcome"] == "offered":
                chosen = next(one for one in decision["candidates"] if one["agent"] == decision["agent"])
                assert all(one["passed"] for one in chosen["filters"]), decision
    for agent in await office.shop.items("/agents"):
        assert agent["load"] == 0, agent
