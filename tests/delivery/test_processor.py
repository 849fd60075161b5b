"""What the sender promises, on documents, facts and attempts."""

from datetime import timedelta

import pytest

from schemas.channel import Capabilities, RateLimit
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.port import Account
from services.delivery.context import SendEffect
from services.delivery.domain.outcomes import ASSUME_UNKNOWN_AFTER, MAX_RETRY_PERIOD, START_WITHIN, AttemptResult
from services.platform.core.errors import Unavailable
from services.platform.http.outgoing import PermanentSendError, SendOutcomeUnknown, TransientSendError
from services.platform.processing.inputs import EffectCompleted
from tests.delivery.harness import LIKE_TELEGRAM, ScriptedChannel, SenderHarness, arrived, outbound
from tests.fakes import START


def raising(*errors: Exception) -> ScriptedChannel:
    """A channel that raises these one after the other and then takes everything."""
    left = list(errors)

    async def script(message: OutboundMessage, account: Account) -> str:
        if left:
            raise left.pop(0)
        return f"tg-{message.id}"

    return ScriptedChannel(script=script)


# -- the common way ----------------------------------------------------------------------------------------------------


async def test_message_is_committed_as_sending_before_anything_goes_out() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    assert (sender.record("a").state, sender.record("a").attempts, sender.channel.attempted) == ("sending", 1, [])
    assert [t.due_at for t in sender.timers()] == [START + ASSUME_UNKNOWN_AFTER]


async def test_sent_message_is_one_fact_and_leaves_no_timer_and_no_queue() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    (event,) = sender.sent
    assert (event.type, event.partitionkey) == ("pasokh.delivery.sent", "w/telegram:main:42")
    assert event.data["platform_id"] == "tg-a"
    assert (sender.timers(), sender.queue("w/telegram:main:42")) == ([], None)


async def test_settled_send_keeps_no_text() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    assert sender.record("a").message.text == EncryptedText(text="")
    assert "text of a" not in str(sender.store.documents)


async def test_repeated_event_sends_nothing_again() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"), outbound("a"))
    await sender.complete_all_effects()
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    assert sender.channel.attempted == ["a"]
    assert sender.facts() == [("sent", "a")]


async def test_secrets_rest_in_no_document_of_the_sender() -> None:
    sender = SenderHarness()
    sender.connect({"bot_token": "1:very-secret"})
    await sender.arrive(outbound("a"))
    mine = {k: d for k, d in sender.store.documents.items() if not k.collection.startswith("configuration")}
    assert "very-secret" not in str(mine)
    assert "very-secret" not in str(sender.effects)


# -- order of a person -------------------------------------------------------------------------------------------------


async def test_messages_of_a_person_go_one_after_the_other() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"), outbound("b"), outbound("c"))
    assert [effect.name for effect in sender.effects] == ["send/a"]
    await sender.complete_all_effects()
    assert sender.channel.attempted == ["a", "b", "c"]


async def test_persons_do_not_wait_for_each_other() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a", "1"), outbound("b", "2"))
    assert [effect.name for effect in sender.effects] == ["send/a", "send/b"]


async def test_retry_holds_the_persons_later_messages_back() -> None:
    sender = SenderHarness(raising(TransientSendError("busy")))
    await sender.arrive(outbound("a"), outbound("b"))
    await sender.complete_all_effects()
    assert (sender.record("a").state, sender.record("b").state) == ("retry", "queued")
    await sender.run_until_idle()
    assert sender.channel.attempted == ["a", "a", "b"]
    assert sender.facts() == [("sent", "a"), ("sent", "b")]


async def test_failed_message_lets_the_next_one_go_in_the_same_batch() -> None:
    sender = SenderHarness(raising(PermanentSendError("blocked", "the bot was blocked by the user")))
    await sender.arrive(outbound("a"), outbound("b"))
    await sender.batch([await sender.perform()])
    assert (sender.error_code("a"), sender.record("b").state) == ("blocked", "sending")


async def test_results_and_arrivals_of_a_person_in_one_batch_keep_the_order() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"), outbound("b"))
    result = await sender.perform()
    await sender.batch([arrived(outbound("c")), result])
    await sender.complete_all_effects()
    assert sender.channel.attempted == ["a", "b", "c"]


# -- doubt -------------------------------------------------------------------------------------------------------------


async def test_lost_result_is_settled_as_unknown_and_never_sent_again() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    await sender.perform()
    sender.restart()
    await sender.run_until_idle()
    assert sender.channel.attempted == ["a"]
    assert (sender.facts(), sender.error_code("a")) == ([("failed", "a")], "outcome_unknown")


async def test_new_owner_does_not_settle_while_the_old_one_may_still_send() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    sender.restart()
    sender.time_source.move(ASSUME_UNKNOWN_AFTER.total_seconds() - 1)
    await sender.fire_due()
    assert sender.record("a").state == "sending"
    sender.time_source.move(1)
    await sender.fire_due()
    assert sender.record("a").state == "failed"


async def test_uncertain_send_fails_at_once_as_unknown() -> None:
    sender = SenderHarness(raising(SendOutcomeUnknown("reset")))
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    assert (sender.error_code("a"), sender.timers()) == ("outcome_unknown", [])


async def test_bug_of_a_channel_counts_as_unknown_because_it_may_have_sent() -> None:
    sender = SenderHarness(raising(KeyError("result")))
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    assert sender.error_code("a") == "outcome_unknown"


async def test_result_after_the_settling_changes_nothing() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    late = await sender.perform()
    sender.time_source.move(ASSUME_UNKNOWN_AFTER.total_seconds())
    await sender.fire_due()
    await sender.batch([late])
    assert sender.facts() == [("failed", "a")]


async def test_result_of_an_earlier_attempt_changes_nothing() -> None:
    sender = SenderHarness(raising(TransientSendError("busy")))
    await sender.arrive(outbound("a"))
    first = await sender.perform()
    await sender.batch([first])
    await sender.run_to_next_timer()
    await sender.batch([first])
    assert (sender.record("a").state, sender.record("a").attempts) == ("sending", 2)


async def test_repeated_result_is_one_fact() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    result = await sender.perform()
    await sender.batch([result, result])
    await sender.batch([result])
    assert sender.facts() == [("sent", "a")]


async def test_result_of_an_unknown_message_is_ignored() -> None:
    sender = SenderHarness()
    await sender.batch(
        [
            EffectCompleted(
                "send/x",
                AttemptResult(kind="sent"),
                SendEffect(key="w/telegram:main:42", attempt=1, message=outbound("x")),
            )
        ]
    )
    assert sender.facts() == []


# -- starting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [START_WITHIN.total_seconds() + 0.001, -START_WITHIN.total_seconds() - 0.001])
async def test_attempt_too_far_from_its_commit_does_not_start_and_is_tried_again(seconds: float) -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    sender.time_source.move(seconds)
    await sender.batch([await sender.perform()])
    assert (sender.channel.attempted, sender.record("a").state) == ([], "retry")
    sender.time_source.at = START
    await sender.run_until_idle()
    assert sender.facts() == [("sent", "a")]


async def test_unreadable_configuration_is_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))

    async def away(keys: object) -> None:
        raise Unavailable("store away")

    with monkeypatch.context() as patch:
        patch.setattr(sender.store, "get_many", away)
        result = await sender.perform()
    await sender.batch([result])
    assert sender.record("a").state == "retry"


@pytest.mark.parametrize("credentials", [None, {}, {"other": "x"}])
async def test_account_that_is_gone_or_without_credentials_fails_the_message(
    credentials: dict[str, str] | None,
) -> None:
    sender = SenderHarness()
    sender.connect(credentials)
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    assert (sender.error_code("a"), sender.channel.attempted) == ("account_missing", [])


async def test_unknown_channel_or_workspace_fails_the_message() -> None:
    sender = SenderHarness()
    strange = outbound("b", "7").model_copy(update={"channel": "pigeon"})
    await sender.arrive(outbound("a", workspace="gone"), strange)
    await sender.complete_all_effects()
    assert (sender.error_code("a"), sender.error_code("b")) == ("account_missing", "account_missing")


async def test_credentials_changed_while_waiting_are_used_at_the_next_attempt() -> None:
    seen: list[str] = []

    async def script(message: OutboundMessage, account: Account) -> str | None:
        seen.append(account.token("bot_token"))
        if len(seen) == 1:
            raise TransientSendError("busy")
        return None

    sender = SenderHarness(ScriptedChannel(script=script))
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    sender.connect({"bot_token": "2:b"})
    await sender.run_until_idle()
    assert seen == ["1:a", "2:b"]


# -- trying again ------------------------------------------------------------------------------------------------------


async def test_unreachable_platform_is_given_up_after_a_day_and_not_before() -> None:
    async def down(message: OutboundMessage, account: Account) -> str:
        raise TransientSendError("no connection")

    sender = SenderHarness(ScriptedChannel(script=down))
    await sender.arrive(outbound("a"))
    await sender.run_until_idle()
    assert sender.error_code("a") == "unreachable"
    assert MAX_RETRY_PERIOD - timedelta(minutes=2) < sender.time_source.at - START <= MAX_RETRY_PERIOD
    assert sender.record("a").attempts == len(sender.channel.attempted)


async def test_platform_that_names_a_time_for_the_account_is_obeyed_by_the_whole_account() -> None:
    sender = SenderHarness(raising(TransientSendError("unavailable", after=30.0, scope="account")))
    await sender.arrive(outbound("a", "1"))
    await sender.complete_all_effects()
    await sender.arrive(outbound("b", "2"))
    assert sender.record("b").state == "waiting"
    assert {t.due_at for t in sender.timers()} == {START + timedelta(seconds=30)}
    await sender.run_until_idle()
    assert sorted(sender.facts()) == [("sent", "a"), ("sent", "b")]


async def test_other_accounts_do_not_share_a_pause() -> None:
    sender = SenderHarness(raising(TransientSendError("unavailable", after=30.0, scope="account")))
    await sender.arrive(outbound("a", "1"))
    await sender.complete_all_effects()
    await sender.arrive(outbound("b", "2").model_copy(update={"account": "second", "key": "w/telegram:second:2"}))
    assert sender.record("b").state == "sending"


# -- rate limits -------------------------------------------------------------------------------------------------------


async def test_second_message_to_a_chat_within_a_second_waits_for_its_slot() -> None:
    sender = SenderHarness(ScriptedChannel(capabilities=LIKE_TELEGRAM))
    await sender.arrive(outbound("a"), outbound("b"))
    await sender.complete_all_effects()
    assert (sender.channel.attempted, sender.record("b").state) == (["a"], "waiting")
    assert sender.record("b").due_at == START + timedelta(seconds=1)
    await sender.run_until_idle()
    assert sender.channel.attempted == ["a", "b"]


async def test_group_takes_twenty_a_minute_whoever_is_answered_there() -> None:
    sender = SenderHarness(ScriptedChannel(capabilities=LIKE_TELEGRAM))
    await sender.arrive(*(outbound(f"m{n}", str(n), chat="-100", public=True) for n in range(10)))
    assert len(sender.effects) == 1
    await sender.run_until_idle()
    assert sender.time_source.at - START == timedelta(seconds=9 * 3)


async def test_account_starts_no_more_than_its_rate() -> None:
    starts: list[float] = []
    sender = SenderHarness(ScriptedChannel(capabilities=LIKE_TELEGRAM))

    async def script(message: OutboundMessage, account: Account) -> None:
        starts.append(sender.time_source.monotonic())

    sender.channel.script = script
    await sender.arrive(*(outbound(f"m{n}", str(n)) for n in range(120)))
    await sender.run_until_idle()
    assert len(starts) == 120
    assert max(sum(1 for s in starts if t <= s < t + 1) for t in starts) <= 38
    assert max(starts) == pytest.approx(112.5 / 30, abs=0.05)


async def test_full_account_does_not_delay_one_busy_chat_twice_nor_lose_a_message() -> None:
    capabilities = Capabilities(
        surfaces=("private",), text_limits=(), rate_limits=(RateLimit(scope="account", count=1, seconds=1),)
    )
    sender = SenderHarness(ScriptedChannel(capabilities=capabilities))
    await sender.arrive(*(outbound(f"m{n}", str(n)) for n in range(5)))
    wakes = 0
    while sender.timers():
        await sender.complete_all_effects()
        if sender.timers():
            wakes += 1
            await sender.run_to_next_timer()
    assert (len(sender.channel.attempted), wakes) == (5, 4)


async def test_those_who_wait_out_a_pause_start_at_the_accounts_rate_after_it() -> None:
    capabilities = Capabilities(
        surfaces=("private",), text_limits=(), rate_limits=(RateLimit(scope="account", count=1, seconds=1),)
    )
    sender = SenderHarness(ScriptedChannel(capabilities=capabilities))
    left = [TransientSendError("unavailable", after=10.0, scope="account")]

    async def script(message: OutboundMessage, account: Account) -> None:
        if left:
            raise left.pop()

    sender.channel.script = script
    await sender.arrive(outbound("m", "9"))
    await sender.complete_all_effects()
    await sender.arrive(*(outbound(f"m{n}", str(n)) for n in range(4)))
    await sender.run_until_idle()
    assert sender.time_source.at == START + timedelta(seconds=14)


async def test_lost_limiter_still_sends_every_message_once() -> None:
    sender = SenderHarness(ScriptedChannel(capabilities=LIKE_TELEGRAM))
    await sender.arrive(*(outbound(f"m{n}", "1") for n in range(3)))
    await sender.complete_all_effects()
    sender.restart()
    await sender.run_until_idle()
    assert sender.channel.attempted == ["m0", "m1", "m2"]


# -- receivers that drop repeats ---------------------------------------------------------------------------------------

DROPS_REPEATS = Capabilities(surfaces=("private",), text_limits=(), drops_repeats=True)


@pytest.mark.parametrize("error", [SendOutcomeUnknown("reset"), TimeoutError(), ValueError("a bug")])
async def test_uncertain_send_is_tried_again_within_ten_seconds_where_repeats_are_dropped(error: Exception) -> None:
    channel = raising(error)
    channel.capabilities = DROPS_REPEATS
    sender = SenderHarness(channel)
    await sender.arrive(outbound("a"))
    await sender.complete_all_effects()
    assert sender.record("a").state == "retry"
    assert [t.due_at < START + timedelta(seconds=10) for t in sender.timers()] == [True]
    await sender.run_until_idle()
    assert (sender.facts(), channel.attempted) == ([("sent", "a")], ["a", "a"])


async def test_send_cut_off_by_a_crash_is_tried_again_where_repeats_are_dropped() -> None:
    sender = SenderHarness(ScriptedChannel(capabilities=DROPS_REPEATS))
    await sender.arrive(outbound("a"))
    await sender.perform()
    sender.restart()
    await sender.run_until_idle()
    assert (sender.facts(), sender.channel.attempted) == ([("sent", "a")], ["a", "a"])
