"""kill -9 of a real process at every named point between "batch read" and "offset committed", on each engine.

Afterwards every event was acted on once by the killed stage, and every event it sent was acted on once downstream.
A process that is stopped while its partitions move, and then wakes, changes nothing.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from schemas.envelope import Event, encode
from schemas.values import Json
from services.platform.bus.port import Bus, ProducerRecord, partition_for
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.processing.failpoints import FAILPOINTS
from services.platform.store.port import Key, Store
from tests.live.plain_process import COLLECTIONS
from tests.simulator.toy_stages import expected_alpha, expected_beta

ORDERS_A_POINT = 12
DEADLINE_SECONDS = 90.0


@dataclass(slots=True)
class Engine:
    """Where the processes of one test meet, and which of them run."""

    environment: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a process of the plain stages and wait until it has opened its engine."""
        command = [sys.executable, "-m", "tests.live.plain_process", *arguments]
        process = subprocess.Popen(command, env={**os.environ, **self.environment}, stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        if process.stdout is not None:
            assert process.stdout.readline() == "ready\n"
        return process

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Store, Bus]]:
        """The same engine in this process."""
        lower = {name.removeprefix("PASOKH_").lower(): value for name, value in self.environment.items()}
        async with open_engine(Settings.model_validate(lower), SystemTimeSource(), COLLECTIONS) as engine:
            yield engine

    def stop(self) -> None:
        """End whatever still runs."""
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture(params=["embedded", "distributed"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """SQLite for both, or real Kafka and the MongoDB protocol."""
    if request.param == "embedded":
        environment = {"PASOKH_DATA": str(tmp_path)}
    else:
        kafka, mongo = request.getfixturevalue("kafka_server"), request.getfixturevalue("mongo_server")
        name = f"t{uuid.uuid4().hex[:12]}"
        environment = {
            "PASOKH_BUS": kafka.url,
            "PASOKH_STORE": mongo.url.replace("/?", f"/{name}?"),
            "PASOKH_NAMESPACE": name,
            "PASOKH_PARTITIONS": "2",
        }
    made = Engine(environment)
    yield made
    made.stop()


def order_event(order: str) -> tuple[str, Event]:
    key = f"w/telegram:main:{sum(order.encode()) % 5}"
    now = SystemTimeSource().now()
    data: dict[str, Json] = {"order": order}
    return key, Event(
        id=f"order-{order}",
        source="ingest",
        type="pasokh.inbound.message",
        time=now,
        workspace="w",
        partitionkey=key,
        data=data,
    )


async def publish_orders(bus: Bus, orders: list[str]) -> None:
    """Publish orders one after the other, as customers do."""
    for order in orders:
        key, event = order_event(order)
        await bus.publish([ProducerRecord("inbound", partition_for(key, bus.partitions), key, encode(event))])


async def counts(store: Store, collection: str, names: set[str]) -> dict[str, int]:
    """How often each was acted on."""
    found = await store.get_many([Key(collection, name) for name in sorted(names)])
    return {key.id: int(str(document["times"])) for key, document in found.items()}


async def acted_exactly_once(store: Store, orders: list[str]) -> None:
    """Wait until everything was acted on, a little longer for what would come twice, and compare."""
    fired = set(orders)
    alpha, beta = expected_alpha(orders, fired), expected_beta(orders, fired)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if len(await counts(store, "alpha_acted", alpha)) == len(alpha):
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    assert await counts(store, "alpha_acted", alpha) == dict.fromkeys(alpha, 1)
    assert await counts(store, "beta_acted", beta) == dict.fromkeys(beta, 1)


# A dead member of a Kafka group is missed after ten seconds, at each point anew: there, one stage shows it.
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("engine", "stage"), [("embedded", "alpha"), ("embedded", "beta"), ("distributed", "alpha")], indirect=["engine"]
)
async def test_killed_at_every_point_nothing_is_lost_or_doubled(engine: Engine, stage: str) -> None:
    other = "beta" if stage == "alpha" else "alpha"
    orders: list[str] = []
    async with engine.opened() as (store, bus):
        engine.start(other)
        for point in FAILPOINTS:
            doomed = engine.start(stage, point, "2", "SIGKILL")
            more = [f"{point}-{n}" for n in range(ORDERS_A_POINT)]
            orders += more
            await publish_orders(bus, more)
            code = await asyncio.to_thread(doomed.wait, DEADLINE_SECONDS)
            assert code == -signal.SIGKILL, f"it never came to {point}"
        engine.start(stage)
        await acted_exactly_once(store, orders)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("point", ["decided", "committed"])
async def test_an_owner_that_slept_while_its_partitions_moved_changes_nothing(engine: Engine, point: str) -> None:
    # One partition: with two, the process may be stopped in the middle of the other one's commit, whose locks the
    # database then keeps until its own time limit.
    engine.environment["PASOKH_PARTITIONS"] = "1"
    orders = [f"o{n}" for n in range(40)]
    async with engine.opened() as (store, bus):
        engine.start("beta")
        sleeper = engine.start("alpha", point, "2", "SIGSTOP")
        await publish_orders(bus, orders[:20])
        await asyncio.to_thread(_until_stopped, sleeper)
        engine.start("alpha")
        await publish_orders(bus, orders[20:])
        await acted_exactly_once(store, orders)
        sleeper.send_signal(signal.SIGCONT)
        await asyncio.sleep(3)
        assert sleeper.poll() is None
        await acted_exactly_once(store, orders)


def _until_stopped(process: subprocess.Popen[str]) -> None:
    """Wait until the kernel says that the process is stopped."""
    status = Path(f"/proc/{process.pid}/stat")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while status.read_text().rsplit(")", 1)[1].split()[0] != "T":
        assert time.monotonic() < deadline, "the process never came to its point"
        time.sleep(0.05)
