"""Agents who are not there, with real processes: no customer waits for one, whichever process dies or sleeps meanwhile.

The numbers are those of the complaints that the desk answers. The times are settings here; the defaults, to the second, are in
tests/router/dispatch/test_leases.py.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.live.installation import ADMIN_KEY, Running, Shop, allowing, database, shop_at, telegram, up, update_of
from tests.live.waiting import eventually
from tests.live_servers.process import pause_between_transactions, pause_process
from tests.live_servers.server import Server, free_ports

SHORT = {"beat_seconds": 1, "lost_away_seconds": 3, "lost_return_seconds": 5, "lost_offline_seconds": 7}
PATIENCE = 60.0
"""A member of Kafka that sleeps keeps its partitions for ten seconds, and then they are divided anew."""


async def until(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """What `look` finds, once it finds something."""
    return await eventually(look, PATIENCE, detail=lambda: f": {what}")


@asynccontextmanager
async def open_shop(folder: Path, **settings: Any) -> AsyncIterator[Shop]:
    """A shop with the agents ann and bob, of one unit each; nobody is online."""
    [port] = free_ports(1)
    running = up(folder, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(port))
    try:
        running.start()
        running.wait_ready()
        async with telegram(port) as (_, url), shop_at(running.url, ADMIN_KEY) as shop:
            await set_up(shop, url, **settings)
            yield shop
        assert running.stop()[0] == 0
        assert "Traceback" not in running.log
    finally:
        running.kill()


async def set_up(shop: Shop, url: str, **settings: Any) -> None:
    await shop.open_with(url, {}, capacity=1)
    await shop.put("", {"name": "Shop", "settings": {**SHORT, **settings}})
    await shop.put("/routing", {"rules": []})
    for agent in ("ann", "bob"):
        await shop.put(f"/agents/{agent}", {"name": agent, "teams": ["default"], "capacity": 1})


async def presence(shop: Shop, agent: str, status: str, **more: Any) -> None:
    await shop.put(f"/agents/{agent}/presence", {"status": status, **more})


async def writes(shop: Shop, number: int, customer: int = 1) -> str:
    """A customer writes; the id of their conversation."""
    assert (await shop.post(update_of(number, customer, f"question {number}"))).status_code == 200

    async def look() -> str | None:
        for case in await shop.items("/conversations", person=f"telegram:main:{customer}"):
            texts = [message["text"] for message in await shop.items(f"/conversations/{case['id']}/messages")]
            if f"question {number}" in texts:
                return str(case["id"])
        return None

    found: str = await until(look, f"message {number}")
    return found


async def held_by(shop: Shop, case: str, agent: str | None, *statuses: str) -> None:
    async def look() -> bool:
        seen = await shop.get(f"/conversations/{case}")
        return seen["agent"] == agent and (not statuses or seen["status"] in statuses)

    await until(look, f"{case} with {agent} {statuses}")


async def shown(shop: Shop, agent: str, status: str, reason: str | None = None) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        seen = await shop.get(f"/agents/{agent}")
        return seen if (seen["presence"], seen["presence_reason"]) == (status, reason) else None

    found: dict[str, Any] = await until(look, f"{agent} {status} {reason}")
    return found


async def lost(shop: Shop, agent: str) -> None:
    """The agent is not there any more: away, or offline already where another process took the workspace over late."""

    async def look() -> bool:
        seen = await shop.get(f"/agents/{agent}")
        return (seen["presence"] != "online", seen["presence_reason"]) == (True, "connection_lost")

    await until(look, f"{agent} is lost")


async def waiting(shop: Shop) -> float:
    lines = (await shop.client.get("/metrics")).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("pasokh_waiting{"))


async def post(shop: Shop, path: str, body: dict[str, Any], key: str | None = None) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return await shop.client.post(f"/v1/workspaces/{shop.workspace}{path}", json=body, headers=headers)


async def desk_key(shop: Shop, agent: str) -> str:
    body = {"name": agent, "workspace": shop.workspace, "agent": agent, "scopes": ["desk"]}
    answer = await shop.client.post("/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


@asynccontextmanager
async def page_of(shops: Sequence[Shop], agent: str) -> AsyncIterator[None]:
    """The page of an agent is open: it beats every second, at whichever process answers."""
    key = await desk_key(shops[0], agent)

    async def beat() -> None:
        for turn in range(10**9):
            with suppress(httpx2.HTTPError):
                shop = shops[turn % len(shops)]
                headers = {"Authorization": f"Bearer {key}"}
                await shop.client.post(
                    "/v1/workspaces/shop/agents/me/beat", json={"idle_seconds": 0}, headers=headers, timeout=0.4
                )
            await asyncio.sleep(0.5)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating


@pytest.mark.timeout(180)
async def test_27_a_customer_of_an_absent_agent_is_queued(tmp_path: Path) -> None:
    """27: a chat returns to an offline agent. Assigned, pending or resolved: it is queued, and goes to who is there."""
    async with open_shop(tmp_path) as shop:
        await presence(shop, "ann", "online")
        cases = [await writes(shop, number, number) for number in (1,)]
        await held_by(shop, cases[0], "ann", "assigned")
        # Assigned: given back at once, at its old place.
        await presence(shop, "ann", "offline")
        await held_by(shop, cases[0], None, "waiting")
        await until(lambda: _equals(waiting(shop), 1), "pasokh_waiting says 1")
        await presence(shop, "ann", "online")
        await held_by(shop, cases[0], "ann", "assigned")
        # Pending: stays, and is queued at the customer's word.
        assert (await shop.reply(cases[0], "ann", "an answer")).status_code == 201
        await presence(shop, "ann", "offline")
        await held_by(shop, cases[0], "ann", "pending")
        await writes(shop, 2)
        await held_by(shop, cases[0], None, "waiting")
        await until(lambda: _equals(waiting(shop), 1), "pasokh_waiting says 1")
        await presence(shop, "bob", "online")
        await held_by(shop, cases[0], "bob", "assigned")
        # Resolved: queued, and with nobody there it waits.
        assert (await post(shop, f"/conversations/{cases[0]}/resolve", {"agent": "bob"})).status_code == 200
        await presence(shop, "bob", "offline")
        await writes(shop, 3)
        await held_by(shop, cases[0], None, "waiting")
        # Kept: stays until the customer writes again.
        await presence(shop, "ann", "online")
        await held_by(shop, cases[0], "ann", "assigned")
        await presence(shop, "ann", "offline", open_work="keep")
        await presence(shop, "bob", "online")
        assert (await shop.get(f"/conversations/{cases[0]}"))["agent"] == "ann"
        await writes(shop, 4)
        await held_by(shop, cases[0], "bob", "assigned")


async def _equals(found: Awaitable[float], expected: float) -> bool:
    return await found == expected


@pytest.mark.timeout(180)
async def test_28_whose_page_is_silent_is_away_then_loses_what_waits_then_is_offline(tmp_path: Path) -> None:
    """28: an agent's connection died, and nobody knew."""
    async with open_shop(tmp_path) as shop:
        await presence(shop, "ann", "online")
        await presence(shop, "bob", "away")
        case = await writes(shop, 1)
        await held_by(shop, case, "ann", "assigned")
        async with page_of([shop], "ann"):
            await until(lambda: _lives(shop, "ann", 6), "the page outlives every time of the settings")
            assert (await shop.get("/agents/ann"))["presence"] == "online"
        await shown(shop, "ann", "away", "connection_lost")
        await held_by(shop, case, None, "waiting")
        await presence(shop, "bob", "online")
        await held_by(shop, case, "bob", "assigned")
        await shown(shop, "ann", "offline", "connection_lost")
        assert (await shop.get("/agents/ann"))["presence_declared"] == "online"
        async with page_of([shop], "ann"):
            await shown(shop, "ann", "online")


async def _lives(shop: Shop, agent: str, beats: int) -> bool:
    """Whether so many seconds passed since the agent's presence changed."""
    seen = await shop.get(f"/agents/{agent}")
    since = time.time() - _seconds(seen["presence_since"])
    return since > SHORT["lost_offline_seconds"] + beats


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


@pytest.mark.timeout(180)
async def test_31_nobody_goes_above_their_limit_and_the_rest_wait_with_a_reason(tmp_path: Path) -> None:
    """31: agents bypass the limit by picking; all busy, still assigned."""
    async with open_shop(tmp_path) as shop:
        await presence(shop, "ann", "online")
        first = await writes(shop, 1, 1)
        await held_by(shop, first, "ann", "assigned")
        second = await writes(shop, 2, 2)
        await held_by(shop, second, None, "waiting")
        *_, decision = await shop.items(f"/conversations/{second}/decisions")
        assert (decision["outcome"], decision["agent"], decision["excluded"]) == (
            "waiting",
            None,
            {"presence": 1, "capacity": 1},
        )
        refused = await post(shop, f"/conversations/{second}/claim", {"agent": "ann"})
        assert (refused.status_code, refused.json()["code"]) == (409, "no_free_unit")
        await shop.put("", {"name": "Shop", "settings": {**SHORT, "claim_over_capacity": True}})
        assert (await post(shop, f"/conversations/{second}/claim", {"agent": "ann"})).status_code == 200
        ann = await shop.get("/agents/ann")
        assert (ann["load"], ann["capacity"], ann["over"]) == (2, 1, 1)


@asynccontextmanager
async def two_routers(folder: Path, **engine: str) -> AsyncIterator[tuple[list[Running], list[Shop], str]]:
    """Ingest and two routers on one bus and store: those of `engine`, or of one folder of data."""
    [port] = free_ports(1)
    environment = {"PASOKH_DATA": str(folder / "data"), "PASOKH_ADMIN_KEY": ADMIN_KEY, **engine, **allowing(port)}
    names = ("router", "router", "ingest")
    processes = [
        Running(folder / f"{n}-{name}", ("serve", name), free, environment)
        for n, (name, free) in enumerate(zip(names, free_ports(3), strict=True))
    ]
    try:
        for process in processes:
            process.start()
            process.wait_ready()
        async with (
            telegram(port) as (_, url),
            shop_at(processes[0].url, ADMIN_KEY) as one,
            shop_at(processes[1].url, ADMIN_KEY) as two,
            shop_at(processes[2].url, ADMIN_KEY) as ingest,
        ):
            yield processes, [one, two, ingest], url
    finally:
        for process in processes:
            with suppress(ProcessLookupError, AssertionError):
                os.kill(pid_of(process), signal.SIGCONT)
            process.kill()


def pid_of(running: Running) -> int:
    assert running.process.pid is not None
    return running.process.pid


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("dies", [0, 1])
async def test_timers_of_absence_survive_the_sleep_and_the_death_of_a_router(tmp_path: Path, dies: int) -> None:
    await endure(tmp_path, dies)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("dies", [0, 1])
async def test_timers_of_absence_survive_on_kafka_and_mongodb(
    tmp_path: Path, dies: int, kafka_server: Server, mongo_server: Server
) -> None:
    name = f"absence-{uuid4().hex[:8]}"
    engine = {"PASOKH_BUS": kafka_server.url, "PASOKH_STORE": database(mongo_server, name), "PASOKH_NAMESPACE": name}
    await endure(tmp_path, dies, **engine, PASOKH_PARTITIONS="4")


async def endure(tmp_path: Path, dies: int, **engine: str) -> None:
    """One router sleeps while ann's page is lost, and is killed while hers is lost again: each customer gets to bob, once.

    Whichever of the two owns the workspace: the other one takes it over, and bob, whose page is heard all along, is never away.
    """
    sleep = pause_process if engine else partial(pause_between_transactions, database=tmp_path / "data" / "pasokh.db")
    async with two_routers(tmp_path, **engine) as (processes, (one, two, ingest), url):
        routers = [one, two]
        survivor = routers[1 - dies]
        await set_up(survivor, url)
        await presence(survivor, "ann", "online")
        await presence(survivor, "bob", "offline")
        async with page_of(routers, "bob"):
            assert (await ingest.post(update_of(1, 1, "question 1"))).status_code == 200
            case = await writes_seen(survivor, 1)
            await held_by(survivor, case, "ann", "assigned")
            async with page_of(routers, "ann"):
                await shown(survivor, "ann", "online")
                await until(lambda: _is_leased(survivor, "ann"), "ann's page is known")
                await asyncio.to_thread(sleep, pid_of(processes[dies]))
            await lost(survivor, "ann")
            await presence(survivor, "bob", "online")
            await held_by(survivor, case, "bob", "assigned")
            os.kill(pid_of(processes[dies]), signal.SIGCONT)
            await until(lambda: _answers(routers[dies]), "the sleeper is back")
            assert (await post(survivor, f"/conversations/{case}/resolve", {"agent": "bob"})).status_code == 200
            await shown(survivor, "ann", "offline", "connection_lost")
            # Once more, and this time the process is gone for good.
            await presence(survivor, "bob", "away")
            async with page_of(routers, "ann"):
                await shown(survivor, "ann", "online")
                assert (await ingest.post(update_of(2, 2, "question 2"))).status_code == 200
                second = await writes_seen(survivor, 2)
                await held_by(survivor, second, "ann", "assigned")
                processes[dies].kill()
            await lost(survivor, "ann")
            await held_by(survivor, second, None, "waiting")
            await presence(survivor, "bob", "online")
            await held_by(survivor, second, "bob", "assigned")
            for conversation in (case, second):
                facts = await survivor.items(f"/conversations/{conversation}/events")
                given = [fact["data"]["agent"] for fact in facts if fact["type"] == "pasokh.conversation.assigned"]
                assert given == ["ann", "bob"], "each of them got it once"
            assert (await survivor.get("/agents/bob"))["presence_reason"] is None


async def writes_seen(shop: Shop, customer: int) -> str:
    async def look() -> str | None:
        found = await shop.items("/conversations", person=f"telegram:main:{customer}")
        return str(found[0]["id"]) if found else None

    case: str = await until(look, f"the conversation of {customer}")
    return case


async def _answers(shop: Shop) -> bool:
    with suppress(httpx2.HTTPError):
        answer = await shop.client.get("/readyz", timeout=1)
        return answer.status_code == 200
    return False


async def _is_leased(shop: Shop, agent: str) -> bool:
    leased: bool = (await shop.get(f"/agents/{agent}"))["leased"]
    return leased
