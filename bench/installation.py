"""Installations to measure: real processes on their own folder, with a shop whose agents have capacity for all."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from tests.live.installation import ADMIN_KEY, Running, allowing, shop_at, up
from tests.live_servers.process import Process
from tests.live_servers.server import free_ports

AGENTS = 20
UNITS = 1000
NOWHERE = 9
"""A port without a listener, as the platform. No agent replies, so nothing is sent to it."""


@contextmanager
def started(installation: Running) -> Iterator[Running]:
    """Start an installation, wait until it is ready, and stop it at the end."""
    installation.start()
    try:
        installation.wait_ready()
        yield installation
    finally:
        installation.stop()


@asynccontextmanager
async def open_shop(folder: Path, **environment: str) -> AsyncIterator[Running]:
    """`pasokh up` with a shop in which an agent is free for every message."""
    with started(up(folder, PASOKH_ADMIN_KEY=ADMIN_KEY, **allowing(NOWHERE), **environment)) as installation:
        skills = {f"lang:{language}": 5 for language in ("en", "fa", "ar", "lv")}
        async with shop_at(installation.url, ADMIN_KEY) as shop:
            agents = {f"agent-{number}": skills for number in range(AGENTS)}
            await shop.open_with(f"http://127.0.0.1:{NOWHERE}", agents, capacity=UNITS)
        yield installation


def serve(folder: Path, service: str, **environment: str) -> Running:
    """One service of a shop that was made in `folder`, not started."""
    [port] = free_ports(1)
    return Running(folder, ("serve", service), port, {"PASOKH_ADMIN_KEY": ADMIN_KEY, **environment})


def without_sink(folder: Path, **environment: str) -> Running:
    """`serve ingest` with a bus that writes nothing, not started."""
    installation = serve(folder, "ingest", **environment)
    variables = [f"{name}={value}" for name, value in installation.environment.items()]
    variables += [f"PASOKH_DATA={folder / 'data'}", f"PASOKH_PORT={installation.port}", f"PYTHONPATH={Path.cwd()}"]
    installation.process = Process(["env", *variables, sys.executable, "-m", "bench.null_bus"], folder)
    return installation


def cpu_seconds(installation: Running) -> float:
    """The CPU seconds of a process so far."""
    times = psutil.Process(installation.process.pid).cpu_times()
    return float(times.user + times.system)


def resident_bytes(installation: Running) -> int:
    """The resident memory of a process."""
    return int(psutil.Process(installation.process.pid).memory_info().rss)


async def wait_until_idle(seconds: float = 0.5) -> None:
    """Wait until the work of a start or a load is done."""
    await asyncio.sleep(seconds)
