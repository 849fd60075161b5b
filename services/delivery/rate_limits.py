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
class Gate:
    """One limit that a message has to pass: `per_second` on average, `burst` (at least 1) at once."""

    name: str
    per_second: float
    burst: float = 1.0


def account_of(message: OutboundMessage) -> str:
    """The name under which an account is limited."""
    return f"{message.workspace}/{message.channel}:{message.account}"


def gates_of(message: OutboundMessage, capabilities: Capabilities, partitions: int) -> list[Gate]:
    """The gates of a message in the order in which it passes them: its chat, then its account.

    An account's persons are spread over all partitions and nobody counts them together, so each partition takes its
    share of the account's rate: the sum stays within the limit however many processes there are.
    """
    account = account_of(message)
    return [*_chat_gates(message, capabilities, account), *_account_gates(capabilities, account, partitions)]


def _chat_gates(message: OutboundMessage, capabilities: Capabilities, account: str) -> list[Gate]:
    chat = f"{account}/{message.address.chat}"
    if message.surface == "public" and capabilities.group_rate_per_minute is not None:
        return [Gate(chat, capabilities.group_rate_per_minute / 60)]
    if capabilities.chat_rate_per_second is not None:
        return [Gate(chat, capabilities.chat_rate_per_second)]
    return []


def _account_gates(capabilities: Capabilities, account: str, partitions: int) -> list[Gate]:
    if capabilities.account_rate_per_second is None:
        return []
    share = capabilities.account_rate_per_second / partitions
    return [Gate(account, share, burst=max(1.0, share * BURST_SECONDS))]


@dataclass(slots=True)
class Limits:
    """When each gate's next slot is (the generic cell rate algorithm)."""

    _arrivals: dict[str, datetime] = field(default_factory=dict)

    def reserve(self, gate: Gate, now: datetime) -> datetime:
        """Take the next slot of a gate: `now` when there is one, else the time at which it comes."""
        if len(self._arrivals) > PRUNE_ABOVE:
            self._forget(now)
        interval = timedelta(seconds=1 / gate.per_second)
        due = max(self._arrivals.get(gate.name, now), now)
        self._arrivals[gate.name] = due + interval
        return max(now, due - (gate.burst - 1) * interval)

    def _forget(self, now: datetime) -> None:
        """An arrival in the past limits nothing, so it is the same as none."""
        self._arrivals = {name: at for name, at in self._arrivals.items() if at > now}
