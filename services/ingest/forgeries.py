"""Unauthenticated webhook calls: rate limited per address and account, and logged once a minute instead of once each."""

from dataclasses import dataclass, field

import structlog

from services.channels.port import Account
from services.platform.core.time_source import TimeSource
from services.platform.http.rate_limits import RateLimits

LOG_SECONDS = 60.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Spell:
    """The forged calls of an account since its last log line, which was written at `logged_at` (monotonic seconds)."""

    logged_at: float
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Forgeries:
    """Counts forged calls. An authentic call is never counted, and never refused because of others' forgeries."""

    rates: RateLimits
    time_source: TimeSource
    spells: dict[str, _Spell] = field(default_factory=dict)

    async def guessed(self, address: str, account: Account) -> None:
        """Count a forged call from an address. Raises TooManyRequests above the rate."""
        await self.rates.count_unproven_webhook(address, _name(account))

    def log(self, account: Account) -> None:
        """Log the first forged call of each minute, with the number of calls since the previous line."""
        now = self.time_source.monotonic()
        # An attacker decides how often this runs, so lines are bounded by time and carry a count.
        spell = self.spells.get(_name(account))
        if spell is not None and now - spell.logged_at < LOG_SECONDS:
            spell.calls += 1
            return
        calls = 1 + (spell.calls if spell else 0)
        where = {"channel": account.channel, "workspace": account.workspace, "account": account.id}
        _log.warning("webhook_unauthenticated", **where, calls=calls)
        self.spells[_name(account)] = _Spell(now)


def _name(account: Account) -> str:
    return f"{account.workspace}/{account.channel}/{account.id}"
