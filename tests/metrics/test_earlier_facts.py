"""Facts of a version that gave no response runs get them from the facts themselves."""

from datetime import datetime, timedelta
from typing import Any

from schemas.conversation import ConversationFact
from services.metrics.domain.earlier_facts import EarlierFacts
from tests.fakes import START
from tests.sla.harness import conversation


def fact(at: datetime, **fields: Any) -> ConversationFact:
    known = {"conversation": "c1", "key": "w/telegram:main:1", "snapshot": conversation(), "at": at, "message": "m"}
    return ConversationFact.model_validate({**known, **fields})


def seconds(number: int) -> datetime:
    return START + timedelta(seconds=number)


def test_a_message_opens_a_run_and_a_delivered_answer_ends_it_at_its_acceptance() -> None:
    earlier = EarlierFacts()
    received = earlier.fill("message_received", fact(seconds(0), author="customer"))
    assert received.response is not None
    assert (received.response.state, received.response.started_at, received.ended_responses) == (
        "waiting",
        seconds(0),
        [],
    )
    replied = earlier.fill("replied", fact(seconds(30), author="agent", message="r"))
    assert replied.response is not None
    assert replied.response.state == "answered_unconfirmed"
    delivered = earlier.fill("reply_delivered", fact(seconds(30), author="agent", message="r"))
    assert (delivered.response, [run.state for run in delivered.ended_responses or []]) == (None, ["answered"])


def test_an_answer_of_a_bot_ends_no_run() -> None:
    earlier = EarlierFacts()
    earlier.fill("message_received", fact(seconds(0), author="customer"))
    earlier.fill("replied", fact(seconds(5), author="bot", message="r"))
    delivered = earlier.fill("reply_delivered", fact(seconds(5), author="bot", message="r"))
    assert delivered.response is not None
    assert (delivered.response.state, delivered.ended_responses) == ("waiting", [])


def test_a_fact_that_gives_its_runs_is_left_as_it_is() -> None:
    given = fact(seconds(0), author="customer", ended_responses=[])
    assert EarlierFacts().fill("message_received", given) is given


def test_runs_of_two_conversations_are_apart() -> None:
    earlier = EarlierFacts()
    earlier.fill("message_received", fact(seconds(0), author="customer"))
    other = earlier.fill("resolved", fact(seconds(9), conversation="c2", message=None))
    assert (other.response, other.ended_responses) == (None, [])
