"""What the processor `webhooks` promises: each wanted fact arrives at least once, and a dead endpoint delays no other."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import FACTS
from services.platform.core.errors import Unavailable
from services.platform.http.fair_share import ConnectionShares
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
    webhooks = await WebhooksHarness().open()
    event = fact("f1")
    await webhooks.publish(event)
    await webhooks.drain()
    [(url, _, body, headers, _)] = webhooks.http.calls
    assert (url, headers["webhook-id"], json.loads(body)["id"]) == (CRM, "f1", "f1")
    assert json.loads(body) == json.loads(event.model_dump_json())
    assert verification_error(headers, body, [SECRET], webhooks.time_source.now()) is None
    assert (webhooks.delivery("f1").state, webhooks.timers()) == ("delivered", [])


async def test_only_types_that_are_wanted_are_posted() -> None:
    webhooks = await WebhooksHarness().open(
        crm=["pasokh.sla.", "pasokh.conversation.resolved", "pasokh.contact."], other=["pasokh.conversation."]
    )
    kinds = ["conversation.opened", "conversation.resolved", "sla.breached", "contact.opted_out"]
    await webhooks.publish(*[fact(kind, f"pasokh.{kind}") for kind in kinds])
    await webhooks.drain()
    assert webhooks.called(CRM) == ["conversation.resolved", "sla.breached", "contact.opted_out"]
    assert webhooks.called("https://other.example.com/hook") == ["conversation.opened", "conversation.resolved"]


async def test_facts_of_every_noun_are_posted() -> None:
    webhooks = await WebhooksHarness().open()
    for event_type in FACTS:
        await webhooks.publish(fact(event_type, event_type))
        await webhooks.drain()
    assert webhooks.called(CRM) == list(FACTS)


async def test_control_events_and_other_workspaces_are_passed_over() -> None:
    webhooks = await WebhooksHarness().open()
    foreign = fact("f1").model_copy(update={"workspace": "v", "partitionkey": "v/telegram:main:1"})
    await webhooks.publish(
        fact("t", "pasokh.control.watermark"), fact("d", "pasokh.control.watermark_request"), foreign
    )
    assert (webhooks.effects, webhooks.states()) == ([], {})


async def test_a_delivery_is_committed_as_sending_before_its_call() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(fact("f1"))
    assert (webhooks.delivery("f1").state, webhooks.delivery("f1").attempts, webhooks.http.calls) == ("sending", 1, [])


async def test_a_bounded_number_is_in_flight_and_the_rest_follows() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(*facts(50))
    assert len(webhooks.effects) == MAX_IN_FLIGHT
    while webhooks.effects:
        await webhooks.complete_effects(limit=1)
        assert len(webhooks.effects) <= MAX_IN_FLIGHT
    assert sorted(webhooks.called()) == sorted(f"f{n}" for n in range(50))
    assert webhooks.states() == {"delivered": 50}


@pytest.mark.parametrize("code", [302, 400, 401, 404, 409, 422, 429, 500, 503])
async def test_an_answer_that_is_no_2xx_is_tried_again_after_five_seconds(code: int) -> None:
    webhooks = await WebhooksHarness().open()
    webhooks.answers[CRM] = status(code)
    await webhooks.publish(fact("f1"))
    await webhooks.drain()
    webhooks.answers.clear()
    await webhooks.advance(4.9)
    assert len(webhooks.http.calls) == 1
    await webhooks.advance(1)
    assert webhooks.called() == ["f1", "f1"]
    tries = webhooks.delivery("f1").recent_attempts
    assert ([one.status for one in tries], webhooks.delivery("f1").state) == ([code, 204], "delivered")


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
    webhooks = await WebhooksHarness().open()
    webhooks.answers[CRM] = lambda: error
    await webhooks.publish(fact("f1"))
    await webhooks.drain()
    assert webhooks.delivery("f1").recent_attempts[0].status is None
    assert webhooks.delivery("f1").recent_attempts[0].detail
    webhooks.answers.clear()
    await webhooks.advance(10)
    assert webhooks.delivery("f1").state == "delivered"


async def test_the_schedule_is_kept_and_then_it_is_given_up() -> None:
    webhooks = await WebhooksHarness().open()
    webhooks.answers[CRM] = status(500)
    await webhooks.publish(fact("f1"))
    await webhooks.advance(WHOLE_SCHEDULE)
    record = webhooks.delivery("f1")
    assert (record.state, record.attempts, webhooks.timers()) == ("failed", len(SCHEDULE_SECONDS), [])
    waits = [
        (b.at - a.at).total_seconds() for a, b in zip(record.recent_attempts, record.recent_attempts[1:], strict=False)
    ]
    assert all(plan <= wait <= plan * 1.1 + 300 for plan, wait in zip(SCHEDULE_SECONDS[1:], waits, strict=True))


async def test_retry_after_of_an_endpoint_is_waited_for() -> None:
    webhooks = await WebhooksHarness().open()
    webhooks.answers[CRM] = status(503, retry_after="120")
    await webhooks.publish(fact("f1"))
    await webhooks.drain()
    await webhooks.advance(119)
    assert len(webhooks.http.calls) == 1
    await webhooks.advance(2)
    assert len(webhooks.http.calls) == 2


async def test_410_switches_an_endpoint_off_until_its_subscription_is_written_again() -> None:
    webhooks = await WebhooksHarness().open()
    webhooks.answers[CRM] = status(410)
    await webhooks.publish(*facts(30))
    await webhooks.advance(WHOLE_SCHEDULE)
    assert len(webhooks.http.calls) <= MAX_IN_FLIGHT
    assert webhooks.states() == {"failed": 30}
    await webhooks.publish(fact("not-delivered"))
    assert webhooks.effects == []
    webhooks.answers.clear()
    await webhooks.subscribe("crm")
    await webhooks.publish(fact("delivered-again"))
    await webhooks.drain()
    assert webhooks.called()[-1] == "delivered-again"


async def test_a_dead_endpoint_costs_few_calls_and_delays_no_other() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.subscribe("dead")
    webhooks.answers[DEAD] = lambda: SendOutcomeUnknown("reset")
    for hour in range(10):
        await webhooks.publish(*facts(100, f"h{hour}-"))
        await webhooks.drain()
        assert webhooks.states()["delivered"] == (hour + 1) * 100
        await webhooks.advance(360)
    assert len(webhooks.called(DEAD)) <= MAX_IN_FLIGHT + 10 + 3600 / 300 + 10
    webhooks.answers.clear()
    await webhooks.advance(WHOLE_SCHEDULE)
    assert webhooks.states() == {"delivered": 2000}


async def test_deliveries_of_a_deleted_subscription_are_given_up() -> None:
    webhooks = await WebhooksHarness().open()
    webhooks.answers[CRM] = status(500)
    await webhooks.publish(*facts(40))
    await webhooks.drain()
    await webhooks.unsubscribe("crm")
    await webhooks.advance(600)
    assert (webhooks.states(), webhooks.timers()) == ({"failed": 40}, [])


async def test_a_call_that_died_with_its_process_is_made_again_under_the_same_id() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(fact("f1"))
    webhooks.restart()
    await webhooks.advance(ASSUME_UNKNOWN_AFTER.total_seconds() + 10)
    assert webhooks.called() == ["f1"]
    assert (webhooks.delivery("f1").state, webhooks.delivery("f1").attempts) == ("delivered", 2)


async def test_waiting_for_a_connection_is_no_try_and_nothing_against_the_endpoint() -> None:
    webhooks = await WebhooksHarness().open()
    shares = ConnectionShares(1)
    # Real seconds, of which several hundred calls would wait one after the other.
    webhooks.processor = PROCESSOR.bind(replace(webhooks.dependencies, shares=shares, wait_seconds=0))
    async with shares.acquire("another", "slow"):
        await webhooks.publish(*facts(3))
        for _ in range(5):
            await webhooks.advance(60)
        assert webhooks.http.calls == []
        assert webhooks.states() == {"pending": 3}
        assert {(one.attempts, len(one.recent_attempts)) for one in map(webhooks.delivery, ["f0", "f1", "f2"])} == {
            (0, 0)
        }
        assert (webhooks.endpoint().failures, webhooks.endpoint().paused_until) == (0, None)
    await webhooks.advance(2)
    assert webhooks.states() == {"delivered": 3}


async def test_a_store_that_is_away_is_no_failure_of_the_endpoint() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(fact("f1"))
    webhooks.store.failure = Unavailable("away")
    [effect] = webhooks.effects
    result = await webhooks.processor.perform(effect)
    webhooks.store.failure, webhooks.effects = None, []
    await webhooks.batch([EffectCompleted(effect.name, result, effect.request)])
    assert (webhooks.delivery("f1").attempts, webhooks.endpoint().failures) == (0, 0)
    await webhooks.advance(2)
    assert webhooks.states() == {"delivered": 1}


async def test_a_process_that_dies_is_no_failure_of_the_endpoint() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(fact("f1"))
    webhooks.restart()
    await webhooks.advance(31)
    assert (webhooks.delivery("f1").attempts, webhooks.endpoint().failures) == (1, 0)


async def test_a_late_result_changes_nothing() -> None:
    webhooks = await WebhooksHarness().open()
    webhooks.answers[CRM] = status(500)
    await webhooks.publish(fact("f1"))
    late = webhooks.effects.copy()
    await webhooks.drain()
    before = webhooks.delivery("f1")
    webhooks.effects = late
    await webhooks.complete_effects()
    assert webhooks.delivery("f1") == before


async def test_one_fact_is_replayed_by_its_id() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(*facts(3))
    await webhooks.drain()
    await webhooks.replay(event="f1")
    await webhooks.drain()
    assert webhooks.called()[3:] == ["f1"]
    assert webhooks.states() == {"delivered": 3}


async def test_a_span_of_time_is_replayed_whole_page_by_page() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(*facts(450))
    await webhooks.drain()
    start = fact("x").time
    await webhooks.replay(since=start, until=start + timedelta(seconds=1))
    await webhooks.advance(1)
    assert sorted(webhooks.called()[450:]) == sorted(f"f{n}" for n in range(450))


async def test_a_replay_before_or_after_the_facts_sends_nothing() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(*facts(3))
    await webhooks.drain()
    await webhooks.replay(since=fact("x").time + timedelta(seconds=1))
    await webhooks.advance(1)
    await webhooks.replay(webhook="nobody", event="f1")
    assert len(webhooks.http.calls) == 3


async def test_settled_deliveries_are_forgotten_after_thirty_days() -> None:
    webhooks = await WebhooksHarness().open()
    await webhooks.publish(*facts(3))
    await webhooks.drain()
    webhooks.time_source.move(29 * 86400)
    assert await purge_expired(webhooks.store, [WEBHOOK_DELIVERIES], webhooks.time_source.now()) == 0
    webhooks.time_source.move(2 * 86400)
    assert await purge_expired(webhooks.store, [WEBHOOK_DELIVERIES], webhooks.time_source.now()) == 3
    assert webhooks.states() == {}


steps = st.lists(
    st.sampled_from(["publish", "answer one", "answer all", "fail", "heal", "crash", "wait", "long wait"]), max_size=40
)


@examples(60)
@given(steps)
async def test_whatever_happens_everything_arrives_at_least_once(steps: list[str]) -> None:
    """Unless it was tried to the end of the schedule."""
    webhooks = await WebhooksHarness().open()
    made = 0
    for step in steps:
        match step:
            case "publish":
                await webhooks.publish(*facts(5, f"s{made}-"))
                made += 1
            case "answer one":
                await webhooks.complete_effects(limit=1)
            case "answer all":
                await webhooks.complete_effects()
            case "fail":
                webhooks.answers[CRM] = status(500)
            case "heal":
                webhooks.answers.clear()
            case "crash":
                webhooks.restart()
            case "wait":
                await webhooks.advance(7)
            case "long wait":
                await webhooks.advance(400)
    webhooks.answers.clear()
    await webhooks.advance(WHOLE_SCHEDULE)
    assert webhooks.states() == ({"delivered": made * 5} if made else {})
    assert set(webhooks.called()) == {f"s{n}-{i}" for n in range(made) for i in range(5)}
