"""What the stage `webhooks` promises: everything that is wanted arrives at least once, and a dead endpoint is alone."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.platform.core.errors import Unavailable
from services.platform.http.fair_share import Shares
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.http.standard_webhooks import verification_error
from services.platform.processing.inputs import EffectCompleted
from services.platform.store.expiry import purge_expired
from services.records.subscriptions import WEBHOOK_DELIVERIES
from services.subscriptions.domain.retries import ASSUME_UNKNOWN_AFTER, MAX_IN_FLIGHT, SCHEDULE_SECONDS
from services.subscriptions.processor import PROCESSOR
from tests.examples import examples
from tests.subscriptions.harness import CRM, DEAD, SECRET, WebhooksHarness, fact, facts, status

WHOLE_SCHEDULE = sum(SCHEDULE_SECONDS) * 1.2


async def test_a_fact_is_posted_as_it_is_signed_under_its_id() -> None:
    office = await WebhooksHarness().open()
    event = fact("f1")
    await office.happen(event)
    await office.drain()
    [(url, _, body, headers)] = office.http.calls
    assert (url, headers["webhook-id"], json.loads(body)["id"]) == (CRM, "f1", "f1")
    assert json.loads(body) == json.loads(event.model_dump_json())
    assert verification_error(headers, body, [SECRET], office.time_source.now()) is None
    assert (office.delivery("f1").state, office.timers()) == ("delivered", [])


async def test_only_types_that_are_wanted_are_posted() -> None:
    office = await WebhooksHarness().open(
        crm=["pasokh.sla.", "pasokh.conversation.resolved"], other=["pasokh.conversation."]
    )
    kinds = ["conversation.opened", "conversation.resolved", "sla.breached"]
    await office.happen(*[fact(kind, f"pasokh.{kind}") for kind in kinds])
    await office.drain()
    assert office.called(CRM) == ["conversation.resolved", "sla.breached"]
    assert office.called("https://other.example.com/hook") == ["conversation.opened", "conversation.resolved"]


async def test_control_events_and_other_workspaces_are_passed_over() -> None:
    office = await WebhooksHarness().open()
    foreign = fact("f1").model_copy(update={"workspace": "v", "partitionkey": "v/telegram:main:1"})
    await office.happen(fact("t", "pasokh.control.watermark"), fact("d", "pasokh.control.watermark_request"), foreign)
    assert (office.effects, office.states()) == ([], {})


async def test_nothing_goes_out_before_it_is_committed_as_sending() -> None:
    office = await WebhooksHarness().open()
    await office.happen(fact("f1"))
    assert (office.delivery("f1").state, office.delivery("f1").attempts, office.http.calls) == ("sending", 1, [])


async def test_a_bounded_number_is_in_flight_and_the_rest_follows() -> None:
    office = await WebhooksHarness().open()
    await office.happen(*facts(50))
    assert len(office.effects) == MAX_IN_FLIGHT
    while office.effects:
        await office.complete_effects(limit=1)
        assert len(office.effects) <= MAX_IN_FLIGHT
    assert sorted(office.called()) == sorted(f"f{n}" for n in range(50))
    assert office.states() == {"delivered": 50}


@pytest.mark.parametrize("code", [302, 400, 401, 404, 409, 422, 429, 500, 503])
async def test_whatever_is_no_2xx_is_tried_again_after_five_seconds(code: int) -> None:
    office = await WebhooksHarness().open()
    office.answers[CRM] = status(code)
    await office.happen(fact("f1"))
    await office.drain()
    office.answers.clear()
    await office.advance(4.9)
    assert len(office.http.calls) == 1
    await office.advance(1)
    assert office.called() == ["f1", "f1"]
    tries = office.delivery("f1").recent_attempts
    assert ([one.status for one in tries], office.delivery("f1").state) == ([code, 204], "delivered")


@pytest.mark.parametrize(
    "error",
    [
        TransientSendError("no connection"),
        SendOutcomeUnknown("reset"),
        PermanentSendError("target", "a private network"),
        TimeoutError(),
    ],
)
async def test_a_call_without_an_answer_is_tried_again(error: Exception) -> None:
    office = await WebhooksHarness().open()
    office.answers[CRM] = lambda: error
    await office.happen(fact("f1"))
    await office.drain()
    assert office.delivery("f1").recent_attempts[0].status is None
    assert office.delivery("f1").recent_attempts[0].detail
    office.answers.clear()
    await office.advance(10)
    assert office.delivery("f1").state == "delivered"


async def test_the_schedule_is_kept_and_then_it_is_given_up() -> None:
    office = await WebhooksHarness().open()
    office.answers[CRM] = status(500)
    await office.happen(fact("f1"))
    await office.advance(WHOLE_SCHEDULE)
    record = office.delivery("f1")
    assert (record.state, record.attempts, office.timers()) == ("failed", len(SCHEDULE_SECONDS), [])
    waits = [
        (b.at - a.at).total_seconds() for a, b in zip(record.recent_attempts, record.recent_attempts[1:], strict=False)
    ]
    assert all(plan <= wait <= plan * 1.1 + 300 for plan, wait in zip(SCHEDULE_SECONDS[1:], waits, strict=True))


async def test_an_endpoint_that_asks_for_patience_gets_it() -> None:
    office = await WebhooksHarness().open()
    office.answers[CRM] = status(503, retry_after="120")
    await office.happen(fact("f1"))
    await office.drain()
    await office.advance(119)
    assert len(office.http.calls) == 1
    await office.advance(2)
    assert len(office.http.calls) == 2


async def test_gone_switches_it_off_until_it_is_written_again() -> None:
    office = await WebhooksHarness().open()
    office.answers[CRM] = status(410)
    await office.happen(*facts(30))
    await office.advance(WHOLE_SCHEDULE)
    assert len(office.http.calls) <= MAX_IN_FLIGHT
    assert office.states() == {"failed": 30}
    await office.happen(fact("unheard"))
    assert office.effects == []
    office.answers.clear()
    await office.subscribe("crm")
    await office.happen(fact("heard"))
    await office.drain()
    assert office.called()[-1] == "heard"


async def test_a_dead_endpoint_costs_little_and_holds_up_nobody() -> None:
    office = await WebhooksHarness().open()
    await office.subscribe("dead")
    office.answers[DEAD] = lambda: SendOutcomeUnknown("reset")
    for hour in range(10):
        await office.happen(*facts(100, f"h{hour}-"))
        await office.drain()
        assert office.states()["delivered"] == (hour + 1) * 100
        await office.advance(360)
    assert len(office.called(DEAD)) <= MAX_IN_FLIGHT + 10 + 3600 / 300 + 10
    office.answers.clear()
    await office.advance(WHOLE_SCHEDULE)
    assert office.states() == {"delivered": 2000}


async def test_deliveries_of_a_deleted_subscription_are_given_up() -> None:
    office = await WebhooksHarness().open()
    office.answers[CRM] = status(500)
    await office.happen(*facts(40))
    await office.drain()
    await office.unsubscribe("crm")
    await office.advance(600)
    assert (office.states(), office.timers()) == ({"failed": 40}, [])


async def test_a_call_that_died_with_its_process_is_made_again_under_the_same_id() -> None:
    office = await WebhooksHarness().open()
    await office.happen(fact("f1"))
    office.restart()
    await office.advance(ASSUME_UNKNOWN_AFTER.total_seconds() + 10)
    assert office.called() == ["f1"]
    assert (office.delivery("f1").state, office.delivery("f1").attempts) == ("delivered", 2)


async def test_waiting_for_a_connection_is_no_try_and_nothing_against_the_endpoint() -> None:
    office = await WebhooksHarness().open()
    shares = Shares(1)
    office.processor = PROCESSOR.bind(replace(office.outside, shares=shares))
    async with shares.held("another", "slow"):
        await office.happen(*facts(3))
        for _ in range(5):
            await office.advance(60)
        assert office.http.calls == []
        assert office.states() == {"pending": 3}
        assert {(one.attempts, len(one.recent_attempts)) for one in map(office.delivery, ["f0", "f1", "f2"])} == {
            (0, 0)
        }
        assert (office.line().failures, office.line().paused_until) == (0, None)
    await office.advance(2)
    assert office.states() == {"delivered": 3}


async def test_a_store_that_is_away_is_no_failure_of_the_endpoint() -> None:
    office = await WebhooksHarness().open()
    await office.happen(fact("f1"))
    office.store.failure = Unavailable("away")
    [effect] = office.effects
    said = await office.processor.perform(effect)
    office.store.failure, office.effects = None, []
    await office.batch([EffectCompleted(effect.name, said, effect.request)])
    assert (office.delivery("f1").attempts, office.line().failures) == (0, 0)
    await office.advance(2)
    assert office.states() == {"delivered": 1}


async def test_a_process_that_dies_is_no_failure_of_the_endpoint() -> None:
    office = await WebhooksHarness().open()
    await office.happen(fact("f1"))
    office.restart()
    await office.advance(31)
    assert (office.delivery("f1").attempts, office.line().failures) == (1, 0)


async def test_a_late_result_changes_nothing() -> None:
    office = await WebhooksHarness().open()
    office.answers[CRM] = status(500)
    await office.happen(fact("f1"))
    late = office.effects.copy()
    await office.drain()
    before = office.delivery("f1")
    office.effects = late
    await office.complete_effects()
    assert office.delivery("f1") == before


async def test_one_fact_is_replayed_by_its_id() -> None:
    office = await WebhooksHarness().open()
    await office.happen(*facts(3))
    await office.drain()
    await office.replay(event="f1")
    await office.drain()
    assert office.called()[3:] == ["f1"]
    assert office.states() == {"delivered": 3}


async def test_a_span_of_time_is_replayed_whole_page_by_page() -> None:
    office = await WebhooksHarness().open()
    await office.happen(*facts(450))
    await office.drain()
    start = fact("x").time
    await office.replay(since=start, until=start + timedelta(seconds=1))
    await office.advance(1)
    assert sorted(office.called()[450:]) == sorted(f"f{n}" for n in range(450))


async def test_a_replay_before_or_after_the_facts_sends_nothing() -> None:
    office = await WebhooksHarness().open()
    await office.happen(*facts(3))
    await office.drain()
    await office.replay(since=fact("x").time + timedelta(seconds=1))
    await office.advance(1)
    await office.replay(webhook="nobody", event="f1")
    assert len(office.http.calls) == 3


async def test_settled_deliveries_are_forgotten_after_thirty_days() -> None:
    office = await WebhooksHarness().open()
    await office.happen(*facts(3))
    await office.drain()
    office.time_source.move(29 * 86400)
    assert await purge_expired(office.store, [WEBHOOK_DELIVERIES], office.time_source.now()) == 0
    office.time_source.move(2 * 86400)
    assert await purge_expired(office.store, [WEBHOOK_DELIVERIES], office.time_source.now()) == 3
    assert office.states() == {}


steps = st.lists(
    st.sampled_from(["happen", "answer one", "answer all", "fail", "heal", "crash", "wait", "long wait"]), max_size=40
)


@examples(60)
@given(steps)
async def test_whatever_happens_everything_arrives_at_least_once(steps: list[str]) -> None:
    """Unless it was tried to the end of the schedule."""
    office = await WebhooksHarness().open()
    made = 0
    for step in steps:
        match step:
            case "happen":
                await office.happen(*facts(5, f"s{made}-"))
                made += 1
            case "answer one":
                await office.complete_effects(limit=1)
            case "answer all":
                await office.complete_effects()
            case "fail":
                office.answers[CRM] = status(500)
            case "heal":
                office.answers.clear()
            case "crash":
                office.restart()
            case "wait":
                await office.advance(7)
            case "long wait":
                await office.advance(400)
    office.answers.clear()
    await office.advance(WHOLE_SCHEDULE)
    assert office.states() == ({"delivered": made * 5} if made else {})
    assert set(office.called()) == {f"s{n}-{i}" for n in range(made) for i in range(5)}
