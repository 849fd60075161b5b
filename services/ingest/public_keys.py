"""The public keys by which platforms sign, fetched from the platforms' own hosts and cached for an hour.

Callers are not proven yet when their key is looked up. So what they can make this process fetch is bounded: the channel
names hosts, one fetch of a key runs at a time, few run at once, and a key that could not be fetched is not tried again
for some seconds.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from services.platform.core.errors import Unavailable
from services.platform.core.time_source import TimeSource
from services.platform.http.outgoing import HttpClient, PermanentSendError, SendOutcomeUnknown, TransientSendError

KEY_SECONDS, RECHECK_SECONDS, FAILED_SECONDS = 3600.0, 60.0, 5.0
"""How long a key is used; how old it may be when a call is refused because of it; how long after a failed fetch no other
is made.
"""
MAX_KEYS, MAX_KEY_BYTES, MAX_FETCHES = 64, 100_000, 8
_log = structlog.get_logger(__name__)


class KeyUnavailable(Unavailable):
    """A key cannot be fetched now: nothing is known about the call, and its sender repeats it."""


@dataclass(frozen=True, slots=True)
class _Key:
    """The bytes of a key, or None where the fetch failed; `at` is in monotonic seconds."""

    content: bytes | None
    at: float


class PublicKeys:
    """Fetches and caches keys by their URLs."""

    def __init__(self, http: HttpClient, time_source: TimeSource) -> None:
        self._http, self._time_source = http, time_source
        self._keys: OrderedDict[str, _Key] = OrderedDict()
        self._failures: OrderedDict[str, _Key] = OrderedDict()
        self._fetches: dict[str, asyncio.Task[bytes | None]] = {}

    async def read(self, urls: Sequence[str], max_age: float = KEY_SECONDS) -> dict[str, bytes]:
        """The keys of these URLs, none older than `max_age` seconds unless it cannot be fetched. Raises KeyUnavailable."""
        return {url: await self._read_key(url, max_age) for url in urls}

    async def _read_key(self, url: str, max_age: float) -> bytes:
        cached = self._recent(self._keys, url, KEY_SECONDS)
        if cached is not None and self._recent(self._keys, url, max_age) is not None:
            return cached.content or b""
        content = await self._fetch_once(url)
        if content is None and cached is not None:
            content = cached.content
        if content is None:
            raise KeyUnavailable("the public key could not be fetched")
        return content

    async def _fetch_once(self, url: str) -> bytes | None:
        """The fetched key, by one fetch for all callers that wait; None when it cannot be fetched now."""
        if self._recent(self._failures, url, FAILED_SECONDS) is not None:
            return None
        fetch = self._fetches.get(url)
        if fetch is None:
            if len(self._fetches) >= MAX_FETCHES:
                return None
            fetch = self._fetches[url] = asyncio.create_task(self._fetch(url))
            fetch.add_done_callback(lambda _: self._fetches.pop(url, None))
        # The caller that began the fetch may go away: the others wait for it all the same.
        return await asyncio.shield(fetch)

    async def _fetch(self, url: str) -> bytes | None:
        try:
            answer = await self._http.call("GET", url, idempotent=True)
        except (TransientSendError, PermanentSendError, SendOutcomeUnknown) as error:
            self._fail(url, reason=type(error).__name__)
            return None
        if answer.status != 200 or not 0 < len(answer.body) <= MAX_KEY_BYTES:
            self._fail(url, status=answer.status, size=len(answer.body))
            return None
        self._remember(self._keys, url, answer.body)
        return answer.body

    def _fail(self, url: str, **reason: str | int) -> None:
        # The caller chose the rest of the URL.
        _log.warning("public_key_fetch_failed", host=urlsplit(url).hostname, **reason)
        self._remember(self._failures, url, None)

    def _recent(self, table: OrderedDict[str, _Key], url: str, seconds: float) -> _Key | None:
        entry = table.get(url)
        return entry if entry is not None and self._time_source.monotonic() - entry.at < seconds else None

    def _remember(self, table: OrderedDict[str, _Key], url: str, content: bytes | None) -> None:
        table[url] = _Key(content, self._time_source.monotonic())
        table.move_to_end(url)
        if len(table) > MAX_KEYS:
            table.popitem(last=False)
