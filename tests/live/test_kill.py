"""Processes killed with kill -9 at random moments: nothing is lost, nothing happens twice, order holds.

`PASOKH_KILL_CUSTOMERS`, `PASOKH_KILL_MESSAGES` and `PASOKH_KILL_SECONDS` change the size, with `_DISTRIBUTED_` before
the last word those on Kafka and MongoDB; `PASOKH_KILL_SEED` the moments.
"""

import asyncio
import itertools
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, command, database, served, shop_at, telegram, up
from tests.live.load_scenario import LoadScenario, Size, assert_nothing_lost_or_doubled, settled
from tests.live_servers.server import Server, free_ports

AGENTS = {"ada": {"lang:en": 5}, "bo": {"lang:en": 5}, "cy": {"lang:en": 5}}
SEED = int(os.environ.get("PASOKH_KILL_SEED", "1"))
MESSAGES = int(os.environ.get("PASOKH_KILL_MESSAGES", "5"))
EMBEDDED = Size(
    int(os.environ.get("PASOKH_KILL_CUSTOMERS", "100")), MESSAGES, float(os.environ.get("PASOKH_KILL_SECONDS", "30"))
)
DISTRIBUTED = Size(
    int(os.environ.get("PASOKH_KILL_DISTRIBUTED_CUSTOMERS", "50")),
    int(os.environ.get("PASOKH_KILL_DISTRIBUTED_MESSAGES", "5")),
    float(os.environ.get("PASOKH_KILL_DISTRIBUTED_SECONDS", "30")),
)
SETTLE_SECONDS = 120.0
PARTITIONS = "4"


async def _killing(
    processes: Sequence[Running], random: Random, until: asyncio.Event, pauses: tuple[float, float]
) -> int:
    """Kill one process after another, at any moment of its life, and start it again. How many were killed.

    A moment is often in the middle of a start. Before every third kill the process that was started last comes up first: on a
    machine on which a start takes longer than the pauses, nothing would ever be done otherwise.
    """
    chosen = processes[0]
    for kills in itertools.count():
        if kills % 3 == 2:
            await asyncio.to_thread(chosen.wait_ready)
        try:
            await asyncio.wait_for(until.wait(), random.uniform(*pauses))
            return kills
        except TimeoutError:
            chosen = random.choice(processes)
            await asyncio.to_thread(chosen.kill)
            chosen.start()
    raise AssertionError("unreachable")


async def _endure(
    campaign: LoadScenario, processes: Sequence[Running], random: Random, pauses: tuple[float, float]
) -> int:
    """Run the campaign under kills. The last start is let live."""
    over = asyncio.Event()
    killing = asyncio.create_task(_killing(processes, random, over, pauses))
    try:
        await campaign.run()
    finally:
        over.set()
        kills = await killing
    for process in processes:
        await asyncio.to_thread(process.wait_ready)
    return kills


def _report(capsys: pytest.CaptureFixture[str], name: str, **figures: object) -> None:
    with capsys.disabled():
        print(f"\n{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))  # noqa: T201 - the figures are the point


def _dead_letters(folder: Path, **environment: str) -> object:
    asked = command(folder, "dead-letters", "list", "--json")
    asked = Running(asked.folder, asked.arguments, asked.port, {**asked.environment, **environment})
    asked.start()
    assert asked.wait_end() == 0, asked.log
    return json.loads(asked.log)["items"]


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_all_in_one_loses_and_doubles_nothing_when_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [port] = free_ports(1)
    running = up(tmp_path, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
    random = Random(SEED)
    try:
        running.start()
        running.wait_ready()
        async with telegram(port) as (stand_in, url), shop_at(running.url, ADMIN_KEY) as shop:
            await shop.open_with(url, AGENTS, first_response_seconds=3600)
            campaign = LoadScenario(EMBEDDED, shop, lambda: shop, random)
            began = time.monotonic()
            kills = await _endure(campaign, [running], random, (1.0, 9.0))
            found = await settled(shop, EMBEDDED, SETTLE_SECONDS)
            took = time.monotonic() - began
            ends = assert_nothing_lost_or_doubled(found, EMBEDDED, list(stand_in.sent))
            assert _dead_letters(tmp_path) == []
            assert kills >= 3
            updates = EMBEDDED.updates
            await _assert_ledger_balances(shop, campaign)
            assert await _metric(running.url, "pasokh_messages_total", 'direction="inbound"', updates) == updates
            customers = EMBEDDED.customers
            assert await _metric(running.url, "pasokh_conversations_opened_total", "", customers) == customers
        assert running.stop()[0] == 0
    finally:
        running.kill()
    _report(
        capsys, "embedded", updates=EMBEDDED.updates, posts=campaign.posts, kills=kills, replies=dict(ends),
        seconds=round(took), met=dict(campaign.answers),
    )  # fmt: skip


async def _assert_ledger_balances(shop: Shop, campaign: LoadScenario) -> None:
    """Every post that was answered with 200 is in both sums, though processes were killed before they wrote their counts."""
    updates, taken = campaign.size.updates, campaign.answers["200"]
    ledger = await _settled_ledger(shop, taken)
    assert (ledger["balances"], ledger["detail"], ledger["lost"], ledger["on_its_way"]) == (True, "", 0, 0)
    assert ledger["received"] == ledger["published"] + ledger["rejected"] + ledger["failed"]
    assert (
        ledger["consumed"]
        == ledger["new"] + ledger["duplicates"] + ledger["refetched"] + ledger["dead_lettered"]
        == ledger["published"]
    )
    assert (ledger["new"], ledger["dead_lettered"]) == (updates, 0)
    assert ledger["published"] >= taken >= updates


async def _settled_ledger(shop: Shop, taken: int) -> dict[str, Any]:
    """The ledger of the account, once nothing of it is on its way and it has all that was answered with 200, or as it is.

    A last repeat can be in the log while neither sum has it: ingest writes its count seconds later.
    """
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        ledger = await shop.get("/accounts/telegram/main/ledger")
        complete = ledger["on_its_way"] == 0 and ledger["published"] >= taken
        if complete or time.monotonic() > until:
            return ledger
        await asyncio.sleep(0.5)


async def _metric(url: str, name: str, label: str, expected: float) -> float:
    """The sum of a metric, once it stands still at what is expected, or beyond, or has not come so far in all that time.

    It may stand still before: who is killed in a transaction leaves its locks to MongoDB for a while.
    """
    async with httpx2.AsyncClient(trust_env=False) as client:
        before, until = -1.0, time.monotonic() + SETTLE_SECONDS
        while True:
            lines = (await client.get(f"{url}/metrics")).text.splitlines()
            now = sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{") and label in line)
            if now == before and (now >= expected or time.monotonic() > until):
                return now
            before = now
            await asyncio.sleep(1.5)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_services_on_kafka_and_mongodb_lose_and_double_nothing_when_killed(
    tmp_path: Path, kafka_server: Server, mongo_server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    [port] = free_ports(1)
    name = f"kill-{uuid4().hex[:8]}"
    environment = {
        "PASOKH_BUS": kafka_server.url,
        "PASOKH_STORE": database(mongo_server, name),
        "PASOKH_NAMESPACE": name,
        "PASOKH_PARTITIONS": PARTITIONS,
        "PASOKH_ADMIN_KEY": ADMIN_KEY,
        **allowing(port),
    }
    names = ("ingest", "router", "router", "sla", "delivery", "metrics")
    processes = [served(tmp_path / f"{i}-{n}", n, environment) for i, n in enumerate(names)]
    random = Random(SEED)
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.wait_ready()
        async with AsyncExitStack() as stack:
            stand_in, url = await stack.enter_async_context(telegram(port))
            shops = [await stack.enter_async_context(shop_at(p.url, ADMIN_KEY)) for p in processes[:3]]
            ingest, routers = shops[0], shops[1:]
            await routers[0].open_with(url, AGENTS, first_response_seconds=3600)
            campaign = LoadScenario(DISTRIBUTED, ingest, _in_turn(routers), random)
            began = time.monotonic()
            kills = await _endure(campaign, processes, random, (2.0, 8.0))
            found = await settled(routers[0], DISTRIBUTED, SETTLE_SECONDS)
            took = time.monotonic() - began
            ends = assert_nothing_lost_or_doubled(found, DISTRIBUTED, list(stand_in.sent))
            assert _dead_letters(tmp_path, **environment) == []
            assert kills >= 5
            await _assert_ledger_balances(routers[0], campaign)
            metrics = processes[-1].url
            updates = DISTRIBUTED.updates
            assert await _metric(metrics, "pasokh_messages_total", 'direction="inbound"', updates) == updates
            customers = DISTRIBUTED.customers
            assert await _metric(metrics, "pasokh_conversations_opened_total", "", customers) == customers
        assert [process.stop()[0] for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()
    _report(
        capsys, "kafka and mongodb", updates=DISTRIBUTED.updates, posts=campaign.posts, kills=kills,
        replies=dict(ends), seconds=round(took), met=dict(campaign.answers),
    )  # fmt: skip


def _in_turn(shops: Sequence[Shop]) -> Callable[[], Shop]:
    turn = itertools.cycle(shops)
    return lambda: next(turn)
