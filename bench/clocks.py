"""SLA clocks on the embedded engine: the time of a restart with 100,000 pending ones, and the rate of a wave of
breaches.

The restart is from opening the engine to the first request of the processor (`pasokh.control.watermark_request`), so
until a clock that came due meanwhile is on its way. The wave is from its confirmation to the last breach emitted,
commits included.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from schemas.envelope import Event, encode
from schemas.sla import Watermark
from schemas.values import instant_text
from services.platform.bus.port import Bus, ProducerRecord
from services.platform.core.instruments import ProcessorInstruments
from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host import event_loop
from services.platform.host.engine import open_engine
from services.platform.processing.group import GroupMember
from services.platform.processing.runtime import Runtime
from services.platform.store.collections import TIMERS, Timer
from services.platform.store.port import Changes, Key, Put, Query, Store
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES, ClockRecord, ClockSchedule, clock_id
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
from services.sla.documents import SCHEDULE_TIMER
from services.sla.processor import PROCESSOR

PENDING = 100_000
WAVE = 5_000
RESTART_LIMIT_SECONDS = 2.0
WAVE_LIMIT_PER_SECOND = 250.0
COLLECTIONS = (CLOCKS, SLA_STATES, CLOCK_SCHEDULES, CONFIGURATION_HEADS, CONFIGURATIONS)
BATCH_SIZE = 5_000


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds from the start to the first request, and breaches emitted per second of the wave."""

    restart_seconds: float
    breaches_per_second: float


def pending(now: datetime) -> Iterator[ClockRecord]:
    """Clocks of which a few thousand are due already and the others within a day."""
    for number in range(PENDING):
        due_at = now - timedelta(seconds=1) if number < WAVE else now + timedelta(seconds=60 + number)
        yield ClockRecord(
            metric="resolution",
            policy="p",
            target_seconds=3600,
            started_at=due_at - timedelta(hours=1),
            due_at=due_at,
            state="running",
            next_at=due_at,
            conversation=f"c{number}",
            workspace="w",
            key=f"w/telegram:main:{number}",
            partition=0,
            policy_version=1,
            channel="telegram",
            account="main",
            surface="private",
            team="default",
            priority="normal",
        )


async def _fill(settings: Settings) -> None:
    now = SystemTimeSource().now()
    puts = [Put(Key(CLOCKS.name, clock_id(c.conversation, c.metric, 1)), c) for c in pending(now)]
    timer = Timer(group="sla", partition=0, name=SCHEDULE_TIMER, due_at=now)
    schedule = ClockSchedule(timer_at=now)
    puts.append(Put(Key(TIMERS.name, f"sla/0/{SCHEDULE_TIMER}"), timer))
    puts.append(Put(Key(CLOCK_SCHEDULES.name, "0"), schedule))
    async with open_engine(settings, SystemTimeSource(), COLLECTIONS) as (store, _):
        for first in range(0, len(puts), BATCH_SIZE):
            await store.commit(Changes(puts=puts[first : first + BATCH_SIZE]))


async def _measure(settings: Settings) -> Measured:
    clock, began = SystemTimeSource(), time.perf_counter()
    async with open_engine(settings, clock, COLLECTIONS) as (store, bus):
        runtime = Runtime(store, bus, clock, ProcessorInstruments(CollectorRegistry()))
        processor = GroupMember(PROCESSOR.bind(None), runtime)
        running = asyncio.create_task(processor.run())
        await _until(lambda: _request_sla_clocks(store))
        restart = time.perf_counter() - began
        await _confirm(bus, clock.now())
        began = time.perf_counter()
        await _until(lambda: _all_reported(store))
        wave = time.perf_counter() - began
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return Measured(restart, WAVE / wave)


async def _request_sla_clocks(store: Store) -> bool:
    key = Key(CLOCK_SCHEDULES.name, "0")
    return CLOCK_SCHEDULES.decode((await store.get_many([key]))[key]).in_flight is not None


async def _confirm(bus: Bus, at: datetime) -> None:
    event = Event(
        id="tick",
        source="bench",
        type="pasokh.control.watermark",
        time=at,
        workspace="w",
        partitionkey="w/control",
        data=Watermark(at=at).model_dump(mode="json"),
    )
    await bus.publish([ProducerRecord("conversations", 0, event.partitionkey, encode(event))])


async def _all_reported(store: Store) -> bool:
    """Whether all due clocks were handled. A fact is in the same commit as its clock."""
    below = instant_text(datetime.now(UTC))
    query = Query(
        CLOCKS.name,
        "due",
        {"partition": 0},
        at_least=instant_text(datetime.min.replace(tzinfo=UTC)),
        below=below,
        limit=1,
    )
    return not (await store.query(query)).items


async def _until(is_done: Callable[[], Awaitable[bool]]) -> None:
    while not await is_done():  # noqa: ASYNC110 - asks a store, which has no event to wait for
        await asyncio.sleep(0.005)


def measured() -> Measured:
    """Fill a database, start a process on it, and measure the wave of breaches."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), partitions=1)
        event_loop.run(_fill(settings))
        return event_loop.run(_measure(settings))


def main() -> None:
    """Print both figures with their limits."""
    figures = measured()
    print(f"restart with {PENDING:,} pending clocks: {figures.restart_seconds:.2f} s (limit {RESTART_LIMIT_SECONDS} s)")
    rate = f"{figures.breaches_per_second:,.0f}/s (at least {WAVE_LIMIT_PER_SECOND:,.0f}/s)"
    print(f"wave of {WAVE:,} breaches: {rate}")


if __name__ == "__main__":
    main()
