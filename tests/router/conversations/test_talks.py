"""A call that an agent has: the conversation is theirs while they talk, and is resolved at the end of the call."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import Activity, Call
from schemas.commands import ReturnTask, Snooze, Transfer
from schemas.routing import TaskForceAssigned
from services.domain.calls import CallRecord
from services.records.calls import CALLS
from services.router.conversations.talks import CALL_TIMER, LATE_REPORTS, LONGEST_CALL
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

RINGS, HUNG_UP = {"leg": "customer", "state": "ringing"}, {"leg": "customer", "state": "ended", "seconds": 50}
MINA: dict[str, Any] = {"leg": "agent", "agent": "mina"}
CALLED, TAKEN, TALKED = (MINA | {"state": state} for state in ("ringing", "answered", "ended"))
ALSO_CALLED = {"leg": "agent", "agent": "ben", "state": "abandoned"}


class Telephone:
    """Calls of a customer, whose states arrive one by one, each once."""

    def __init__(self) -> None:
        self.house = ConversationsHarness()
        self._number = 0

    async def reports(self, *states: dict[str, Any], call: str = "call-1", **more: Any) -> None:
        for state in states:
            await self.arrives(self.report(state, call=call, **more))

    def report(self, state: dict[str, Any], call: str = "call-1", **more: Any) -> Activity:
        self._number += 1
        details = Call.model_validate({"id": call, "seconds": None, **state})
        return self.house.activity(self._number, "call", message=call, text=None, call=details, **more)

    async def arrives(self, activity: Activity) -> None:
        await self.house.arrives("inbound", "pasokh.inbound.call", activity)

    def record(self, call: str = "call-1") -> CallRecord:
        found = self.house.driver.get(CALLS, call)
        assert found is not None
        return found

    def routing(self) -> list[str]:
        return [one.type.removeprefix("pasokh.routing.") for one in self.house.driver.sent if ".routing." in one.type]

    def verbs(self) -> list[str]:
        sent = [one.type for one in self.house.driver.sent]
        return [one.removeprefix("pasokh.conversation.") for one in sent if one.startswith("pasokh.conversation.")]


@pytest.fixture
def phone() -> Telephone:
    return Telephone()


async def test_who_takes_the_telephone_has_the_conversation_and_nobody_else_is_asked(phone: Telephone) -> None:
    await phone.reports(RINGS, CALLED)
    assert phone.house.cases() == []
    await phone.reports(TAKEN)
    case = phone.house.case()
    assert (case.status, case.agent, case.active_call) == ("assigned", "mina", "call-1")
    assert phone.routing() == ["task_force_assigned"]
    forced = TaskForceAssigned.model_validate(phone.house.driver.sent[-1].data)
    assert (forced.to_agent, forced.by, forced.task and forced.task.conversation) == ("mina", "mina", case.id)
    (message,) = phone.house.messages()
    assert message.text is not None
    assert message.call is not None
    assert (message.text.text, message.call.state, message.call.agent) == ("Call in progress", "answered", "mina")


async def test_the_end_of_the_call_resolves_the_conversation_and_gives_the_units_back(phone: Telephone) -> None:
    await phone.reports(RINGS, CALLED, TAKEN)
    await phone.house.assign("mina")
    await phone.reports(TALKED | {"seconds": 31})
    case = phone.house.case()
    assert (case.status, case.active_call, case.last_agent) == ("resolved", None, "mina")
    assert phone.routing() == ["task_force_assigned", "task_closed"]
    assert [fact.reason for fact in phone.house.facts("resolved")] == ["call_ended"]
    (message,) = phone.house.messages()
    assert message.text is not None
    assert message.call is not None
    assert (message.text.text, message.call.state, message.call.seconds) == ("Call", "ended", 31)
    before = len(phone.house.driver.sent)
    await phone.reports(HUNG_UP)
    assert [one.type for one in phone.house.driver.sent[before:]] == []


async def test_a_telephone_that_rang_beside_does_not_end_the_talk(phone: Telephone) -> None:
    await phone.reports(RINGS, CALLED, TAKEN, ALSO_CALLED)
    assert phone.house.case().active_call == "call-1"
    await phone.reports({"leg": "agent", "state": "ended"})
    assert phone.house.case().status == "resolved"


async def test_the_customer_waited_from_the_first_ring_to_the_telephone_that_was_taken(phone: Telephone) -> None:
    await phone.reports(RINGS, sent_at=START)
    await phone.reports(TAKEN, sent_at=START + timedelta(seconds=20), received_at=START + timedelta(seconds=21))
    assert phone.verbs() == ["opened", "message_received", "replied", "reply_delivered"]
    (answered,) = phone.house.facts("reply_delivered")
    assert answered.first_response is not None
    response = answered.first_response
    assert (response.started_at, response.stopped_at) == (START, START + timedelta(seconds=20))
    assert (answered.author, answered.agent) == ("agent", "mina")
    assert phone.house.case().response_tracking.open_run() is None


async def test_who_calls_again_is_answered_in_the_conversation_of_the_missed_call(phone: Telephone) -> None:
    await phone.reports(RINGS, HUNG_UP)
    await phone.reports(RINGS, TAKEN, call="call-2")
    assert len(phone.house.cases()) == 1
    assert (phone.house.case().status, phone.house.case().agent) == ("assigned", "mina")
    await phone.reports(TALKED, call="call-2")
    assert phone.house.case().status == "resolved"
    assert [message.call and message.call.state for message in phone.house.messages()] == ["missed", "ended"]


async def test_the_conversation_of_a_colleague_goes_to_who_took_the_telephone(phone: Telephone) -> None:
    await phone.reports(RINGS, HUNG_UP)
    await phone.house.assign("ben")
    await phone.reports(RINGS, TAKEN, call="call-2")
    # Dispatch decides who has it, and its fact names who had it.
    assert phone.house.case().agent == "ben"
    assert phone.routing()[-1] == "task_force_assigned"
    await phone.house.assign("mina")
    assert [fact.previous_agent for fact in phone.house.facts("assigned")] == [None, "ben"]
    await phone.reports(TALKED, call="call-2")
    assert phone.house.case().status == "resolved"


async def test_reports_in_another_order_end_in_the_same(phone: Telephone) -> None:
    await phone.reports(RINGS, HUNG_UP)
    assert phone.house.case().status == "waiting"
    await phone.reports(TAKEN, TALKED)
    assert (phone.house.case().status, phone.record().outcome) == ("resolved", "answered")
    assert phone.house.messages()[0].call is not None
    assert phone.routing() == ["task_queued", "task_closed"]


async def test_a_late_report_resolves_nothing_that_somebody_works_on(phone: Telephone) -> None:
    await phone.reports(RINGS, HUNG_UP)
    await phone.house.assign("ben")
    await phone.reports(TAKEN, TALKED)
    assert (phone.house.case().status, phone.house.case().agent) == ("assigned", "ben")


async def test_a_repeated_report_changes_nothing(phone: Telephone) -> None:
    rings, taken, talked = (phone.report(one) for one in (RINGS, TAKEN, TALKED))
    for one in (rings, taken, taken, talked, taken, talked):
        await phone.arrives(one)
    assert phone.routing() == ["task_force_assigned", "task_closed"]
    assert (len(phone.house.messages()), phone.house.case().status) == (1, "resolved")


@pytest.mark.parametrize(("limit", "ends"), [(None, LONGEST_CALL), (600, timedelta(minutes=10))])
async def test_a_call_of_which_no_end_is_reported_gives_its_units_back(
    phone: Telephone, limit: float | None, ends: timedelta
) -> None:
    await phone.reports(RINGS, TAKEN | {"limit_seconds": limit})
    await phone.house.driver.advance((ends + LATE_REPORTS).total_seconds() - 1)
    assert phone.house.case().status == "assigned"
    await phone.house.driver.advance(2)
    assert (phone.house.case().status, phone.record().outcome) == ("resolved", "answered")
    assert phone.routing() == ["task_force_assigned", "task_closed"]
    message = phone.house.messages()[0]
    assert message.text is not None
    assert message.text.text == "Call"
    # Its reports come after all: its length is shown.
    await phone.reports(TALKED | {"seconds": 31}, HUNG_UP)
    assert phone.routing() == ["task_force_assigned", "task_closed"]
    later = phone.house.messages()[0].call
    assert later is not None
    assert later.seconds == 31


async def test_after_the_end_no_timer_is_left(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN)
    assert any(CALL_TIMER in timer.name for timer in phone.house.driver.timers())
    await phone.reports(TALKED)
    assert not any(CALL_TIMER in timer.name for timer in phone.house.driver.timers())


@pytest.mark.parametrize("keeps", [True, False])
async def test_an_agent_whose_page_is_gone_keeps_the_call(phone: Telephone, keeps: bool) -> None:
    await phone.reports(RINGS, TAKEN)
    await phone.house.assign("mina")
    case = phone.house.case()
    gone = ReturnTask(conversation=case.id, agent="mina", reason="connection_lost", keeps=keeps, preferred_seconds=None)
    await phone.house.arrives("commands", "pasokh.command.return_task", gone)
    assert (phone.house.case(), phone.routing()) == (case, ["task_force_assigned"])


async def test_who_writes_beside_the_call_keeps_its_units(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN)
    await phone.house.assign("mina")
    await phone.house.reply("mina", "the link")
    assert phone.house.case().status == "pending"
    await phone.house.driver.advance(3_000)
    assert (phone.house.case().active_call, phone.routing()) == ("call-1", ["task_force_assigned"])
    await phone.reports(TALKED)
    assert phone.house.case().status == "resolved"


async def test_what_was_transferred_during_the_call_goes_on_after_it(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN)
    await phone.house.assign("mina")
    at = phone.house.driver.now
    transfer = Transfer(
        conversation=phone.house.case().id, agent="mina", to_agent="ben", accepted_at=at, request_hash="h"
    )
    assert (await phone.house.command("transfer", transfer)).status == "applied"
    await phone.reports(TALKED)
    assert (phone.house.case().status, phone.house.case().agent) == ("assigned", "ben")
    assert phone.house.messages()[0].call is not None
    assert "resolved" not in phone.verbs()


async def test_what_was_put_off_during_the_call_goes_on_after_it(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN)
    await phone.house.assign("mina")
    at, until = phone.house.driver.now, phone.house.driver.now + timedelta(hours=1)
    snooze = Snooze(conversation=phone.house.case().id, agent="mina", until=until, accepted_at=at, request_hash="h")
    assert (await phone.house.command("snooze", snooze)).status == "applied"
    await phone.reports(TALKED)
    assert (phone.house.case().active_call, phone.house.case().snoozed_until) == (None, until)
    assert "resolved" not in phone.verbs()


async def test_a_resolve_during_the_call_stands(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN)
    await phone.house.resolve()
    await phone.reports(TALKED, HUNG_UP)
    assert phone.verbs().count("resolved") == 1
    assert phone.routing() == ["task_force_assigned", "task_closed"]


async def test_who_goes_on_with_a_call_has_it(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN, TAKEN | {"agent": "ben"})
    forced = [one.data["to_agent"] for one in phone.house.driver.sent if one.type.endswith("task_force_assigned")]
    assert forced == ["mina", "ben"]
    await phone.reports(TALKED)
    assert phone.house.case().active_call == "call-1"
    await phone.reports(TALKED | {"agent": "ben"})
    assert phone.house.case().status == "resolved"
    assert phone.verbs().count("replied") == 1


async def test_the_second_call_of_a_customer_at_once_leaves_the_first_where_it_is(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN)
    await phone.house.assign("mina")
    await phone.reports(RINGS, TAKEN | {"agent": "ben"}, call="call-2")
    assert (phone.house.case().agent, phone.house.case().active_call) == ("mina", "call-1")
    assert phone.routing() == ["task_force_assigned"]
    await phone.reports(TALKED | {"agent": "ben"}, call="call-2")
    assert phone.house.case().status == "assigned"
    await phone.reports(TALKED)
    assert phone.house.case().status == "resolved"


async def test_a_telephone_of_nobody_takes_no_units(phone: Telephone) -> None:
    await phone.reports(RINGS, TAKEN | {"agent": None})
    assert phone.house.cases() == []
    await phone.reports(TALKED | {"agent": None}, HUNG_UP)
    assert (phone.house.case().status, phone.routing()) == ("resolved", ["task_closed"])
