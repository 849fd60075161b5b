"""Nothing more goes out to a person who is being erased, and of what went out only that it did is stored."""

from datetime import timedelta

import pytest

from schemas.activity import Participant
from schemas.erasure import EraseSends, WithdrawMessages
from schemas.identity import PersonKey
from services.platform.http.outgoing import TransientSendError
from tests.delivery.harness import ActingChannel, ScriptedChannel, SenderHarness, action, outbound
from tests.fakes import START

KEY = "w/telegram:main:42"


def withdraw(sender: SenderHarness, key: str = KEY) -> object:
    return sender.batch([sender.arrived("outbound", "pasokh.outbound.withdraw", WithdrawMessages(key=key), key)])


async def erase(sender: SenderHarness, *ids: str) -> None:
    command = EraseSends(key=KEY, pseudonym="telegram:main:erased-1", ids=list(ids))
    await sender.batch([sender.arrived("outbound", "pasokh.outbound.erase", command, KEY)])


async def test_what_waits_is_withdrawn_and_what_may_be_there_is_settled_by_its_result() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"), outbound("b"), action("c", "typing"), outbound("other", "43"))
    await withdraw(sender)  # type: ignore[misc]  # a batch
    assert [sender.record(one).state for one in ("a", "b", "c")] == ["sending", "failed", "failed"]
    assert (sender.error_code("b"), sender.facts()) == ("gone", [("failed", "b"), ("action_failed", "c")])
    await sender.run_until_idle()
    assert (sender.channel.attempted, sender.queue(KEY)) == (["a", "other"], None)
    assert sender.record("a").state == "sent"


async def test_a_message_that_would_be_tried_again_is_not() -> None:
    async def fail(*_: object) -> str:
        raise TransientSendError("busy")

    sender = SenderHarness(ScriptedChannel(script=fail))
    await sender.arrive(outbound("a"))
    await sender.complete_effects()
    assert sender.record("a").state == "retry"
    await withdraw(sender)  # type: ignore[misc]
    assert (sender.record("a").state, sender.queue(KEY), sender.timers()) == ("failed", None, [])
    assert b"text of a" not in sender.record("a").message.model_dump_json().encode()
    await sender.run_until_idle()
    assert sender.channel.attempted == ["a"]


async def test_a_person_for_whom_nothing_waits_is_no_error() -> None:
    sender = SenderHarness()
    await withdraw(sender)  # type: ignore[misc]
    assert sender.facts() == []


@pytest.mark.parametrize("repeats", [1, 2])
async def test_a_settled_record_says_only_that_it_was_sent(repeats: int) -> None:
    sender = SenderHarness(ActingChannel())
    mail = outbound("a").model_copy(
        update={
            "participants": [Participant(address="x@example.com", name="X")],
            "recipient": PersonKey("w", "telegram:main:42"),
        }
    )
    await sender.arrive(mail, action("b", "react", message="m", platform_id="77"))
    await sender.run_until_idle()
    for _ in range(repeats):
        await erase(sender, "a", "b", "gone")
    left = "".join(sender.record(one).message.model_dump_json() for one in ("a", "b"))
    assert [one for one in (":42", "x@example.com", "77", '"42"') if one in left] == []
    assert [(sender.record(one).state, sender.record(one).message.key) for one in ("a", "b")] == [
        ("sent", "w/telegram:main:erased-1")
    ] * 2
    await sender.arrive(mail)
    await sender.run_until_idle()
    assert sender.channel.attempted == ["a", "b"]


async def test_a_record_that_is_not_settled_stays() -> None:
    sender = SenderHarness()
    await sender.arrive(outbound("a"))
    await erase(sender, "a")
    assert (sender.record("a").message.key, sender.record("a").message.address.chat) == (KEY, "42")
    await sender.advance_to(START + timedelta(days=3))
