"""Processor time of every process of a topology, over its restarts."""

import asyncio
from collections import defaultdict
from contextlib import suppress

import psutil

from tests.live.topology import Topology

POLL_SECONDS = 0.25


class Usage:
    """Looked at now and again: what a process used in its last moment before it was killed is not seen.

    What starting takes does not count.
    """

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._places: dict[int, str] = {}

    def sample(self, *, ready: bool = False) -> None:
        """Note what each process has used by now. `ready`: all that run have started by now."""
        for replica in self._topology.replicas:
            pid = replica.process.pid
            if pid is not None:
                self._places[pid] = replica.service
                self._last[pid] = cpu_seconds(pid) or self._last.get(pid, 0.0)
                if ready:
                    self._first.setdefault(pid, self._last[pid])

    async def run(self) -> None:
        """Look until cancelled."""
        self.sample(ready=True)
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.sample()

    def by_service(self) -> dict[str, float]:
        """Seconds of CPU, by the name of the service."""
        found: dict[str, float] = defaultdict(float)
        for pid, service in self._places.items():
            # Who was not ready by the end has only started.
            found[service] += self._last[pid] - self._first.get(pid, self._last[pid])
        return dict(found)


def cpu_seconds(pid: int) -> float:
    """Of a process and its children; 0 when it is gone."""
    used = 0.0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in (process, *process.children()):
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                used += times.user + times.system
    return used
