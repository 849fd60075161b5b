"""How often one key or one address may ask. Counted in the memory of this process: generous, against accidents."""

import ipaddress
import math
import time
from collections.abc import Mapping

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from services.platform.core.instruments import AdmissionInstruments
from services.platform.core.settings import Settings
from services.platform.http.problems import TooManyRequests

MESSAGE_BYTES = 1000
"""What a message of a visitor takes besides its text, counted with it."""


class RateLimits:
    """Raises TooManyRequests, with the seconds to wait, when a caller asks more often than the settings allow."""

    def __init__(self, settings: Settings, instruments: AdmissionInstruments | None = None) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._key = RateLimitItemPerSecond(settings.key_requests_per_second)
        self._address = RateLimitItemPerSecond(settings.address_requests_per_second)
        self._visitor = RateLimitItemPerSecond(settings.visitor_requests_per_second)
        self._failures = RateLimitItemPerMinute(settings.address_failures_per_minute)
        self._visitors = {
            "address": RateLimitItemPerMinute(settings.address_visitors_per_minute),
            "account": RateLimitItemPerMinute(settings.account_visitors_per_minute),
        }
        self._bytes = {
            "address": RateLimitItemPerMinute(settings.address_chat_bytes_per_minute),
            "account": RateLimitItemPerMinute(settings.account_chat_bytes_per_minute),
        }
        self._instruments = instruments or AdmissionInstruments()

    async def check_address_limit(self, address: str) -> None:
        """One request from an address, whoever it says it is."""
        await self._count(self._address, "address", network_for(address), "This address asks too often")

    async def check_key(self, key: str) -> None:
        """One request with a key."""
        await self._count(self._key, "key", key, "This key asks too often")

    async def check_visitor(self, visitor: str) -> None:
        """One request of a visitor of a web page."""
        await self._count(self._visitor, "visitor", visitor, "This visitor asks too often")

    async def count_auth_failure(self, address: str) -> None:
        """One request with no key or a wrong one."""
        await self._count(self._failures, "failure", network_for(address), "This address used too many wrong keys")

    async def count_unproven_webhook(self, address: str, account: str) -> None:
        """One webhook from an address that did not prove to be the account's platform."""
        who = f"{network_for(address)} {account}"
        await self._count(self._failures, "guess", who, "This address sent too many calls that prove nothing")

    async def count_visitor(self, address: str, account: str) -> None:
        """One new visitor of a web chat account."""
        await self._count_shares(self._visitors, address, account, 1, "visitors")

    async def count_write(self, address: str, account: str, size: int) -> None:
        """A visitor of a web chat account writes `size` bytes."""
        await self._count_shares(self._bytes, address, account, size + MESSAGE_BYTES, "bytes")

    async def _count_shares(
        self, limits: Mapping[str, RateLimitItem], address: str, account: str, cost: int, what: str
    ) -> None:
        # The address first, so that one that has used up its share takes nothing from the account's.
        owners = {"address": f"{network_for(address)} {account}", "account": account}
        for kind, who in owners.items():
            try:
                await self._count(limits[kind], f"{what} of {kind}", who, f"Too many {what} from this {kind}", cost)
            except TooManyRequests:
                self._instruments.refused.labels("visitor", kind).inc()
                raise

    async def _count(self, limit: RateLimitItem, kind: str, who: str, sentence: str, cost: int = 1) -> None:
        if await self._limiter.hit(limit, kind, who, cost=cost):
            return
        window = await self._limiter.get_window_stats(limit, kind, who)
        raise TooManyRequests(f"{sentence}: {limit} at most.", max(1, math.ceil(window.reset_time - time.time())))


def network_for(address: str) -> str:
    """An IPv4 address, or the /64 that one IPv6 customer has: else each could pose as very many."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
