"""A call from its first ring to what its conversation shows, in whatever order Twilio reports it."""

from itertools import permutations

import pytest

from services.channels.voice import Voice
from services.domain.calls import CallOutcome, CallRecord
from services.router.conversations.domain.calls import call_after, to_call
from tests.channels.voice.cases import account, fixture

CALLS: dict[str, tuple[list[str], CallOutcome]] = {
    "nobody took it": (["incoming", "agent_ringing", "agent_no_answer", "incoming_over"], "missed"),
    "nobody took it, by the end of dialing alone": (["incoming", "dial_no_answer", "incoming_over"], "missed"),
    "no telephone rings": (["incoming", "incoming_in_progress", "incoming_over"], "missed"),
    "the caller hung up": (["incoming", "agent_ringing", "agent_canceled", "incoming_over"], "abandoned"),
    "the caller hung up before the call was connected": (
        ["incoming", "agent_ringing", "incoming_canceled"],
        "abandoned",
    ),
    "an agent took it": (
        ["incoming", "agent_ringing", "agent_answered", "agent_completed", "incoming_over"],
        "answered",
    ),
    "an agent took it, by the end of dialing alone": (["incoming", "dial_completed", "incoming_over"], "answered"),
    "the connection failed": (["incoming", "incoming_failed"], "failed"),
    "a call back": (["back_ringing", "back_answered", "back_customer_answered", "back_customer_completed"], "answered"),
    "a call back that the customer did not take": (["back_answered", "back_customer_busy", "back_completed"], "missed"),
    "a call back that the agent did not take": (["back_ringing", "back_no_answer"], "failed"),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_comes_of_a_call(name: str) -> None:
    reports, outcome = CALLS[name]
    for order in permutations(reports):
        record: CallRecord | None = None
        for report in order:
            for activity in Voice().parse(fixture(report), account()):
                assert activity.call is not None
                record = call_after(record, activity, activity.call)
        assert record is not None
        assert record.outcome == outcome, order


def test_a_call_back_lasts_as_long_as_the_customer_spoke() -> None:
    record: CallRecord | None = None
    reports = ("back_answered", "back_completed", "back_customer_completed")
    found = [one for report in reports for one in Voice().parse(fixture(report), account())]
    for activity in found:
        assert activity.call is not None
        record = call_after(record, activity, activity.call)
    assert record is not None
    assert found[-1].call is not None
    assert to_call(record, found[-1].call).seconds == 38
