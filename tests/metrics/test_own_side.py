"""An answer that a person of ours gives elsewhere counts as one; what asks for nothing makes nobody wait."""

from datetime import timedelta
from typing import Any

from schemas.conversation import ConversationFact, FirstResponse
from services.domain.metrics_state import ConversationMetricsState
from services.metrics.domain.measurements import ConversationEvent, Measurement, apply
from tests.fakes import START
from tests.sla.harness import conversation


def told(word: str, seconds: int, **more: Any) -> ConversationEvent:
    at = START + timedelta(seconds=seconds)
    fact = ConversationFact(conversation="c1", key="w/telegram:main:1", snapshot=conversation(), at=at, **more)
    return ConversationEvent(word, fact, at)


def counted(*facts: ConversationEvent) -> tuple[ConversationMetricsState, list[Measurement]]:
    known, marks = ConversationMetricsState(workspace="w"), list[Measurement]()
    for one in facts:
        known, more = apply(known, one)
        marks += more
    return known, marks


def test_an_answer_by_phone_is_a_human_first_response() -> None:
    first = FirstResponse(started_at=START, stopped_at=START + timedelta(seconds=60))
    _, marks = counted(
        told("message_received", 0, message="m", author="customer"),
        told("replied", 60, message="e", author="account"),
        told("reply_delivered", 60, message="e", author="account", first_response=first),
    )
    lasted = {(mark.kpi, mark.variant): mark.seconds for mark in marks}
    assert lasted["first_response", "human"] == 60
    assert ("message", "outbound") in lasted


def test_a_second_answer_by_phone_is_a_next_response() -> None:
    first = FirstResponse(started_at=START, stopped_at=START + timedelta(seconds=60))
    _, marks = counted(
        told("message_received", 0, message="m", author="customer"),
        told("replied", 60, message="e", author="account"),
        told("reply_delivered", 60, message="e", author="account", first_response=first),
        told("message_received", 100, message="n", author="customer"),
        told("replied", 130, message="f", author="account"),
        told("reply_delivered", 130, message="f", author="account"),
    )
    assert {(mark.kpi, mark.variant): mark.seconds for mark in marks}["next_response", "human"] == 30


def test_what_asks_for_nothing_begins_no_wait_for_an_answer() -> None:
    known, marks = counted(told("message_received", 0, message="m", author="customer", needs_answer=False))
    assert known.turn is None
    assert ("message", "inbound") in {(mark.kpi, mark.variant) for mark in marks}
