"""The auditor in a running service: what it finds, what it leaves alone, and how much it looks at."""

import pytest
from prometheus_client import CollectorRegistry

from schemas.values import Json
from services.platform.core.errors import Unavailable
from services.platform.store.collections import FACTS, ROWS
from services.platform.store.port import Key
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES, clock_id
from services.records.configuration import CONFIGURATION_HEADS, CONFIGURATIONS
from services.records.conversations import CONVERSATIONS
from services.sla import auditor
from services.sla.auditor import INTERVAL_SECONDS, Auditor
from services.sla.instruments import AuditInstruments
from tests.fakes import ManualTimeSource, MemoryStore
from tests.sla.harness import ONE_MINUTE, SlaHarness, at, conversation
from tests.sla.store_snapshot import store_snapshot

COLLECTIONS = (CLOCK_SCHEDULES, CLOCKS, SLA_STATES, CONFIGURATION_HEADS, CONFIGURATIONS, CONVERSATIONS, FACTS, ROWS)


class Stopped(Exception):
    """Ends what runs for ever."""


class AuditedStore:
    """An auditor over what a partition of `sla` left in the store."""

    def __init__(self, sla: SlaHarness, *, heard: int | None = None) -> None:
        self.sla, self.store = sla, MemoryStore()
        self.clock = ManualTimeSource(sla.now)
        self.registry = CollectorRegistry()
        self.pauses: list[float] = []
        self.auditor = Auditor(self.store, 1, self.clock, AuditInstruments(self.registry), self.pause)
        self.store.collections |= {one.name: one for one in COLLECTIONS}
        self.update(heard=heard)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def update(self, *, heard: int | None = None) -> None:
        """The store as it is after what `sla` has done by now."""
        self.store.documents |= {put.key: put.document for put in store_snapshot(self.sla, last_applied=heard)}

    async def run_auditor(self, after: float = 120) -> None:
        """Look so many seconds later."""
        self.clock.move(after)
        await self.auditor.run_once()

    def tamper(self, **fields: Json) -> None:
        """Another clock than the facts say."""
        self.store.documents[Key(CLOCKS.name, clock_id("c1", "first_response", 1))] |= fields

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def audited(self, result: str = "right") -> float:
        return self.value("pasokh_sla_audit_clocks_total", result=result)

    def differences(self) -> dict[str, float]:
        samples = [
            s for m in self.registry.collect() for s in m.samples if s.name == "pasokh_sla_audit_differences_total"
        ]
        return {f"{s.labels['workspace']}/{s.labels['metric']}/{s.labels['what']}": s.value for s in samples}


async def with_breach() -> SlaHarness:
    """A promise that broke."""
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.run_until(at(70))
    return sla


async def test_clocks_that_are_what_the_facts_say_are_right() -> None:
    office = AuditedStore(await with_breach())
    await office.run_auditor()
    assert (office.audited(), office.differences()) == (1, {})


async def test_a_clock_that_differs_is_counted_by_what_of_it_does() -> None:
    office = AuditedStore(await with_breach())
    office.tamper(state="fulfilled", policy="other")
    await office.run_auditor()
    assert office.audited("different") == 1
    assert office.differences() == {"w/first_response/policy": 1, "w/first_response/state": 1}


async def test_nothing_is_looked_at_twice_until_something_is_said_of_it_again() -> None:
    office = AuditedStore(await with_breach())
    await office.run_auditor()
    await office.run_auditor()
    assert office.audited() == 1
    office.sla.now = office.clock.now()
    await office.sla.replied(office.clock.now())
    office.update()
    await office.run_auditor()
    assert office.audited() == 2


async def test_what_was_said_within_the_last_minute_is_left_for_the_next_look() -> None:
    office = AuditedStore(await with_breach())
    office.tamper(state="fulfilled")
    await office.run_auditor(after=40)
    assert (office.audited("different"), office.audited()) == (0, 0)
    await office.run_auditor(after=20)
    assert office.audited("different") == 1


async def test_facts_that_sla_has_not_heard_are_waited_for_however_old_they_are() -> None:
    sla = await with_breach()
    await sla.replied(at(71))
    behind = AuditedStore(sla, heard=1)
    behind.tamper(stopped_at=None, answers=[])
    await behind.run_auditor(after=1800)
    assert (behind.audited(), behind.differences()) == (0, {})
    behind.update()
    await behind.run_auditor(after=1800)
    assert (behind.audited(), behind.differences()) == (1, {})


async def test_what_nobody_has_confirmed_yet_is_overdue_and_no_difference() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    office = AuditedStore(sla)
    await office.run_auditor(after=600)
    assert (office.audited(), office.differences()) == (1, {})
    assert office.value("pasokh_sla_overdue_seconds") == 600 - 30


async def test_policy_that_was_picked_just_before_another_was_written_is_no_difference() -> None:
    sla = SlaHarness()
    sla.now = at(2)
    sla.configure([ONE_MINUTE.model_copy(update={"id": "later"})], version=4, at=at(0))
    await sla.receive_fact("message_received", at(2), author="customer")
    sla.configure([ONE_MINUTE], version=3)
    await sla.batch([sla.fact("message_received", at(2), author="customer", case=conversation("c2"))])
    sla.configure([ONE_MINUTE.model_copy(update={"id": "later"})], version=4, at=at(0))
    office = AuditedStore(sla)
    await office.run_auditor()
    assert sla.clock("c1").policy == "later"
    assert sla.clock("c2").policy == "minute"
    assert (office.audited(), office.differences()) == (2, {})


async def test_policy_that_was_no_longer_in_force_is_a_difference() -> None:
    sla = SlaHarness()
    sla.now = at(500)
    await sla.receive_fact("message_received", at(500), author="customer")
    sla.configure([ONE_MINUTE.model_copy(update={"id": "later"})], version=4, at=at(100))
    office = AuditedStore(sla)
    await office.run_auditor()
    assert office.differences() == {"w/first_response/policy": 1}


async def test_a_look_at_much_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "MAX_CONVERSATIONS", 3)
    sla = SlaHarness()
    for number in range(8):
        sla.now = at(number)
        await sla.batch([sla.fact("message_received", at(number), author="customer", case=conversation(f"c{number}"))])
    office = AuditedStore(sla)
    seen = []
    for _ in range(6):
        await office.run_auditor(after=100)
        seen.append(office.audited())
    # It goes on with the moment at which it stopped, for more may have been said then.
    assert seen == [3, 6, 9, 11, 11, 11]
    assert office.value("pasokh_sla_audit_lag_seconds") == 0


async def test_a_conversation_that_cannot_be_read_stops_nothing() -> None:
    office = AuditedStore(await with_breach())
    office.tamper(state="no such state")
    await office.run_auditor()
    assert office.audited("unreadable") == 1


async def test_a_store_that_is_away_is_asked_again_and_nothing_is_skipped() -> None:
    office = AuditedStore(await with_breach())
    office.clock.move(120)
    pauses = 0

    async def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += seconds == INTERVAL_SECONDS
        office.store.failure = Unavailable() if pauses == 1 else None
        if pauses == 3:
            raise Stopped

    office.auditor.pause = pause
    with pytest.raises(Stopped):
        await office.auditor.run_forever()
    assert office.audited() == 1
