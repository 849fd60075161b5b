"""Who may call outside while connections are short."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.fair_share import ConnectionShares, NoConnection


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Calls:
    """Calls that last until they are told to end."""

    def __init__(self, shares: ConnectionShares) -> None:
        self.shares = shares
        self.running: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.ends: dict[str, asyncio.Event] = {}

    async def start(self, workspace: str, name: str, count: int = 1) -> None:
        for _ in range(count):
            self.tasks.append(asyncio.create_task(self._call(workspace, name)))
        await turns()

    async def _call(self, workspace: str, name: str) -> None:
        async with self.shares.acquire(workspace, name, wait=30):
            self.running.append(workspace)
            await self.ends.setdefault(workspace, asyncio.Event()).wait()
            self.running.remove(workspace)

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_a_hundred_slow_endpoints_of_one_workspace_leave_connections_for_the_others() -> None:
    calls = Calls(ConnectionShares(200))
    for number in range(100):
        await calls.start("slow", f"w{number}", 16)
    assert calls.running.count("slow") == 100
    await calls.start("quick", "w", 8)
    assert calls.running.count("quick") == 8
    await calls.stop()


async def test_one_receiver_has_a_share_of_its_workspace() -> None:
    calls = Calls(ConnectionShares(200, per_receiver=10))
    await calls.start("shop", "hangs", 50)
    assert calls.running == ["shop"] * 10
    await calls.start("shop", "works", 3)
    assert calls.running == ["shop"] * 13
    await calls.stop()


async def test_whoever_has_fewest_is_next_and_all_are_served_in_the_end() -> None:
    calls = Calls(ConnectionShares(4))
    await calls.start("a", "x", 6)
    await calls.start("b", "x", 6)
    await calls.start("c", "x", 1)
    assert sorted(calls.running) == ["a", "a", "b", "c"]
    calls.ends["a"].set()
    await turns()
    assert "a" not in calls.running
    assert calls.running.count("b") == 2
    for event in calls.ends.values():
        event.set()
    await asyncio.gather(*calls.tasks)


async def test_who_waits_too_long_is_told_that_nothing_was_sent_and_leaves_nothing_behind() -> None:
    instruments = AdmissionInstruments()
    shares = ConnectionShares(1, instruments)
    async with shares.acquire("a", "x"):
        for _ in range(3):
            with pytest.raises(NoConnection):
                await shares.acquire("b", "y", wait=0.01).__aenter__()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(shares.acquire("b", "y", wait=0.01))
    samples = [s for metric in instruments.refused.collect() for s in metric.samples if s.name.endswith("_total")]
    assert [(s.labels["at"], s.labels["reason"], s.value) for s in samples] == [("outgoing", "process", 3)]


async def test_a_call_that_is_cancelled_while_it_waits_gives_its_turn_on() -> None:
    shares = ConnectionShares(1)
    first, waiting = Calls(shares), Calls(shares)
    await first.start("a", "x")
    await waiting.start("b", "x", 2)
    waiting.tasks[0].cancel()
    first.ends["a"].set()
    await turns()
    assert waiting.running == ["b"]
    await waiting.stop()
    async with shares.acquire("c", "x", wait=0.01):
        pass
