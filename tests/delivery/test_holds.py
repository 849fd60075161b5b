"""Who waits when a platform says so: a chat, or an account; and that all of it goes on, in order, when it may."""

from datetime import timedelta

from schemas.outbound import OutboundMessage
from schemas.values import Failure
from services.channels.port import Account, CredentialsRejected
from services.delivery.domain import holds
from services.delivery.domain.outcomes import MAX_RETRY_PERIOD, OUTCOME_UNKNOWN
from services.domain.account_sends import AccountSends
from services.platform.http.outgoing import PermanentSendError, TransientSendError
from tests.delivery.harness import ScriptedChannel, SenderHarness, outbound
from tests.fakes import START

GROUP = "-100"


def flooding(chats: set[str]) -> ScriptedChannel:
    """A channel whose chats of these names answer 429 with 30 seconds, until the test takes them out."""

    async def script(message: OutboundMessage, account: Account) -> str:
        if message.address.chat in chats:
            raise TransientSendError("too many requests", 30.0, "chat")
        return f"tg-{message.id}"

    return ScriptedChannel(script=script)


async def test_limit_of_a_group_holds_back_that_group_alone() -> None:
    chats = {GROUP}
    sender = SenderHarness(flooding(chats))
    await sender.arrive(outbound("a", "1", chat=GROUP, public=True))
    await sender.complete_all_effects()
    chats.clear()
    await sender.arrive(outbound("b", "2", chat=GROUP, public=True), *(outbound(f"p{n}", f"7{n}") for n in range(5)))
    await sender.complete_all_effects()
    assert sender.facts() == [("sent", f"p{n}") for n in range(5)]
    assert (sender.record("a").state, sender.record("b").state) == ("retry", "waiting")
    await sender.run_until_idle()
    assert sorted(sender.facts()[5:]) == [("sent", "a"), ("sent", "b")]
    assert sender.time_source.at == START + timedelta(seconds=30)


async def test_order_of_a_person_holds_through_the_limit_of_a_chat() -> None:
    chats = {"1"}
    sender = SenderHarness(flooding(chats))
    await sender.arrive(outbound("a", "1"), outbound("b", "1"), outbound("other", "2"))
    await sender.complete_all_effects()
    chats.clear()
    await sender.run_until_idle()
    assert sender.channel.attempted == ["a", "other", "a", "b"]


async def test_account_waits_when_a_second_chat_meets_the_limit_while_the_first_waits() -> None:
    chats = {"1", "2"}
    sender = SenderHarness(flooding(chats))
    await sender.arrive(outbound("a", "1"))
    await sender.complete_all_effects()
    sender.time_source.move(10)
    await sender.arrive(outbound("b", "2"))
    await sender.complete_all_effects()
    await sender.arrive(outbound("c", "3"))
    assert (sender.record("c").state, sender.account().held_for) == ("waiting", "limit")
    chats.clear()
    await sender.run_until_idle()
    assert sorted(sender.facts()) == [("sent", "a"), ("sent", "b"), ("sent", "c")]
    assert sender.time_source.at == START + timedelta(seconds=40)
    assert (sender.account().held_for, sender.account().held_until) == (None, None)


async def test_one_chat_that_meets_it_twice_does_not_hold_the_account() -> None:
    sender = SenderHarness(flooding({"1"}))
    await sender.arrive(outbound("a", "1"))
    await sender.complete_all_effects()
    sender.time_source.move(30)
    await sender.fire_due()
    await sender.complete_all_effects()
    await sender.arrive(outbound("c", "3"))
    assert (sender.account().held_for, sender.record("c").state, sender.channel.attempted) == (
        None,
        "sending",
        ["a", "a"],
    )


async def test_second_chat_that_meets_it_after_the_first_may_send_again_is_alone() -> None:
    chats = {"1", "2"}
    sender = SenderHarness(flooding(chats))
    await sender.arrive(outbound("a", "1"))
    await sender.complete_all_effects()
    chats.discard("1")
    sender.time_source.move(31)
    await sender.fire_due()
    await sender.complete_all_effects()
    await sender.arrive(outbound("b", "2"))
    await sender.complete_all_effects()
    await sender.arrive(outbound("c", "3"))
    assert (sender.account().held_for, sender.record("c").state) == (None, "sending")


async def test_hold_of_a_chat_survives_the_process() -> None:
    sender = SenderHarness(flooding({GROUP}))
    await sender.arrive(outbound("a", "1", chat=GROUP, public=True))
    await sender.complete_all_effects()
    sender.restart()
    await sender.arrive(outbound("b", "2", chat=GROUP, public=True))
    assert (sender.record("b").state, sender.channel.attempted) == ("waiting", ["a"])


async def test_more_held_messages_than_go_on_at_once_all_go_on() -> None:
    chats = {GROUP}
    sender = SenderHarness(flooding(chats))
    await sender.arrive(outbound("a", "1", chat=GROUP, public=True))
    await sender.complete_all_effects()
    chats.clear()
    await sender.arrive(*(outbound(f"m{n}", f"p{n}", chat=GROUP, public=True) for n in range(450)))
    await sender.run_until_idle()
    assert len([1 for kind, _ in sender.facts() if kind == "sent"]) == 451


# -- credentials that are not accepted ---------------------------------------------------------------------------------


def revoked(good: set[str]) -> ScriptedChannel:
    """A channel that lets in the bots whose token is among these."""

    async def script(message: OutboundMessage, account: Account) -> str:
        if account.body.credentials["bot_token"] not in good:
            raise CredentialsRejected("the bot token is not accepted", 401)
        return f"tg-{message.id}"

    return ScriptedChannel(script=script)


async def test_refused_credentials_hold_everything_of_the_account_and_try_one_message_at_a_time() -> None:
    sender = SenderHarness(revoked(set()))
    await sender.arrive(outbound("a", "1"))
    await sender.complete_all_effects()
    await sender.arrive(*(outbound(f"m{n}", f"2{n}") for n in range(5)))
    assert (sender.account().held_for, sender.facts(), sender.channel.attempted) == ("credentials", [], ["a"])
    assert sender.account().last_refusal == Failure(
        code="credentials", detail="the bot token is not accepted", status=401
    )
    times = []
    while len(sender.channel.attempted) < 9:
        await sender.run_to_next_timer()
        await sender.complete_all_effects()
        times.append((sender.time_source.at - START).total_seconds())
    assert times == [5, 15, 35, 75, 135, 195, 255, 315]
    assert set(sender.channel.attempted) == {"a"}


async def test_account_written_anew_is_tried_at_once_and_everything_held_goes_in_order() -> None:
    sender = SenderHarness(revoked({"2:b"}))
    await sender.arrive(outbound("a", "1"), outbound("b", "1"), outbound("c", "2"))
    await sender.complete_all_effects()
    await sender.write_account({"bot_token": "2:b"})
    await sender.complete_all_effects()
    await sender.fire_due()
    await sender.complete_all_effects()
    assert (sender.time_source.at, sender.account().held_for, sender.sending_changes()) == (START, None, 2)
    assert sorted(sender.facts()) == [("sent", "a"), ("sent", "b"), ("sent", "c")]
    assert sender.channel.attempted.index("b") > sender.channel.attempted.index("a")
    assert sender.timers() == []


async def test_account_written_anew_and_wrong_again_costs_one_attempt() -> None:
    sender = SenderHarness(revoked(set()))
    await sender.arrive(outbound("a", "1"), outbound("b", "2"), outbound("c", "3"))
    await sender.complete_all_effects()
    before = len(sender.channel.attempted)
    await sender.write_account({"bot_token": "3:c"})
    await sender.complete_all_effects()
    assert len(sender.channel.attempted) == before + 1
    assert sender.account().held_for == "credentials"


async def test_held_messages_are_not_given_up_however_long_it_takes() -> None:
    good: set[str] = set()
    sender = SenderHarness(revoked(good))
    await sender.arrive(outbound("a", "1"))
    await sender.complete_all_effects()
    sender.time_source.move(3 * MAX_RETRY_PERIOD.total_seconds())
    await sender.fire_due()
    await sender.complete_all_effects()
    assert sender.record("a").state == "waiting"
    good.add("1:a")
    await sender.run_until_idle()
    assert sender.facts() == [("sent", "a")]


async def test_account_that_is_removed_fails_what_it_held() -> None:
    sender = SenderHarness(revoked(set()))
    await sender.arrive(outbound("a", "1"), outbound("b", "2"))
    await sender.complete_all_effects()
    sender.connect(None)
    await sender.run_until_idle()
    assert (sender.error_code("a"), sender.error_code("b")) == ("account_missing", "account_missing")


async def test_attempt_lost_with_its_process_lets_the_next_one_try() -> None:
    sender = SenderHarness(revoked(set()))
    await sender.arrive(outbound("a", "1"), outbound("b", "2"))
    await sender.complete_all_effects()
    await sender.run_to_next_timer()
    sender.restart()
    sender.channel.script = None
    await sender.run_until_idle()
    assert sorted(sender.facts()) == [("failed", "a"), ("sent", "b")]
    assert sender.error_code("a") == "outcome_unknown"


# -- what is written down of an account --------------------------------------------------------------------------------


def refusing(error: PermanentSendError, message: str) -> ScriptedChannel:
    """A channel that refuses one message and takes all others."""

    async def script(one: OutboundMessage, account: Account) -> str:
        if one.id == message:
            raise error
        return f"tg-{one.id}"

    return ScriptedChannel(script=script)


async def test_refusal_names_the_status_and_the_next_message_goes_out() -> None:
    sender = SenderHarness(refusing(PermanentSendError("too_long", "the callback_url answered 413", 413), "a"))
    await sender.arrive(outbound("a"), outbound("b"))
    await sender.complete_all_effects()
    said = "the callback_url answered 413"
    detail = f"The text is too long for the platform. Split it. ({said})"
    assert sender.record("a").error == Failure(code="too_long", detail=detail, status=413, params={"said": said})
    assert sender.facts() == [("failed", "a"), ("sent", "b")]


async def test_last_send_and_last_refusal_are_recorded_and_not_for_each_message() -> None:
    sender = SenderHarness(refusing(PermanentSendError("blocked", "blocked", 403), "a"))
    await sender.arrive(outbound("a"), outbound("b"))
    await sender.complete_all_effects()
    assert (sender.account().last_refused_at, sender.account().last_sent_at) == (START, START)
    sender.time_source.move(3)
    await sender.arrive(outbound("c"))
    await sender.complete_all_effects()
    assert sender.account().last_sent_at == START
    sender.time_source.move(8)
    await sender.arrive(outbound("d"))
    await sender.complete_all_effects()
    assert sender.account().last_sent_at == START + timedelta(seconds=11)


# -- the rules, without a sender ---------------------------------------------------------------------------------------

SENDS = AccountSends(workspace="w", channel="telegram", account="main", partition=0)
SENDS_ID = "0/w/telegram:main"
SOON, LATER = START + timedelta(seconds=10), START + timedelta(seconds=40)


def test_hold_of_a_chat_holds_that_chat_until_its_end() -> None:
    held = holds.with_limit(SENDS, "1", "chat", SOON, START)
    assert holds.find_hold(held, SENDS_ID, "1", START) == "0/w/telegram:main/1"
    assert holds.find_hold(held, SENDS_ID, "2", START) is None
    assert holds.find_hold(held, SENDS_ID, "1", SOON) is None


def test_hold_of_an_account_holds_every_chat() -> None:
    held = holds.with_limit(SENDS, "1", "account", SOON, START)
    assert holds.find_hold(held, SENDS_ID, "2", START) == SENDS_ID


def test_shorter_hold_does_not_end_a_longer_one() -> None:
    held = holds.with_limit(holds.with_limit(SENDS, "1", "account", LATER, START), "1", "account", SOON, START)
    assert (held.held_until, held.chats) == (LATER, {"1": LATER})


def test_limit_of_a_chat_leaves_refused_credentials_as_they_are() -> None:
    locked = holds.with_lock(SENDS, "m1", Failure(code="credentials", detail="no"), START)
    held = holds.with_limit(locked, "1", "account", LATER, START)
    assert (held.held_for, held.held_until) == ("credentials", locked.held_until)


def test_refusal_of_an_attempt_that_is_not_the_probe_makes_no_pause_longer() -> None:
    error = Failure(code="credentials", detail="no")
    probing = holds.with_probe(holds.with_lock(SENDS, "m1", error, START), "m2", START)
    after = holds.with_lock(probing, "m3", error, SOON)
    assert (after.refusals, after.held_until, after.probe) == (1, probing.held_until, "m2")


def test_unknown_outcome_is_no_refusal_of_the_account() -> None:
    assert holds.with_refusal(SENDS, OUTCOME_UNKNOWN.error, START) is SENDS
