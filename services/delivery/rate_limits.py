"""Rate limits per chat and per account. A message over the limit gets the time of its slot; nothing sleeps here.

The limiter is memory of a partition's owner. Losing it lets sending exceed the limit for a moment and breaks nothing: the
platform's own 429 decides, and `holds` obeys it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.channel import Capabilities
from schemas.outbound import OutboundMessage

PRUNE_ABOVE = 10_000
BURST_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit of a message: `per_second` on average, and `burst` (at least 1) at once."""

    name: str
    per_second: float
    burst: float = 1.0


def account_limit_key(message: OutboundMessage) -> str:
    """The limiter's key of an account."""
    return f"{message.workspace}/{message.channel}:{message.account}"


def rate_limits_for(message: OutboundMessage, capabilities: Capabilities, partitions: int) -> list[RateLimit]:
    """The limits of a message in the order in which it passes them: its chat, then its account.

    An account's persons are spread over all partitions, and no one counts them together. Each partition therefore uses its
    share of the account's rate, so that the sum stays within the limit for any number of processes.
    """
    account = account_limit_key(message)
    return [*_chat_gates(message, capabilities, account), *_account_gates(capabilities, account, partitions)]


def _chat_gates(message: OutboundMessage, capabilities: Capabilities, account: str) -> list[RateLimit]:
    chat = f"{account}/{message.address.chat}"
    if message.surface == "public" and capabilities.group_rate_per_minute is not None:
        return [RateLimit(chat, capabilities.group_rate_per_minute / 60)]
    if capabilities.chat_rate_per_second is not None:
        return [RateLimit(chat, capabilities.chat_rate_per_second)]
    return []


def _account_gates(capabilities: Capabilities, account: str, partitions: int) -> list[RateLimit]:
    if capabilities.account_rate_per_second is None:
        return []
    share = capabilities.account_rate_per_second / partitions
    return [RateLimit(account, share, burst=max(1.0, share * BURST_SECONDS))]


@dataclass(slots=True)
class RateLimiter:
    """The next free slot of each limit (generic cell rate algorithm)."""

    _theoretical_arrival_times: dict[str, datetime] = field(default_factory=dict)

    def reserve(self, gate: RateLimit, now: datetime) -> datetime:
        """Take the next slot of a limit and return its time: `now` when one is free."""
        if len(self._theoretical_arrival_times) > PRUNE_ABOVE:
            self._prune(now)
        interval = timedelta(seconds=1 / gate.per_second)
        due = max(self._theoretical_arrival_times.get(gate.name, now), now)
        self._theoretical_arrival_times[gate.name] = due + interval
        return max(now, due - (gate.burst - 1) * interval)

    def _prune(self, now: datetime) -> None:
        """Drop limits whose next slot is in the past: they limit nothing."""
        self._theoretical_arrival_times = {name: at for name, at in self._theoretical_arrival_times.items() if at > now}
