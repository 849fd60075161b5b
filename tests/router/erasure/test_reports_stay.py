"""Reports of the past are the same figures after a person was erased: facts lose names, never times and counts."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import PersonKey
from services.metrics.domain.recount.report import ReportRequest
from services.metrics.reports import build_report
from services.platform.store.collections import DEAD_LETTERS, OUTCOMES, TIMERS
from services.records.conversations import ACTIVITIES, MESSAGES
from services.records.sends import SENDS
from services.router.erasure.sweep import Sweep
from services.router.erasure.traces import Trace
from tests.examples import examples
from tests.fakes import START
from tests.metrics.strategies import PLANS, Plan, facts_of_plan
from tests.metrics.test_report import LONG, store_with


@examples(30)
@given(PLANS, st.integers(0, 2))
async def test_a_report_of_erased_persons_is_that_of_before(plan: Plan, who: int) -> None:
    person = f"telegram:main:{who}"
    events = [
        event.model_copy(update={"partitionkey": f"w/{person}"}) if person in str(event.data) else event
        for event in facts_of_plan(plan)
    ]
    store = store_with(events)
    await store.prepare([ACTIVITIES, DEAD_LETTERS, MESSAGES, OUTCOMES, SENDS, TIMERS])
    request = ReportRequest(START, START + LONG)
    before = await build_report(store, "w", request)
    trace = Trace(PersonKey("w", person), "telegram:main:erased-1")
    await Sweep(store, trace, frozenset(), START + LONG).run()
    assert await build_report(store, "w", request) == before
    facts = [str(one) for key, one in store.documents.items() if key.collection == "facts"]
    assert not any(f"'{person}'" in one or f"/{person}'" in one for one in facts)
