"""`pasokh up --demo` as somebody meets it: customers write, and what agents answer fits."""

import asyncio
import time
from pathlib import Path

import pytest

from services.demo.corpus import answer_to
from tests.live.installation import ADMIN_KEY, Shop, shop_at, up

WANTED = 3
"""Answers that are looked at."""


async def talks(shop: Shop) -> list[tuple[list[str], str]]:
    """What customers had written before, and what was answered to it, for every answer."""
    found = []
    for conversation in await shop.items("/conversations"):
        written: list[str] = []
        for one in await shop.items(f"/conversations/{conversation['id']}/messages"):
            if one["direction"] == "inbound":
                written.append(one["text"] or "")
            elif one["author"]["kind"] == "agent":
                found.append((list(written), one["text"]))
    return found


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_answers_of_the_demo_fit_their_questions(tmp_path: Path) -> None:
    running = up(tmp_path, "--demo", PASOKH_ADMIN_KEY=ADMIN_KEY)
    running.start()
    try:
        running.wait_ready()
        async with shop_at(running.url, ADMIN_KEY, "demo") as shop:
            until, found = time.monotonic() + 60, await talks(shop)
            while len(found) < WANTED and time.monotonic() < until:
                await asyncio.sleep(0.5)
                found = await talks(shop)
        assert len(found) >= WANTED, running.log
        for written, answer in found:
            assert answer in {answer_to(text, None) for text in written}, (written, answer)
    finally:
        running.stop()
    assert "demo_ended" not in running.log
