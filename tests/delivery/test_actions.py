"""Actions go through the queue of their person: in order, with the same holds, limits, retries and outcomes."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from schemas.activity import Address
from schemas.outbound import ActionFailed, ChannelAction, DeliverySent, OutboundMessage
from services.channels.port import Account, CredentialsRejected, SendReceipt
from services.delivery.attempt import CALL_WAITS_FOR, TYPING_SHOWN_FOR
from services.delivery.domain.outcomes import EPHEMERAL_UNKNOWN_AFTER
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError
from tests.delivery.harness import LIKE_TELEGRAM, ActingChannel, ScriptedChannel, SenderHarness, action, outbound


def raising(*errors: Exception | None) -> ActingChannel:
    """A channel whose first actions fail with these errors; None: this one succeeds."""
    left = list(errors)

    async def act(_: ChannelAction) -> None:
        if left and (error := left.pop(0)):
            raise error

    return ActingChannel(act=act)


async def test_edit_waits_for_its_send_and_gets_the_platform_id_of_it() -> None:
    channel = ActingChannel()
    sender = SenderHarness(channel)
    await sender.arrive(outbound("a"), action("edit", "edit", message="a", text="better"))
    await sender.run_until_idle()
    (performed,) = channel.performed
    assert channel.attempted == ["a", "edit"]
    assert (performed.platform_id, performed.text and performed.text.text) == ("tg-a", "better")
    assert sender.facts() == [("sent", "a"), ("action_performed", "edit")]


async def test_edit_that_comes_long_after_its_send_gets_the_platform_id_too() -> None:
    channel = ActingChannel()
    sender = SenderHarness(channel)
    await sender.arrive(outbound("a"))
    await sender.run_until_idle()
    await sender.arrive(action("edit", "edit", message="a", text="better"))
    await sender.run_until_idle()
    assert [performed.platform_id for performed in channel.performed] == ["tg-a"]


async def test_action_on_a_message_that_was_never_sent_fails_without_a_call() -> None:
    async def refuse(*_: object) -> str:
        raise PermanentSendError("blocked", "by the user")

    channel = ActingChannel(script=refuse)
    sender = SenderHarness(channel)
    await sender.arrive(outbound("a"), action("edit", "edit", message="a", text="better"), outbound("b"))
    await sender.run_until_idle()
    assert sender.error_code("edit") == "not_sent"
    assert channel.attempted == ["a", "b"]


async def test_message_behind_an_action_waits_for_it() -> None:
    channel = raising(TransientSendError("busy", 5))
    sender = SenderHarness(channel)
    await sender.arrive(action("hide", "hide", message="m", platform_id="9"), outbound("a"))
    await sender.run_until_idle()
    assert channel.attempted == ["hide", "hide", "a"]


async def test_action_without_an_answer_is_done_again_because_that_does_no_harm() -> None:
    channel = raising(SendOutcomeUnknown("no answer"))
    sender = SenderHarness(channel)
    await sender.arrive(action("hide", "hide", message="m", platform_id="9"))
    await sender.run_until_idle()
    assert sender.facts() == [("action_performed", "hide")]
    assert sender.record("hide").attempts == 2


async def test_action_whose_process_died_is_done_again() -> None:
    sender = SenderHarness(ActingChannel())
    await sender.arrive(action("delete", "delete", message="m", platform_id="9"))
    sender.restart()
    await sender.run_until_idle()
    assert sender.facts() == [("action_performed", "delete")]


async def test_deletion_of_what_is_gone_is_done() -> None:
    channel = raising(SendOutcomeUnknown("no answer"), PermanentSendError("not_found", "no such message"))
    sender = SenderHarness(channel)
    await sender.arrive(action("delete", "delete", message="m", platform_id="9"))
    await sender.run_until_idle()
    assert sender.facts() == [("action_performed", "delete")]


@pytest.mark.parametrize("kind", ["hide", "unhide", "edit", "react"])
async def test_any_other_action_on_what_is_gone_fails(kind: str) -> None:
    channel = raising(PermanentSendError("not_found", "no such message", 404))
    sender = SenderHarness(channel)
    await sender.arrive(ChannelAction.model_validate({**dict(action("x", "hide", platform_id="9")), "kind": kind}))
    await sender.run_until_idle()
    (event,) = sender.sent
    failed = event.payload_as(ActionFailed)
    assert (failed.action, failed.kind, failed.error.code, failed.error.status) == ("x", kind, "not_found", 404)


async def test_refused_credentials_hold_actions_and_messages_alike() -> None:
    channel = raising(CredentialsRejected("revoked"), CredentialsRejected("revoked"))
    sender = SenderHarness(channel)
    await sender.arrive(action("hide", "hide", message="m", platform_id="9"), outbound("b", person="43"))
    await sender.complete_all_effects()
    await sender.arrive(outbound("c", person="44"))
    assert (sender.record("hide").state, sender.record("c").state) == ("waiting", "waiting")
    await sender.write_account({"bot_token": "2:b"})
    await sender.run_until_idle()
    assert ("action_performed", "hide") in sender.facts()
    assert ("sent", "c") in sender.facts()


async def test_actions_count_for_the_rate_of_their_chat() -> None:
    channel = ActingChannel(capabilities=LIKE_TELEGRAM)
    sender = SenderHarness(channel)
    begun = sender.now
    await sender.arrive(outbound("a"), action("edit", "edit", message="a", text="better"))
    await sender.run_until_idle()
    assert sender.now - begun == timedelta(seconds=1)


async def test_an_answer_does_not_wait_behind_the_sign_that_it_is_being_written() -> None:
    channel = ActingChannel(capabilities=LIKE_TELEGRAM)
    sender = SenderHarness(channel)
    begun = sender.now
    await sender.arrive(action("typing", "typing"), outbound("a"))
    await sender.run_until_idle()
    assert (channel.attempted, sender.now) == (["typing", "a"], begun)


async def test_an_answer_does_not_wait_long_behind_a_sign_that_was_lost_with_its_process() -> None:
    channel = ActingChannel(capabilities=LIKE_TELEGRAM)
    sender = SenderHarness(channel)
    begun = sender.now
    await sender.arrive(action("typing", "typing"))
    sender.restart()
    await sender.arrive(outbound("a"))
    await sender.run_until_idle()
    assert ("sent", "a") in sender.facts()
    assert sender.now - begun < EPHEMERAL_UNKNOWN_AFTER + timedelta(seconds=3)


async def test_typing_that_comes_late_is_dropped() -> None:
    channel = raising(TransientSendError("busy", TYPING_SHOWN_FOR.total_seconds() + 1))
    sender = SenderHarness(channel)
    await sender.arrive(action("typing", "typing"), outbound("a"))
    await sender.run_until_idle()
    assert sender.error_code("typing") == "too_late"
    assert channel.performed == []
    assert ("sent", "a") in sender.facts()


async def test_channel_without_actions_refuses_them() -> None:
    sender = SenderHarness(ScriptedChannel())
    await sender.arrive(action("hide", "hide", message="m", platform_id="9"))
    await sender.run_until_idle()
    assert sender.error_code("hide") == "unsupported"


async def test_settled_action_keeps_no_text() -> None:
    sender = SenderHarness(ActingChannel())
    await sender.arrive(action("edit", "edit", message="m", platform_id="9", text="a private word"))
    await sender.run_until_idle()
    assert "a private word" not in str(sender.store.documents)


async def test_repeated_action_is_performed_once() -> None:
    channel = ActingChannel()
    sender = SenderHarness(channel)
    hide = action("hide", "hide", message="m", platform_id="9")
    await sender.arrive(hide, hide)
    await sender.run_until_idle()
    await sender.arrive(hide)
    await sender.run_until_idle()
    assert channel.attempted == ["hide"]


# -- receipts of sends -------------------------------------------------------------------------------------------------


@dataclass
class ReceiptChannel(ScriptedChannel):
    """A channel that answers each send with this receipt."""

    receipt: SendReceipt = SendReceipt("7")  # noqa: RUF009 -- a frozen value

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        return self.receipt


async def test_fact_of_a_send_has_all_ids_of_the_message() -> None:
    sender = SenderHarness(ReceiptChannel(receipt=SendReceipt("7", aliases=("wamid.8", "9"))))
    await sender.arrive(outbound("a"))
    await sender.run_until_idle()
    sent = sender.sent[0].payload_as(DeliverySent)
    assert (sent.platform_id, sent.aliases, sent.person) == ("7", ["wamid.8", "9"], None)


async def test_fact_of_a_private_reply_has_person_and_chat_that_it_reached() -> None:
    receipt = SendReceipt("7", person="psid-1", address=Address(chat="psid-1"))
    sender = SenderHarness(ReceiptChannel(receipt=receipt))
    reply = outbound("a", public=True).model_copy(update={"surface": "private", "private_reply": True})
    await sender.arrive(reply)
    await sender.run_until_idle()
    sent = sender.sent[0].payload_as(DeliverySent)
    # No `requested_address`: the address of the public post is still there, and answers in public go on there.
    assert (sent.person, sent.address, sent.requested_address) == ("psid-1", Address(chat="psid-1"), None)


async def test_a_call_without_an_answer_does_not_ring_twice() -> None:
    channel = raising(SendOutcomeUnknown("no answer"))
    sender = SenderHarness(channel)
    await sender.arrive(action("call", "call", message="m"), outbound("a"))
    await sender.run_until_idle()
    assert (channel.attempted, sender.error_code("call")) == (["call", "a"], "outcome_unknown")


async def test_a_call_whose_process_died_does_not_ring_twice() -> None:
    channel = ActingChannel()
    sender = SenderHarness(channel)
    await sender.arrive(action("call", "call", message="m"))
    sender.restart()
    await sender.run_until_idle()
    assert (channel.attempted, sender.error_code("call")) == ([], "outcome_unknown")


async def test_a_call_that_would_ring_late_is_dropped() -> None:
    channel = raising(TransientSendError("busy", CALL_WAITS_FOR.total_seconds() + 1))
    sender = SenderHarness(channel)
    await sender.arrive(action("call", "call", message="m"))
    await sender.run_until_idle()
    assert (channel.attempted, sender.error_code("call")) == (["call"], "too_late_to_call")
