"""Rate limits: which a message passes, and that slots keep to them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channel import RateLimit
from services.delivery.domain.rate_limits import Limit, RateLimiter, limits_for
from tests.delivery.harness import LIKE_TELEGRAM, NO_LIMITS, outbound
from tests.fakes import START


def test_private_message_passes_the_limit_of_its_chat_and_then_its_accounts() -> None:
    limits = limits_for(outbound("a", "42"), LIKE_TELEGRAM, partitions=1)
    assert [(limit.name, limit.per_second) for limit in limits] == [
        ("w/telegram:main/42/1", 1.0),
        ("w/telegram:main/1", 30.0),
    ]


def test_message_to_a_group_passes_the_limit_per_minute() -> None:
    limits = limits_for(outbound("a", "42", chat="-100", public=True), LIKE_TELEGRAM, partitions=1)
    assert limits[0] == Limit("w/telegram:main/-100/60", 20 / 60)


def test_a_chat_may_have_a_burst_before_it_waits() -> None:
    pair = RateLimit(scope="chat", count=1, seconds=6, burst=3)
    [limit] = limits_for(outbound("a"), NO_LIMITS.model_copy(update={"rate_limits": (pair,)}), partitions=4)
    limiter = RateLimiter()
    slots = [(limiter.reserve(limit, START) - START).total_seconds() for _ in range(5)]
    assert slots == pytest.approx([0, 0, 0, 6, 12])


def test_channel_without_limits_lets_everything_pass() -> None:
    assert limits_for(outbound("a"), NO_LIMITS, partitions=1) == []


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_shares_of_all_partitions_are_the_rate_of_the_account(partitions: int) -> None:
    account = limits_for(outbound("a"), LIKE_TELEGRAM, partitions)[-1]
    assert account.per_second * partitions == pytest.approx(30.0)


def test_slots_follow_each_other_at_the_rate() -> None:
    limiter, limit = RateLimiter(), Limit("chat", per_second=2.0)
    slots = [limiter.reserve(limit, START) for _ in range(3)]
    assert slots == [START, START + timedelta(seconds=0.5), START + timedelta(seconds=1)]


@given(
    st.lists(st.floats(min_value=0, max_value=0.4), min_size=1, max_size=60),
    st.floats(min_value=0.5, max_value=20),
    st.integers(min_value=1, max_value=5),
)
def test_no_span_of_time_has_more_slots_than_rate_and_burst_allow(
    pauses: list[float], per_second: float, burst: int
) -> None:
    limiter, limit, now, slots = RateLimiter(), Limit("chat", per_second, float(burst)), START, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        slots.append(limiter.reserve(limit, now))
    for first in range(len(slots)):
        for last in range(first, len(slots)):
            seconds = (slots[last] - slots[first]).total_seconds()
            # A slot per microsecond of rounding is the tolerance.
            assert last - first + 1 <= burst + seconds * per_second + 1e-3 * (last - first + 1)


def test_limits_that_hold_nothing_back_are_forgotten_when_there_are_many() -> None:
    limiter = RateLimiter()
    for number in range(10_001):
        limiter.reserve(Limit(f"chat {number}", per_second=1.0), START)
    later = START + timedelta(minutes=1)
    assert limiter.reserve(Limit("chat 0", per_second=1.0), later) == later
    assert len(limiter._theoretical_arrival_times) == 1
