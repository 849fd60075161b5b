"""Rate limits per chat and per account. A message over the limit gets the time of its slot; nothing sleeps here.

A partition's owner keeps the limiter in memory. When it is lost with the process, sending may exceed a limit for a
moment; the platform then answers 429, and the chat or the account is held (`holds`).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.channel import Capabilities
from schemas.outbound import Outbound
from services.delivery.domain.outcomes import is_ephemeral

MAX_LIMITS_BEFORE_PRUNE = 10_000
BURST_SECONDS = 0.25
"""The part of a second whose messages may go without a pause between them."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a message: `per_second` messages on average; `burst` (at least 1) may go without a pause."""

    name: str
    per_second: float
    burst: float = 1.0


def account_limit_key(message: Outbound) -> str:
    """The limiter's key of an account."""
    return f"{message.workspace}/{message.channel}:{message.account}"


def limits_for(message: Outbound, capabilities: Capabilities, partitions: int) -> list[Limit]:
    """The limits of a message in the order in which it passes them: its chat's, then its account's."""
    # The account comes last, so that a message which waits for its chat takes no slot of the account from other chats.
    account = account_limit_key(message)
    scopes = {limit.scope for limit in capabilities.rate_limits}
    # A platform that states no rate of its own for groups means its rate for chats there too.
    scope = "group" if message.surface == "public" and "group" in scopes else "chat"
    chat_limits = [
        Limit(f"{account}/{message.address.chat}/{limit.seconds:g}", limit.count / limit.seconds, limit.burst)
        for limit in capabilities.rate_limits
        # The rates of chats are about messages. An answer would wait behind the sign that it is being written.
        if limit.scope == scope and not is_ephemeral(message)
    ]
    # The persons of an account are spread over all partitions, whose limiters do not know of each other. Each partition
    # uses its share of the rate, so that the sum stays within the limit for any number of processes.
    shares = [
        (limit, limit.count / limit.seconds / partitions)
        for limit in capabilities.rate_limits
        if limit.scope == "account"
    ]
    return chat_limits + [
        Limit(f"{account}/{limit.seconds:g}", share, burst=max(1.0, share * BURST_SECONDS)) for limit, share in shares
    ]


@dataclass(slots=True)
class RateLimiter:
    """The next free slot of each limit, by the name of the limit."""

    _theoretical_arrival_times: dict[str, datetime] = field(default_factory=dict)

    def reserve(self, limit: Limit, now: datetime) -> datetime:
        """Take the next slot of a limit and return its time: `now` when a slot is free."""
        if len(self._theoretical_arrival_times) > MAX_LIMITS_BEFORE_PRUNE:
            self._prune(now)
        # The generic cell rate algorithm: each message moves the theoretical arrival time of the next one by an
        # interval, and may itself come before its own by the `burst - 1` messages that go without a pause.
        interval = timedelta(seconds=1 / limit.per_second)
        due = max(self._theoretical_arrival_times.get(limit.name, now), now)
        self._theoretical_arrival_times[limit.name] = due + interval
        return max(now, due - (limit.burst - 1) * interval)

    def _prune(self, now: datetime) -> None:
        """Drop limits whose next slot is in the past: they limit nothing."""
        self._theoretical_arrival_times = {name: at for name, at in self._theoretical_arrival_times.items() if at > now}
