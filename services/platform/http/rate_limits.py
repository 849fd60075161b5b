"""Rate limits per key and per address, counted in the memory of this process.

They are generous: a guard against accidents.
"""

import ipaddress
import math
import time
from collections.abc import Mapping

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from services.platform.core.instruments import AdmissionInstruments
from services.platform.core.settings import Settings
from services.platform.http.problems import TooManyRequests

MESSAGE_BYTES = 1000
"""The bytes that a visitor's message takes besides its text. They count towards the limit."""


class RateLimits:
    """Raises TooManyRequests, with the seconds to wait, if a caller exceeds a rate of the settings."""

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
        self._files = {
            "address": RateLimitItemPerHour(settings.address_file_bytes_per_hour),
            "account": RateLimitItemPerHour(settings.account_file_bytes_per_hour),
        }
        self._instruments = instruments or AdmissionInstruments()

    async def check_address_limit(self, address: str) -> None:
        """Count a request from an address, before it is authenticated."""
        await self._count(self._address, "address", network_for(address), "This address asks too often")

    async def check_key(self, key: str) -> None:
        """Count a request with a key."""
        await self._count(self._key, "key", key, "This key asks too often")

    async def check_visitor(self, visitor: str) -> None:
        """Count a request of a web chat visitor."""
        await self._count(self._visitor, "visitor", visitor, "This visitor asks too often")

    async def count_auth_failure(self, address: str) -> None:
        """Count a request without a key or with a wrong one."""
        await self._count(self._failures, "failure", network_for(address), "This address used too many wrong keys")

    async def count_unproven_webhook(self, address: str, account: str) -> None:
        """Count a webhook call whose signature or secret was wrong."""
        who = f"{network_for(address)} {account}"
        await self._count(self._failures, "guess", who, "This address sent too many calls that prove nothing")

    async def count_visitor(self, address: str, account: str) -> None:
        """Count a new visitor of a web chat account."""
        await self._count_shares(self._visitors, address, account, 1, "visitors")

    async def count_write(self, address: str, account: str, size: int) -> None:
        """Count `size` bytes that a visitor of a web chat account writes."""
        await self._count_shares(self._bytes, address, account, size + MESSAGE_BYTES, "bytes")

    async def count_file(self, address: str, account: str, size: int) -> None:
        """Count `size` bytes of a file that a visitor of a web chat account uploads."""
        await self._count_shares(self._files, address, account, size + MESSAGE_BYTES, "bytes of files")

    async def _count_shares(
        self, limits: Mapping[str, RateLimitItem], address: str, account: str, cost: int, what: str
    ) -> None:
        # The address is counted first, so that an address over its limit uses nothing of the account's.
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


def client_address(request: Request) -> str:
    """The client's network address; `unknown` where the server names none."""
    return request.client.host if request.client else "unknown"


def network_for(address: str) -> str:
    """The IPv4 address, or the /64 network of an IPv6 address: one customer usually has a whole /64 of addresses."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
