"""The auditor in a running service: what it finds, what it leaves for later, and how much it reads."""

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
    """An auditor over the documents that a partition of `sla` wrote."""

    def __init__(self, sla: SlaHarness, *, last_applied: int | None = None) -> None:
        self.sla, self.store = sla, MemoryStore()
        self.clock = ManualTimeSource(sla.now)
        self.registry = CollectorRegistry()
        self.pauses: list[float] = []
        self.auditor = Auditor(self.store, 1, self.clock, AuditInstruments(self.registry), self.pause)
        self.store.collections |= {one.name: one for one in COLLECTIONS}
        self.update(last_applied=last_applied)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def update(self, *, last_applied: int | None = None) -> None:
        """Take over the documents of `sla` as they are now."""
        self.store.documents |= {put.key: put.document for put in store_snapshot(self.sla, last_applied=last_applied)}

    async def run_auditor(self, after: float = 120) -> None:
        """Run the auditor so many seconds later."""
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
    """A clock that is breached."""
    sla = SlaHarness()
    await sla.receive_message(at(0))
    await sla.run_until(at(70))
    return sla


async def test_clocks_that_are_what_the_facts_say_are_right() -> None:
    audited_store = AuditedStore(await with_breach())
    await audited_store.run_auditor()
    assert (audited_store.audited(), audited_store.differences()) == (1, {})


async def test_a_clock_that_differs_is_counted_by_what_of_it_does() -> None:
    audited_store = AuditedStore(await with_breach())
    audited_store.tamper(state="fulfilled", policy="other")
    await audited_store.run_auditor()
    assert audited_store.audited("different") == 1
    assert audited_store.differences() == {"w/first_response/policy": 1, "w/first_response/state": 1}


async def test_a_conversation_is_audited_again_only_after_another_fact() -> None:
    audited_store = AuditedStore(await with_breach())
    await audited_store.run_auditor()
    await audited_store.run_auditor()
    assert audited_store.audited() == 1
    audited_store.sla.now = audited_store.clock.now()
    await audited_store.sla.replied(audited_store.clock.now())
    audited_store.update()
    await audited_store.run_auditor()
    assert audited_store.audited() == 2


async def test_facts_of_the_last_minute_are_left_for_the_next_round() -> None:
    audited_store = AuditedStore(await with_breach())
    audited_store.tamper(state="fulfilled")
    await audited_store.run_auditor(after=40)
    assert (audited_store.audited("different"), audited_store.audited()) == (0, 0)
    await audited_store.run_auditor(after=20)
    assert audited_store.audited("different") == 1


async def test_facts_that_sla_has_not_applied_are_waited_for_however_old_they_are() -> None:
    sla = await with_breach()
    await sla.replied(at(71))
    behind = AuditedStore(sla, last_applied=1)
    behind.tamper(stopped_at=None, answers=[])
    await behind.run_auditor(after=1800)
    assert (behind.audited(), behind.differences()) == (0, {})
    behind.update()
    await behind.run_auditor(after=1800)
    assert (behind.audited(), behind.differences()) == (1, {})


async def test_a_clock_without_its_watermark_is_overdue_and_no_difference() -> None:
    sla = SlaHarness()
    await sla.receive_message(at(0))
    audited_store = AuditedStore(sla)
    await audited_store.run_auditor(after=600)
    assert (audited_store.audited(), audited_store.differences()) == (1, {})
    assert audited_store.value("pasokh_sla_overdue_seconds") == 600 - 30


async def test_policy_that_was_selected_just_before_another_was_written_is_no_difference() -> None:
    sla = SlaHarness()
    sla.now = at(2)
    sla.configure([ONE_MINUTE.model_copy(update={"id": "later"})], version=4, at=at(0))
    await sla.receive_fact("message_received", at(2), author="customer")
    sla.configure([ONE_MINUTE], version=3)
    await sla.batch([sla.fact("message_received", at(2), author="customer", case=conversation("c2"))])
    sla.configure([ONE_MINUTE.model_copy(update={"id": "later"})], version=4, at=at(0))
    audited_store = AuditedStore(sla)
    await audited_store.run_auditor()
    assert sla.clock("c1").policy == "later"
    assert sla.clock("c2").policy == "minute"
    assert (audited_store.audited(), audited_store.differences()) == (2, {})


async def test_policy_that_was_no_longer_in_force_is_a_difference() -> None:
    sla = SlaHarness()
    sla.now = at(500)
    await sla.receive_fact("message_received", at(500), author="customer")
    sla.configure([ONE_MINUTE.model_copy(update={"id": "later"})], version=4, at=at(100))
    audited_store = AuditedStore(sla)
    await audited_store.run_auditor()
    assert audited_store.differences() == {"w/first_response/policy": 1}


async def test_a_round_over_many_facts_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "MAX_CONVERSATIONS", 3)
    sla = SlaHarness()
    for number in range(8):
        sla.now = at(number)
        await sla.batch([sla.fact("message_received", at(number), author="customer", case=conversation(f"c{number}"))])
    audited_store = AuditedStore(sla)
    seen = []
    for _ in range(6):
        await audited_store.run_auditor(after=100)
        seen.append(audited_store.audited())
    # It goes on from the time at which it stopped, because other facts may have that time.
    assert seen == [3, 6, 9, 11, 11, 11]
    assert audited_store.value("pasokh_sla_audit_lag_seconds") == 0


async def test_a_conversation_that_cannot_be_read_does_not_end_the_round() -> None:
    audited_store = AuditedStore(await with_breach())
    audited_store.tamper(state="no such state")
    await audited_store.run_auditor()
    assert audited_store.audited("unreadable") == 1


async def test_an_unavailable_store_is_read_again_and_no_fact_is_skipped() -> None:
    audited_store = AuditedStore(await with_breach())
    audited_store.clock.move(120)
    pauses = 0

    async def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += seconds == INTERVAL_SECONDS
        audited_store.store.failure = Unavailable() if pauses == 1 else None
        if pauses == 3:
            raise Stopped

    audited_store.auditor.pause = pause
    with pytest.raises(Stopped):
        await audited_store.auditor.run_forever()
    assert audited_store.audited() == 1
