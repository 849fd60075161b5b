"""A message that is too long for the platform goes out in parts, and is one message."""

from schemas.outbound import OutboundMessage, ReplyReference
from schemas.values import EncryptedText, Failure
from services.delivery.domain.parts import incomplete, is_last_part, part_of
from tests.delivery.harness import outbound


def long_message() -> OutboundMessage:
    parts = [EncryptedText(text=text) for text in ("One.", "Two.", "Three.")]
    reference = ReplyReference(platform_id="55")
    return outbound("m").model_copy(update={"parts": parts, "in_reply_to": reference})


def test_each_part_has_its_text_and_an_idempotency_key_of_its_own() -> None:
    sent = [part_of(long_message(), part) for part in range(3)]
    assert [(one.id, one.text.text, one.parts) for one in sent] == [
        ("m", "One.", []),
        ("m.2", "Two.", []),
        ("m.3", "Three.", []),
    ]
    # Only the first part quotes the message that is answered.
    assert [one.in_reply_to is not None for one in sent] == [True, False, False]


def test_a_message_of_one_part_is_sent_as_it_is() -> None:
    assert part_of(outbound("m"), 0) == outbound("m")
    assert is_last_part(outbound("m"), 0)
    assert [is_last_part(long_message(), part) for part in range(3)] == [False, False, True]


def test_a_failure_says_which_parts_went_out() -> None:
    failure = Failure(code="blocked", detail="the customer blocked the bot", status=403)
    assert incomplete(failure, 0, 3) == failure
    assert incomplete(failure, 1, 3).detail == "Part 1 of 3 went out; part 2 failed: the customer blocked the bot"
    assert incomplete(failure, 2, 3).detail == "Parts 1 to 2 of 3 went out; part 3 failed: the customer blocked the bot"
    assert incomplete(failure, 2, 3).code == "blocked"
