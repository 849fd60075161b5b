"""Calling back: an agent's telephone rings, then the customer's; the call is a message, and an answer once it is taken."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.activity import Activity, Call
from schemas.channel import Capabilities, TextLimit
from schemas.commands import CommandResult, PlaceCall, Resolve
from schemas.outbound import ActionFailed, ActionPerformed, ChannelAction
from schemas.values import Failure
from services.router.conversations.placed_calls import NOT_REPORTED_AFTER
from services.router.conversations.talks import LATE_REPORTS, LONGEST_CALL
from tests.fakes import START
from tests.router.conversations.harness import ConversationsHarness

CALLS_BACK = Capabilities(
    surfaces=("private",),
    text_limits=(TextLimit(limit=20),),
    actions=("call",),
    callers=("mina",),
)
AGENT_RINGS, AGENT_TAKES, AGENT_ENDS = ({"leg": "agent", "state": state} for state in ("ringing", "answered", "ended"))
RINGS, TAKES, ENDS = ({"leg": "customer", "state": state} for state in ("ringing", "answered", "ended"))
AGENT_LET_RING = {"leg": "agent", "state": "missed"}, {"leg": "customer", "state": "failed"}


class Desk:
    """A customer who was missed, and an agent who calls back."""

    def __init__(self) -> None:
        self.house = ConversationsHarness(capabilities={"telegram": CALLS_BACK})
        self._number = 1

    async def missed(self) -> None:
        missed = Call(id="C1", state="missed")
        await self.house.customer(1, kind="call", message="call-1", text=None, call=missed, sent_at=START)

    async def calls(self, agent: str = "mina") -> CommandResult:
        case, now = self.house.case(), self.house.driver.now
        placed = PlaceCall(conversation=case.id, agent=agent, agent_name="Mina", accepted_at=now, request_hash="h")
        return await self.house.command("place_call", placed)

    @property
    def message(self) -> str:
        return self.house.messages()[-1].id

    def action(self) -> ChannelAction:
        sent = [one for one in self.house.driver.sent if one.type == "pasokh.outbound.action"]
        return ChannelAction.model_validate(sent[-1].data)

    async def placed(self) -> None:
        action = self.action()
        performed = ActionPerformed(
            action=action.id, kind="call", message=action.message, conversation=action.conversation, key=action.key,
            platform_id="CA9", attempts=1, at=self.house.driver.now,
        )  # fmt: skip
        await self.house.arrives("deliveries", "pasokh.delivery.action_performed", performed)

    async def not_placed(self, code: str) -> None:
        action = self.action()
        failed = ActionFailed(
            action=action.id, kind="call", message=action.message, conversation=action.conversation, key=action.key,
            error=Failure(code=code, detail="why"), attempts=1, at=self.house.driver.now,
        )  # fmt: skip
        await self.house.arrives("deliveries", "pasokh.delivery.action_failed", failed)

    def report(self, state: dict[str, Any], **more: Any) -> Activity:
        self._number += 1
        call = Call.model_validate({"id": "CA9", "direction": "outbound", **state})
        return self.house.activity(self._number, "call", message=self.message, text=None, call=call, **more)

    async def reports(self, *states: dict[str, Any], **more: Any) -> None:
        for state in states:
            await self.house.arrives("inbound", "pasokh.inbound.call", self.report(state, **more))

    def shown(self) -> tuple[str, str, float | None, str]:
        """Text, state of the call, length, and state of the message."""
        message = self.house.messages()[-1]
        assert message.text is not None
        assert message.call is not None
        return message.text.text, message.call.state, message.call.seconds, message.state

    def routing(self) -> list[str]:
        return [one.type.removeprefix("pasokh.routing.") for one in self.house.driver.sent if ".routing." in one.type]


@pytest.fixture
async def desk() -> Desk:
    found = Desk()
    await found.missed()
    return found


async def test_who_calls_back_has_the_conversation_and_its_telephone_rings(desk: Desk) -> None:
    assert (await desk.calls()).status == "applied"
    case = desk.house.case()
    assert (case.status, case.agent, case.active_call) == ("assigned", "mina", desk.message)
    assert desk.routing() == ["task_queued", "task_force_assigned"]
    action = desk.action()
    assert (action.kind, action.agent, action.message, action.address.chat) == ("call", "mina", desk.message, "1")
    assert desk.shown() == ("Call", "ringing", None, "queued")
    assert [fact.message for fact in desk.house.facts("call_placed")] == [desk.message]
    # It answers nothing yet: the customer waits on.
    assert case.response_tracking.open_run() is not None


async def test_a_call_that_the_customer_took_is_the_answer_and_its_end_resolves(desk: Desk) -> None:
    await desk.calls()
    await desk.placed()
    assert desk.shown() == ("Call", "ringing", None, "sent")
    await desk.reports(AGENT_RINGS, AGENT_TAKES, RINGS)
    assert desk.house.case().response_tracking.open_run() is not None
    await desk.reports(TAKES, sent_at=START + timedelta(minutes=4))
    assert desk.shown()[:2] == ("Call in progress", "answered")
    (answered,) = desk.house.facts("reply_delivered")
    assert answered.first_response is not None
    assert answered.first_response.stopped_at == START + timedelta(minutes=4)
    assert desk.house.case().response_tracking.open_run() is None
    await desk.reports(ENDS | {"seconds": 38}, AGENT_ENDS)
    assert desk.shown() == ("Call", "ended", 38, "sent")
    assert desk.house.case().status == "resolved"
    assert desk.routing()[-1] == "task_closed"


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ([AGENT_TAKES, RINGS, {"leg": "customer", "state": "missed"}], "Call: the customer did not take it"),
        (
            [AGENT_TAKES, RINGS, {"leg": "customer", "state": "abandoned"}],
            "Call: it was hung up before the customer took it",
        ),
        ([*AGENT_LET_RING], "Call: no connection came about"),
    ],
)
async def test_a_call_that_nobody_took_leaves_the_conversation_with_its_agent(
    desk: Desk, states: list[dict[str, Any]], sentence: str
) -> None:
    await desk.calls()
    await desk.placed()
    await desk.reports(*states)
    case = desk.house.case()
    assert desk.shown()[0] == sentence
    assert (case.status, case.agent, case.active_call) == ("assigned", "mina", None)
    assert case.response_tracking.open_run() is not None
    # And may be made again.
    assert (await desk.calls()).status == "applied"


async def test_the_end_may_be_reported_before_what_was_taken(desk: Desk) -> None:
    await desk.calls()
    await desk.placed()
    await desk.reports(AGENT_TAKES, AGENT_ENDS)
    assert desk.house.case().status == "assigned"
    await desk.reports(TAKES, ENDS | {"seconds": 38})
    assert desk.house.case().status == "resolved"
    assert [fact.agent for fact in desk.house.facts("reply_delivered")] == ["mina"]
    assert desk.shown() == ("Call", "ended", 38, "sent")


async def test_reports_may_come_before_the_answer_to_the_request(desk: Desk) -> None:
    await desk.calls()
    await desk.reports(AGENT_RINGS)
    assert desk.shown()[3] == "sent"
    await desk.placed()
    await desk.reports(AGENT_TAKES, TAKES)
    assert desk.shown()[1] == "answered"


async def test_a_call_that_the_platform_refused_shows_why_and_may_be_made_again(desk: Desk) -> None:
    await desk.calls()
    await desk.not_placed("invalid_address")
    message, case = desk.house.messages()[-1], desk.house.case()
    assert (message.state, message.error and message.error.code) == ("failed", "invalid_address")
    assert (case.status, case.agent, case.active_call) == ("assigned", "mina", None)
    assert [fact.action for fact in desk.house.facts("action_failed")] == ["call"]
    assert (await desk.calls()).status == "applied"


async def test_a_call_whose_answer_got_lost_is_known_again_by_its_reports(desk: Desk) -> None:
    await desk.calls()
    await desk.not_placed("outcome_unknown")
    await desk.reports(AGENT_RINGS, AGENT_TAKES, TAKES)
    message = desk.house.messages()[-1]
    assert (message.state, message.error, message.actions) == ("sent", None, [])
    assert desk.house.case().active_call == desk.message
    await desk.reports(ENDS)
    assert desk.house.case().status == "resolved"


async def test_a_call_of_which_nothing_is_reported_is_over_after_a_while(desk: Desk) -> None:
    await desk.calls()
    await desk.placed()
    await desk.house.driver.advance(NOT_REPORTED_AFTER.total_seconds() + 1)
    assert desk.shown()[0] == "Call: no connection came about"
    assert (desk.house.case().status, desk.house.case().active_call) == ("assigned", None)


async def test_a_talk_of_which_no_end_is_reported_is_over_when_the_platform_ends_it(desk: Desk) -> None:
    await desk.calls()
    await desk.reports(AGENT_TAKES, TAKES)
    await desk.house.driver.advance(NOT_REPORTED_AFTER.total_seconds() + 1)
    assert desk.house.case().status == "assigned"
    await desk.house.driver.advance((LONGEST_CALL + LATE_REPORTS).total_seconds())
    assert desk.house.case().status == "resolved"


async def test_a_call_is_refused_with_the_reason(desk: Desk) -> None:
    async def code(agent: str = "mina") -> tuple[int, str]:
        problem = (await desk.calls(agent)).problem
        assert problem is not None
        return problem.status, problem.title

    assert await code("ben") == (409, "No telephone")
    assert desk.routing() == ["task_queued"]
    await desk.calls()
    assert await code() == (409, "Call in progress")
    assert (await code("ben"))[1] == "Not the assignee"
    await desk.not_placed("invalid_address")
    resolve = Resolve(conversation=desk.house.case().id, agent="mina", accepted_at=START, request_hash="h")
    await desk.house.command("resolve", resolve)
    assert (await code())[0] == 409
    assert len([one for one in desk.house.driver.sent if one.type == "pasokh.outbound.action"]) == 1


async def test_who_withholds_the_number_cannot_be_called() -> None:
    desk, missed = Desk(), Call(id="C1", state="missed")
    await desk.house.customer(1, kind="call", message="call-1", text=None, call=missed, address=None)
    problem = (await desk.calls()).problem
    assert problem is not None
    assert problem.title == "No number"


async def test_a_channel_without_telephones_calls_nobody() -> None:
    house = ConversationsHarness()
    await house.customer()
    placed = PlaceCall(conversation=house.case().id, agent="mina", accepted_at=START, request_hash="h")
    problem = (await house.command("place_call", placed)).problem
    assert problem is not None
    assert (problem.status, problem.title) == (409, "Not possible on this channel")


async def test_a_repeated_report_of_an_end_resolves_once(desk: Desk) -> None:
    await desk.calls()
    await desk.reports(AGENT_TAKES, TAKES)
    ended = desk.report(ENDS)
    for _ in range(2):
        await desk.house.arrives("inbound", "pasokh.inbound.call", ended)
    assert len(desk.house.facts("resolved")) == 1
