"""What the result of an attempt means for its message."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Address
from schemas.channel import Capabilities
from schemas.conversation import Author
from schemas.outbound import OutboundAttachment, OutboundMessage
from schemas.values import EncryptedText, Failure
from services.delivery.domain.outcomes import (
    ASSUME_UNKNOWN_AFTER,
    MAX_RETRY_PERIOD,
    OUTCOME_UNKNOWN,
    SEND_TIMEOUT,
    START_WITHIN,
    UPLOAD_BYTES_PER_SECOND,
    AttemptContext,
    AttemptResult,
    Failed,
    Locked,
    Outcome,
    Retry,
    Sent,
    backoff,
    decide_outcome,
    extra_time,
    probe_after,
)
from tests.fakes import START

FIRST_ATTEMPT = AttemptContext(message="m1", attempts=1, since=START, now=START)


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (AttemptResult(kind="sent", platform_id="7"), Sent("7")),
        (
            AttemptResult(kind="refused", code="blocked", detail="by the user", status=403),
            Failed(Failure(code="blocked", detail="by the user", status=403)),
        ),
        (
            AttemptResult(kind="unauthorized", detail="no such token", status=401),
            Locked(Failure(code="credentials", detail="no such token", status=401)),
        ),
        (AttemptResult(kind="uncertain"), OUTCOME_UNKNOWN),
        (AttemptResult(kind="retryable", after=30.0, scope="chat"), Retry(START + timedelta(seconds=30), "chat")),
        (AttemptResult(kind="not_started"), Retry(START + backoff("m1", 1))),
    ],
    ids=lambda value: value.kind if isinstance(value, AttemptResult) else "",
)
def test_each_kind_of_result_has_its_outcome(result: AttemptResult, outcome: Outcome) -> None:
    assert decide_outcome(result, FIRST_ATTEMPT) == outcome


@given(st.floats())
def test_pause_that_a_platform_asks_for_never_breaks_the_decision(after: float) -> None:
    outcome = decide_outcome(AttemptResult(kind="retryable", after=after), FIRST_ATTEMPT)
    assert isinstance(outcome, Retry | Failed)
    if isinstance(outcome, Retry):
        assert START <= outcome.at <= START + MAX_RETRY_PERIOD


def test_retry_that_would_come_after_a_day_is_a_failure() -> None:
    late = AttemptContext(message="m1", attempts=9, since=START, now=START + MAX_RETRY_PERIOD)
    outcome = decide_outcome(AttemptResult(kind="retryable", detail="busy"), late)
    assert outcome == Failed(Failure(code="unreachable", detail="busy", params={"attempts": 9}))


@given(st.text(), st.integers(min_value=1, max_value=200))
def test_backoff_doubles_to_a_minute_with_a_quarter_of_jitter(message: str, attempts: int) -> None:
    plain = min(60.0, 2.0 ** (attempts - 1))
    assert 0.75 * plain <= backoff(message, attempts).total_seconds() <= 1.25 * plain
    assert backoff(message, attempts) == backoff(message, attempts)


def test_probes_of_a_locked_account_come_after_five_seconds_and_then_more_rarely() -> None:
    assert [probe_after(refusals).total_seconds() for refusals in (1, 2, 3, 4, 5, 50)] == [5, 10, 20, 40, 60, 60]


def test_files_and_a_slow_platform_give_an_attempt_more_time() -> None:
    file = OutboundAttachment(blob="b", kind="file", media_type="text/plain", size_bytes=UPLOAD_BYTES_PER_SECOND * 3)
    slow = Capabilities(surfaces=("private",), text_limits=(), slow_answer_seconds=30)
    quick = slow.model_copy(update={"slow_answer_seconds": 0.0})
    message = OutboundMessage(
        id="m1",
        conversation="c-1",
        key="w/telegram:main:1",
        workspace="w",
        channel="telegram",
        account="main",
        surface="private",
        address=Address(chat="1"),
        author=Author(kind="agent"),
        text=EncryptedText(text="hello"),
        accepted_at=START,
        attachments=[file],
    )
    assert extra_time(message, quick) == timedelta(seconds=3)
    assert extra_time(message, slow) == timedelta(seconds=33)


def test_no_attempt_runs_any_more_when_its_outcome_is_assumed_unknown() -> None:
    assert START_WITHIN + SEND_TIMEOUT < ASSUME_UNKNOWN_AFTER
