"""A bot that is polled by a real installation which is killed with kill -9 again and again: no update is lost or doubled."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random

import httpx2

from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, shop_at, telegram, up, update_of
from tests.live.waiting import eventually
from tests.live_servers.server import free_ports

CUSTOMERS, MESSAGES, KILLS = 20, 6, 5
SETTLE_SECONDS = 90
TOKEN = "7000001:AApolled"


async def _write(stand_in: str, random: Random) -> list[str]:
    """Customers write to the bot; returns every text."""
    texts = [f"message {number} of {customer}" for number in range(MESSAGES) for customer in range(CUSTOMERS)]
    async with httpx2.AsyncClient(base_url=stand_in, trust_env=False) as client:
        for number, text in enumerate(texts, 1):
            update = update_of(number, 5000 + number % CUSTOMERS, text)
            answer = await client.post("/_updates", json={"message": update["message"]})
            assert answer.status_code == 200, answer.text
            await asyncio.sleep(random.uniform(0.0, 0.15))
    return texts


async def _kill(shop: Running, random: Random) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.5, 3.0))
        await asyncio.to_thread(shop.kill)
        shop.start()
        await asyncio.to_thread(shop.wait_ready)


async def _texts(shop: Shop) -> Counter[str]:
    """The text of every message of a customer, with how often there is one."""
    found: Counter[str] = Counter()
    for conversation in await shop.items("/conversations"):
        for message in await shop.items(f"/conversations/{conversation['id']}/messages"):
            if message["author"]["kind"] == "customer":
                found[message["text"]] += 1
    return found


async def test_no_update_is_lost_or_doubled_when_the_process_that_polls_is_killed(tmp_path: Path) -> None:
    random, [port] = Random(11), free_ports(1)
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
    running.start()
    try:
        await asyncio.to_thread(running.wait_ready)
        async with telegram(port) as (stand_in, address), shop_at(running.url, ADMIN_KEY) as shop:
            await shop.put("", {"name": "Shop"})
            account = {"credentials": {"bot_token": TOKEN}, "settings": {"receive": "poll"}, "api_base": address}
            await shop.put("/accounts/telegram/main", account)
            written, _ = await asyncio.gather(_write(address, random), _kill(running, random))
            for _ in range(SETTLE_SECONDS * 2):
                if not stand_in.updates and len(await _texts(shop)) >= len(written):
                    break
                await asyncio.sleep(0.5)
            assert list(stand_in.updates) == []
            assert await _texts(shop) == Counter(written)
            assert (await shop.get("/accounts/telegram/main"))["health"]["state"] == "ok"
    finally:
        running.kill()


async def test_polling_begins_and_ends_with_the_configuration(tmp_path: Path) -> None:
    [port] = free_ports(1)
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
    running.start()
    try:
        await asyncio.to_thread(running.wait_ready)
        async with telegram(port) as (stand_in, address), shop_at(running.url, ADMIN_KEY) as shop:
            await shop.put("", {"name": "Shop"})
            credentials = {"bot_token": TOKEN, "secret_token": "a-secret"}
            account = {"credentials": credentials, "settings": {"receive": "poll"}, "api_base": address}
            await shop.put("/accounts/telegram/main", account)
            await _add(address, "before")
            await eventually(lambda: _texts(shop))
            await shop.put("/accounts/telegram/main", {**account, "settings": {"receive": "webhook"}})
            # The poll that waits at the platform ends first; what it brings is not ours any more.
            await asyncio.sleep(6)
            await _add(address, "after")
            await asyncio.sleep(2)
            assert list(await _texts(shop)) == ["before"]
            assert len(stand_in.updates) == 1
            began = asyncio.get_running_loop().time()
            assert running.stop()[0] == 0
            assert asyncio.get_running_loop().time() - began < 8
    finally:
        running.kill()


async def _add(stand_in: str, text: str) -> None:
    async with httpx2.AsyncClient(base_url=stand_in, trust_env=False) as client:
        await client.post("/_updates", json={"message": update_of(1 if text == "before" else 2, 5000, text)["message"]})
