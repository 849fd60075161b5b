"""The service as it is wired, on the embedded engine: its one query means there what it means here."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.platform.core.settings import Settings
from services.platform.core.time_source import SystemTimeSource
from services.platform.host.engine import open_engine
from services.platform.http.service import Context
from services.platform.processing.unit_of_work import PartitionContext, UnitOfWork
from services.platform.store.port import Changes, Key, Put
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES, clock_id
from services.sla import documents, wiring
from services.sla.domain.clocks import due_by
from tests.sla.harness import SlaHarness, at


@pytest.fixture
async def answered_and_waiting() -> list[Put]:
    """A clock whose answer is on its way, and one that runs."""
    sla = SlaHarness()
    await sla.receive_message(at(0))
    waiting = sla.clock()
    await sla.replied(at(1))
    answered = replace(sla.clock(), conversation="c0")
    return [Put(Key(CLOCKS.name, clock_id(one.conversation, "first_response", 1)), one) for one in (answered, waiting)]


async def floor(work: UnitOfWork, confirmed_at: datetime) -> datetime | None:
    """The floor of a watermark, after reading what it reads."""
    await work.preload([(CLOCK_SCHEDULES, [documents.schedule_id(work)])])
    await work.query(CLOCKS, documents.due_clocks(work.place.partition, confirmed_at))
    await work.query(CLOCKS, documents.first_clock(work.place.partition, confirmed_at))
    return documents.read_due(work, confirmed_at).floor


async def test_only_clocks_with_a_next_moment_are_read(tmp_path: Path, answered_and_waiting: list[Put]) -> None:
    settings = Settings(data=tmp_path)
    async with open_engine(settings, SystemTimeSource(), (CLOCKS, SLA_STATES, CLOCK_SCHEDULES)) as (store, _):
        await store.commit(Changes(puts=answered_and_waiting))
        early, due = (UnitOfWork(PartitionContext("sla", 0, 1, 1), at(0), store) for _ in range(2))
        assert await floor(early, at(30) - timedelta(microseconds=1)) == at(30)
        assert due_by(early.cached(CLOCKS), at(29)) == []
        assert await floor(due, at(30)) is None
        assert [clock.conversation for _, clock in due_by(due.cached(CLOCKS), at(30))] == ["c1"]


async def test_the_service_has_its_processor(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with (
        open_engine(settings, SystemTimeSource(), (CLOCKS, SLA_STATES, CLOCK_SCHEDULES)) as (store, bus),
        wiring.open_sla(Context(settings=settings, store=store, bus=bus, time_source=SystemTimeSource())) as part,
    ):
        assert [one.group for one in part.processors] == ["sla"]
