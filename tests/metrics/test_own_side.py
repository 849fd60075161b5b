"""An answer that a person of ours gives elsewhere counts as one; a message that needs no answer starts no run."""

from schemas.conversation import ConversationFact
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.facts import ConversationEvent, Measurement
from services.metrics.domain.measurements import apply
from tests.metrics.strategies import FactLog


def counted(*steps: tuple[str, int]) -> tuple[ConversationMetricsState, list[Measurement]]:
    """What the steps of one conversation, each so many seconds after the one before, add to counters."""
    log, state, measurements = FactLog(), ConversationMetricsState(workspace="w"), list[Measurement]()
    for step, seconds in steps:
        log.run(0, step, seconds)
    for event in log.events:
        fact = ConversationFact.model_validate(event.data)
        state, more = apply(state, ConversationEvent(event.type.rsplit(".", 1)[1], fact, event.time))
        measurements += more
    return state, measurements


def test_an_answer_by_phone_is_a_human_first_response() -> None:
    _, measurements = counted(("message", 0), ("answer_elsewhere", 60))
    lasted = {(one.kpi, one.variant): one.seconds for one in measurements}
    assert lasted["first_response", "human"] == 60
    assert ("message", "outbound") in lasted


def test_a_second_answer_by_phone_is_a_next_response() -> None:
    _, measurements = counted(("message", 0), ("answer_elsewhere", 60), ("message", 40), ("answer_elsewhere", 30))
    assert {(one.kpi, one.variant): one.seconds for one in measurements}["next_response", "human"] == 30


def test_an_answer_by_phone_ends_the_wait_in_the_queue() -> None:
    state, measurements = counted(("message", 0), ("answer_elsewhere", 60))
    assert {(one.kpi, one.variant): one.seconds for one in measurements}["wait", "total"] == 60
    assert state.waiting_since is None


def test_what_asks_for_nothing_begins_no_wait_for_an_answer() -> None:
    _, measurements = counted(
        ("message", 0), ("answer_elsewhere", 60), ("acknowledge", 40), ("resolve", 30), ("close", 1)
    )
    counted_names = [(one.kpi, one.variant) for one in measurements]
    assert counted_names.count(("message", "inbound")) == 2
    assert ("unanswered", "next_response") not in counted_names
