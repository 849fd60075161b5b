"""Calls that prove nothing: counted per address and account, and written to the log once a minute, not once each."""

from dataclasses import dataclass, field

import structlog

from services.channels.port import Account
from services.platform.core.time_source import TimeSource
from services.platform.http.rate_limits import RateLimits

LOG_SECONDS = 60.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Spell:
    """What an account met since its last line in the log."""

    logged_at: float
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Forgeries:
    """Guesses at the secrets of accounts. Who knows the secret is never counted, and never refused for others' guesses."""

    rates: RateLimits
    clock: TimeSource
    spells: dict[str, _Spell] = field(default_factory=dict)

    async def guessed(self, address: str, account: Account) -> None:
        """One call from an address that did not prove itself. Raises TooManyRequests above the rate."""
        await self.rates.guessed(address, _name(account))

    def log(self, account: Account) -> None:
        """One line for the first call of each minute; it says how many there were since the line before."""
        now = self.clock.monotonic()
        spell = self.spells.get(_name(account))
        if spell is not None and now - spell.logged_at < LOG_SECONDS:
            spell.calls += 1
            return
        calls = 1 + (spell.calls if spell else 0)
        where = {"channel": account.channel, "workspace": account.workspace, "account": account.id}
        _log.warning("webhook_forged", **where, calls=calls)
        self.spells[_name(account)] = _Spell(now)


def _name(account: Account) -> str:
    return f"{account.workspace}/{account.channel}/{account.id}"
