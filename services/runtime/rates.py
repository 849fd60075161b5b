"""How often one key or one address may ask. Counted in the memory of this process: generous, against accidents."""

import ipaddress
import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from services.runtime.problems import TooMany
from services.runtime.settings import Settings


class Rates:
    """Raises TooMany, with the seconds to wait, when a caller asks more often than the settings allow."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._key = RateLimitItemPerSecond(settings.key_requests_per_second)
        self._address = RateLimitItemPerSecond(settings.address_requests_per_second)
        self._visitor = RateLimitItemPerSecond(settings.visitor_requests_per_second)
        self._failures = RateLimitItemPerMinute(settings.address_failures_per_minute)

    async def asked(self, address: str) -> None:
        """One request from an address, whoever it says it is."""
        await self._count(self._address, "address", network_of(address), "This address asks too often")

    async def used(self, key: str) -> None:
        """One request with a key."""
        await self._count(self._key, "key", key, "This key asks too often")

    async def visited(self, visitor: str) -> None:
        """One request of a visitor of a web page."""
        await self._count(self._visitor, "visitor", visitor, "This visitor asks too often")

    async def failed(self, address: str) -> None:
        """One request with no key or a wrong one."""
        await self._count(self._failures, "failure", network_of(address), "This address used too many wrong keys")

    async def _count(self, limit: RateLimitItem, kind: str, who: str, sentence: str) -> None:
        if await self._limiter.hit(limit, kind, who):
            return
        window = await self._limiter.get_window_stats(limit, kind, who)
        raise TooMany(f"{sentence}: {limit} at most.", max(1, math.ceil(window.reset_time - time.time())))


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 that one IPv6 customer has: else each could pose as very many."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
