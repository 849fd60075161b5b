"""Rate limits per chat and per account, as times and not as sleeps: who is over the limit is told when to come.

Kept in a partition's memory. Losing it makes sending a little faster than the limit for a moment, never wrong: the
platform's own 429 is the last word, and `holds` obeys it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.channel import Capabilities
from schemas.outbound import OutboundMessage

PRUNE_ABOVE = 10_000
BURST_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One limit that a message has to pass: `per_second` on average, `burst` (at least 1) at once."""

    name: str
    per_second: float
    burst: float = 1.0


def account_of(message: OutboundMessage) -> str:
    """The name under which an account is limited."""
    return f"{message.workspace}/{message.channel}:{message.account}"


def rate_limits_for(message: OutboundMessage, capabilities: Capabilities, partitions: int) -> list[RateLimit]:
    """The gates of a message in the order in which it passes them: its chat, then its account.

    An account's persons are spread over all partitions and nobody counts them together, so each partition takes its
    share of the account's rate: the sum stays within the limit however many processes there are.
    """
    account = account_of(message)
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
    """When each gate's next slot is (the generic cell rate algorithm)."""

    _theoretical_arrival_times: dict[str, datetime] = field(default_factory=dict)

    def reserve(self, gate: RateLimit, now: datetime) -> datetime:
        """Take the next slot of a gate: `now` when there is one, else the time at which it comes."""
        if len(self._theoretical_arrival_times) > PRUNE_ABOVE:
            self._prune(now)
        interval = timedelta(seconds=1 / gate.per_second)
        due = max(self._theoretical_arrival_times.get(gate.name, now), now)
        self._theoretical_arrival_times[gate.name] = due + interval
        return max(now, due - (gate.burst - 1) * interval)

    def _prune(self, now: datetime) -> None:
        """An arrival in the past limits nothing, so it is the same as none."""
        self._theoretical_arrival_times = {name: at for name, at in self._theoretical_arrival_times.items() if at > now}
