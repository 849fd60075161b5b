"""The bus or the database is away for a while: callers are told to come back, and then everything is caught up.

`PASOKH_OUTAGE_SECONDS` is how long (15; a minute shows the same).
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, database, shop_at, telegram, up, update_of
from tests.live.load_scenario import LoadScenario, Size, assert_nothing_lost_or_doubled, settled
from tests.live_servers.server import Server, free_ports

OUTAGE_SECONDS = float(os.environ.get("PASOKH_OUTAGE_SECONDS", "15"))
AGENTS = {"ada": {"lang:en": 5}, "bo": {"lang:en": 5}}
SIZE = Size(customers=20, messages=4, seconds=OUTAGE_SECONDS + 10)


@asynccontextmanager
async def everything_on(tmp_path: Path, kafka: Server, mongo: Server, port: int) -> AsyncIterator[Running]:
    """All services in one process, on Kafka and MongoDB: the composition of processes changes nothing here."""
    name = f"outage-{uuid4().hex[:8]}"
    environment = {
        "PASOKH_BUS": kafka.url,
        "PASOKH_STORE": database(mongo, name),
        "PASOKH_NAMESPACE": name,
        "PASOKH_PARTITIONS": "4",
        "PASOKH_ADMIN_KEY": ADMIN_KEY,
    }
    running = up(tmp_path, **environment, **allowing(port))
    running.start()
    try:
        await asyncio.to_thread(running.wait_ready)
        yield running
    except BaseException:
        print(running.process.last_words())  # noqa: T201 - pytest shows it with the failure
        await asyncio.to_thread(running.stop)
        raise
    code, seconds = await asyncio.to_thread(running.stop)
    assert code == 0
    assert seconds < 10


async def live_through(shop: Shop, away: Server, statuses: Counter[str]) -> None:
    """Take the server away; see that callers are told; bring it back."""
    await asyncio.sleep(3)
    await asyncio.to_thread(away.stop)
    until = time.monotonic() + OUTAGE_SECONDS
    number = 0
    while time.monotonic() < until:
        number += 1
        answer = await shop.post(update_of(number, 999_000, "Is anybody there?"), workspace="elsewhere")
        statuses[str(answer.status_code)] += 1
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1
        statuses[f"read {(await shop.client.get(f'/v1/workspaces/{shop.workspace}/conversations')).status_code}"] += 1
        statuses[f"ready {(await shop.client.get('/readyz')).status_code}"] += 1
        await asyncio.sleep(0.5)
    await asyncio.to_thread(away.start)


async def _outage(tmp_path: Path, kafka: Server, mongo: Server, away: Server) -> Counter[str]:
    [port] = free_ports(1)
    statuses: Counter[str] = Counter()
    async with (
        everything_on(tmp_path, kafka, mongo, port) as running,
        telegram(port) as (stand_in, url),
        shop_at(running.url, ADMIN_KEY) as shop,
        shop_at(running.url, ADMIN_KEY, "elsewhere") as elsewhere,
    ):
        await shop.open_with(url, AGENTS, first_response_seconds=3600)
        await elsewhere.open_with(url, {})
        campaign = LoadScenario(SIZE, shop, lambda: shop, Random(1))
        async with asyncio.TaskGroup() as group:
            group.create_task(campaign.run())
            group.create_task(live_through(shop, away, statuses))
        found = await settled(shop, SIZE, 120)
        assert_nothing_lost_or_doubled(found, SIZE, list(stand_in.sent))
        await asyncio.to_thread(running.wait_ready)
    return statuses


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_while_the_bus_is_away_platforms_are_told_to_repeat_and_nothing_is_lost(
    tmp_path: Path, stoppable_kafka: Server, mongo_server: Server
) -> None:
    statuses = await _outage(tmp_path, stoppable_kafka, mongo_server, stoppable_kafka)
    assert statuses["503"] >= 2, statuses
    assert statuses["ready 503"] >= 2, statuses
    assert set(statuses) <= {"200", "503", "read 200", "ready 200", "ready 503"}, statuses


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_while_the_database_is_away_callers_are_told_to_repeat_and_nothing_is_lost(
    tmp_path: Path, kafka_server: Server, stoppable_mongo: Server
) -> None:
    statuses = await _outage(tmp_path, kafka_server, stoppable_mongo, stoppable_mongo)
    # What platforms post is durable on the bus, so it is taken for accounts that the process knows.
    assert statuses["read 503"] >= 2, statuses
    assert statuses["ready 503"] >= 2, statuses
    assert set(statuses) <= {"200", "503", "read 200", "read 503", "ready 200", "ready 503"}, statuses
