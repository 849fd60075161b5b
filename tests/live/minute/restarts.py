"""One process after another ends and is started again; what it took."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.live.minute.plan import RESTARTS, How, Plan, Restart
from tests.live.topology import Replica, Topology, wait_for
from tests.live_servers.server import Given, Server

START_SECONDS = 120.0
"""Three of them start beside each other, on a machine that is busy with the load."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """`gone_at`: Unix seconds of the signal. `down`: seconds until it was gone, `away`: until it answered again."""

    restart: Restart
    gone_at: float
    down: float
    away: float
    code: int | None


class _Victim(Protocol):
    def end(self) -> int | None: ...

    def back(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Replica:
    replica: Replica
    how: How

    def end(self) -> int | None:
        if self.how == "SIGTERM":
            self.replica.process.stop()
        else:
            self.replica.process.kill()
        return self.replica.process.returncode

    def back(self) -> None:
        self.replica.process.start()
        wait_for([self.replica], "/readyz", START_SECONDS)


@dataclass(frozen=True, slots=True)
class _Kafka:
    server: Server
    how: How

    def end(self) -> None:
        if self.how == "SIGTERM":
            self.server.stop()
        else:
            self.server.kill()

    def back(self) -> None:
        self.server.start()


def possible(kafka: Server) -> list[Restart]:
    """Those of the plan; a Kafka that somebody else runs is not restarted."""
    return [one for one in RESTARTS if one.what != "Kafka" or not isinstance(kafka, Given)]


async def run(plan: Plan, topology: Topology, kafka: Server, ready: Callable[[], None]) -> list[Restarted]:
    """Carry them out, each at its time from now on, whether the one before is over or not; `ready` hears of each end."""
    begun = time.monotonic()

    async def one(restart: Restart) -> Restarted:
        await asyncio.sleep(max(0.0, begun + restart.share * plan.seconds - time.monotonic()))
        found = await _restarted(restart, _victim(restart, topology, kafka))
        ready()
        return found

    return await asyncio.gather(*(one(restart) for restart in possible(kafka)))


def _victim(restart: Restart, topology: Topology, kafka: Server) -> _Victim:
    return (
        _Kafka(kafka, restart.how) if restart.what == "Kafka" else _Replica(topology.of(restart.what)[0], restart.how)
    )


async def _restarted(restart: Restart, victim: _Victim) -> Restarted:
    gone_at = time.time()
    code = await asyncio.to_thread(victim.end)
    down = time.time() - gone_at
    await asyncio.to_thread(victim.back)
    return Restarted(restart, gone_at, down, time.time() - gone_at, code)
