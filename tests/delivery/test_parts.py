"""A message that is too long for the platform goes out in parts, and is one message."""

import pytest

from schemas.outbound import DeliverySent, OutboundAttachment, OutboundMessage, ReplyReference
from schemas.values import EncryptedText, Failure
from services.channels.port import Account
from services.delivery.domain.parts import incomplete, is_last_part, part_of
from services.domain.failure_phrases import worded
from services.platform.http.outgoing import PermanentSendError
from tests.delivery.harness import ActingChannel, ScriptedChannel, SenderHarness, action, outbound


def long_message() -> OutboundMessage:
    parts = [EncryptedText(text=text) for text in ("One.", "Two.", "Three.")]
    reference = ReplyReference(platform_id="55")
    message = outbound("m")
    address = message.address.model_copy(update={"reply_to": "55"})
    return message.model_copy(update={"parts": parts, "in_reply_to": reference, "address": address})


def test_each_part_has_its_text_and_an_idempotency_key_of_its_own() -> None:
    sent = [part_of(long_message(), part) for part in range(3)]
    assert [(one.id, one.text.text, one.parts) for one in sent] == [
        ("m", "One.", []),
        ("m.2", "Two.", []),
        ("m.3", "Three.", []),
    ]
    # Only the first part quotes the message that is answered.
    assert [one.in_reply_to is not None for one in sent] == [True, False, False]
    assert [one.address.reply_to for one in sent] == ["55", None, None]


def test_each_part_of_a_public_answer_stands_below_the_post() -> None:
    public = long_message().model_copy(update={"surface": "public"})
    assert [part_of(public, part).address.reply_to for part in range(3)] == ["55", "55", "55"]


def test_a_message_of_one_part_is_sent_as_it_is() -> None:
    assert part_of(outbound("m"), 0) == outbound("m")
    assert is_last_part(outbound("m"), 0)
    assert [is_last_part(long_message(), part) for part in range(3)] == [False, False, True]


def with_files(*texts: str) -> OutboundMessage:
    """A message to a platform that takes each file apart from the text and from the others."""
    files = [OutboundAttachment(blob=blob, kind="file", media_type="text/plain", size_bytes=1) for blob in ("a", "b")]
    parts = [EncryptedText(text=text) for text in (*texts, "", "")]
    return outbound("m").model_copy(update={"parts": parts, "attachments": files, "files_apart": True})


@pytest.mark.parametrize("texts", [(), ("One.",), ("One.", "Two.")])
def test_files_apart_follow_the_text_one_by_one(texts: tuple[str, ...]) -> None:
    message = with_files(*texts)
    sent = [part_of(message, part) for part in range(len(message.parts))]
    shown = [(one.text.text, [file.blob for file in one.attachments]) for one in sent]
    assert shown == [*((text, []) for text in texts), ("", ["a"]), ("", ["b"])]
    assert [is_last_part(message, part) for part in range(len(message.parts))][-2:] == [False, True]


def test_files_that_go_together_go_with_the_last_text() -> None:
    message = with_files("One.").model_copy(update={"files_apart": False, "parts": long_message().parts})
    assert [len(part_of(message, part).attachments) for part in range(3)] == [0, 0, 2]


def test_a_failure_says_which_parts_went_out() -> None:
    failure = Failure(code="blocked", detail="the customer blocked the bot", status=403)
    assert incomplete(failure, 0, 3) == failure
    assert incomplete(failure, 1, 3).params == {"parts_sent": 1, "parts": 3}
    went_out = "Of 3 parts, 2 went out and the next one failed."
    blocked = "The customer blocked the account, or the account may not write here. (the customer blocked the bot)"
    assert worded(incomplete(failure, 2, 3), "en").detail == f"{went_out} {blocked}"
    assert incomplete(failure, 2, 3).code == "blocked"


def scripted(*, fails_at: int | None = None) -> ScriptedChannel:
    sent: list[OutboundMessage] = []

    async def script(message: OutboundMessage, account: Account) -> str:
        if len(sent) == fails_at:
            raise PermanentSendError("blocked", "the customer blocked the bot", 403)
        sent.append(message)
        return f"tg-{message.id}:{message.text.text}"

    return ScriptedChannel(script=script)


def test_files_go_with_the_last_part_or_as_a_caption_with_the_first() -> None:
    file = OutboundAttachment(blob="b1", kind="image", media_type="image/png", size_bytes=7)
    for is_first, places in ((False, [0, 0, 1]), (True, [1, 0, 0])):
        message = long_message().model_copy(update={"attachments": [file], "files_first": is_first})
        assert [len(part_of(message, part).attachments) for part in range(3)] == places


async def test_the_ids_of_all_parts_are_known_afterwards_and_an_action_gets_them() -> None:
    channel = ActingChannel(script=scripted().script)
    sender = SenderHarness(channel)
    await sender.arrive(long_message(), action("delete", "delete", message="m"))
    await sender.complete_all_effects()
    sent = [event.payload_as(DeliverySent) for event in sender.sent if event.type == "pasokh.delivery.sent"]
    assert [(one.platform_id, one.further_ids) for one in sent] == [("tg-m:One.", ["tg-m.2:Two.", "tg-m.3:Three."])]
    [deletion] = channel.performed
    assert (deletion.platform_id, deletion.further_ids) == ("tg-m:One.", ["tg-m.2:Two.", "tg-m.3:Three."])


async def test_parts_go_out_in_order_and_are_one_fact() -> None:
    sender = SenderHarness(scripted())
    await sender.arrive(long_message(), outbound("next"))
    await sender.complete_all_effects()
    # The person's next message waits for the last part.
    assert sender.channel.attempted == ["m", "m.2", "m.3", "next"]
    assert sender.facts() == [("sent", "m"), ("sent", "next")]
    fact = next(event for event in sender.sent if event.data.get("message") == "m")
    assert (fact.data["platform_id"], fact.data["attempts"]) == ("tg-m:One.", 3)
    assert sender.record("m").message == long_message().model_copy(update={"text": EncryptedText(text=""), "parts": []})


async def test_a_part_that_fails_ends_the_message_and_says_what_went_out() -> None:
    sender = SenderHarness(scripted(fails_at=1))
    await sender.arrive(long_message())
    await sender.complete_all_effects()
    assert sender.channel.attempted == ["m", "m.2"]
    (fact,) = [event for event in sender.sent if event.type == "pasokh.delivery.failed"]
    assert fact.data["error"] == {
        "code": "blocked",
        "detail": "Of 3 parts, 1 went out and the next one failed. The customer blocked the account, or the account may not "
        "write here. (the customer blocked the bot)",
        "status": 403,
        "params": {"parts": 3, "parts_sent": 1, "said": "the customer blocked the bot"},
    }


async def test_a_process_that_dies_between_parts_sends_none_twice() -> None:
    sender = SenderHarness(scripted())
    await sender.arrive(long_message())
    await sender.complete_effects()
    assert sender.record("m").parts_sent == 1
    sender.restart()
    await sender.run_until_idle()
    # Whether the second part went out is not known: nothing more is sent, and the agent learns how far it came.
    assert sender.channel.attempted == ["m"]
    assert sender.error_code("m") == "outcome_unknown"
    assert "Of 3 parts, 1 went out" in str(sender.record("m").error)
