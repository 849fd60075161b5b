"""A backup is taken while customers write; elsewhere, everything that was acknowledged before it is there, once."""

import asyncio
import itertools
from collections import Counter
from pathlib import Path

import pytest

from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, command, shop_at, telegram, up, update_of
from tests.live_servers.server import free_ports

WRITERS = 8
BEFORE, AFTER = 150, 50
"""Messages that are acknowledged before the backup begins, and while or after it is taken."""
AFTERWARDS = "This was written after the restore."


class Writers:
    """Customers who write as fast as they are acknowledged, from their first message until they are stopped."""

    def __init__(self, shop: Shop) -> None:
        self.acknowledged: list[tuple[int, int]] = []
        """(number, who wrote it)"""
        self._shop = shop
        self._numbers = itertools.count(1)
        self._tasks = [asyncio.create_task(self._write(1000 + chat)) for chat in range(WRITERS)]

    async def _write(self, chat: int) -> None:
        for number in self._numbers:
            answer = await self._shop.post(update_of(number, chat, text_of(number)))
            assert answer.status_code == 200
            self.acknowledged.append((number, chat))

    async def reached(self, count: int) -> None:
        while len(self.acknowledged) < count:
            assert not any(task.done() for task in self._tasks)
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def text_of(number: int) -> str:
    return f"Hello, this is question number {number}."


async def texts(shop: Shop) -> Counter[str]:
    """Every inbound text and how often it is there."""
    found = []
    for conversation in await shop.items("/conversations"):
        found += await shop.items(f"/conversations/{conversation['id']}/messages")
    return Counter(one["text"] for one in found if one["direction"] == "inbound")


async def containing(shop: Shop, wanted: set[str]) -> Counter[str]:
    """The texts, once all that are wanted are among them."""
    for _ in range(200):
        found = await texts(shop)
        if wanted <= found.keys():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(sorted(wanted - (await texts(shop)).keys()))


def run_command(folder: Path, *arguments: str) -> Running:
    """A command that has ended well."""
    running = command(folder, *arguments)
    running.start()
    assert running.wait_end() == 0, running.log
    return running


@pytest.mark.timeout(180)
async def test_everything_acknowledged_before_a_backup_is_there_once_after_a_restore(tmp_path: Path) -> None:
    [port] = free_ports(1)
    file = tmp_path / "shop.backup"
    async with telegram(port) as (_, url):
        old = up(tmp_path / "old", PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
        old.start()
        old.wait_ready()
        async with shop_at(old.url, ADMIN_KEY) as shop:
            await shop.open_with(url, {"ada": {"lang:en": 5}}, first_response_seconds=3600)
            writers = Writers(shop)
            await writers.reached(BEFORE)
            before = list(writers.acknowledged)
            said = await asyncio.to_thread(run_command, old.folder, "backup", str(file))
            await writers.reached(len(writers.acknowledged) + AFTER)
            await writers.stop()
        assert "read again and whole" in said.log
        old.kill()

        run_command(tmp_path / "new", "restore", str(file))
        new = up(tmp_path / "new", PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
        new.start()
        try:
            new.wait_ready()
            async with shop_at(new.url, ADMIN_KEY) as shop:
                wanted = {text_of(number) for number, _ in before}
                await containing(shop, wanted)
                # A platform that repeats what it has no answer for adds nothing, and what came later is taken.
                for number, chat in (before[0], before[-1]):
                    assert (await shop.post(update_of(number, chat, text_of(number)))).status_code == 200
                assert (await shop.post(update_of(10**6, 1000, AFTERWARDS))).status_code == 200
                found = await containing(shop, {AFTERWARDS})
        finally:
            code, _ = new.stop()
        assert code == 0
    assert found.total() == len(found), found.most_common(3)
    assert len(found) >= BEFORE
