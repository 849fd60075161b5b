"""Who may have how many calls and body bytes on their way at once: shared fairly between addresses and accounts.

Nobody knows who sends a call until its body is there and proven, so a request that is not proven yet can be lost. Where room is
short, the address that holds the most of it loses its oldest request, and whoever comes now is let in: a sender is quick, and
an attacker who holds requests by sending slowly only pushes out calls of its own.

An account may have as much on its way as is left free, and so may an address before its calls are proven: one takes at most
half of the room, two a third each, and there is always some left for the next.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.types import Message, Receive

from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.problems import HttpProblem

MAX_IN_FLIGHT = 1000
BODY_BYTES = 64_000_000


class Overloaded(HttpProblem):
    """503: too much is on its way. `reason` is whose share is used up: `account`, `address` or `process`."""

    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__("Too many calls are being answered. Repeat this one.", headers={"Retry-After": "1"})
        self.reason = reason


class Displaced(Overloaded):
    """503: this call was slow and its request was needed. Its connection ends."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.headers["Connection"] = "close"


@dataclass(slots=True, eq=False)
class AdmittedRequest:
    """The request of one call: whose it is, and how many bytes of its body are held."""

    address: str
    account: str
    size: int = 0
    is_proven: bool = False
    displaced_by: str | None = None
    """Why the request was taken away; None while it is held."""
    timeout: asyncio.Timeout | None = None


@dataclass(slots=True)
class _Share:
    """What one account has on its way, or one address before it is proven."""

    calls: int = 0
    size: int = 0
    unproven: dict[AdmittedRequest, None] = field(default_factory=dict)


class AdmissionControl:
    """The requests of one kind of calls. `name` says which in metrics."""

    def __init__(
        self,
        name: str = "webhook",
        *,
        calls: int = MAX_IN_FLIGHT,
        body_bytes: int = BODY_BYTES,
        instruments: AdmissionInstruments | None = None,
    ) -> None:
        self._name, self._instruments = name, instruments or AdmissionInstruments()
        self._free_calls, self._free_bytes = calls, body_bytes
        self._accounts: dict[str, _Share] = {}
        self._addresses: dict[str, _Share] = {}
        self._unproven: dict[AdmittedRequest, None] = {}

    @asynccontextmanager
    async def admit(self, address: str, account: str) -> AsyncIterator[AdmittedRequest]:
        """A request until the context is left. Raises Overloaded when there is none, Displaced when it was taken away."""
        self._make_room(address, account)
        request = AdmittedRequest(address, account)
        self._occupy(request)
        try:
            async with asyncio.timeout(None) as request.timeout:
                yield request
        except TimeoutError:
            if request.displaced_by is None:
                raise
            raise Displaced(request.displaced_by) from None
        finally:
            if request.displaced_by is None:
                self._release(request)

    def count_bytes(self, request: AdmittedRequest, receive: Receive) -> Receive:
        """A `receive` whose bytes count until the request is left. It raises Displaced."""

        async def counted() -> Message:
            message = await receive()
            self._add_bytes(request, len(message.get("body", b"")))
            return message

        return counted

    def prove(self, request: AdmittedRequest) -> None:
        """The call is authentic: nothing takes its request any more. Raises Displaced when something did."""
        if request.displaced_by is not None:
            raise Displaced(request.displaced_by)
        self._remove_unproven(request)
        request.is_proven = True

    # -- counting ------------------------------------------------------------------------------------------------------

    def _occupy(self, request: AdmittedRequest) -> None:
        self._free_calls -= 1
        self._accounts.setdefault(request.account, _Share()).calls += 1
        self._addresses.setdefault(request.address, _Share()).calls += 1
        for unproven in self._unproven_with(request):
            unproven[request] = None

    def _add_bytes(self, request: AdmittedRequest, size: int) -> None:
        if request.displaced_by is not None:
            raise Displaced(request.displaced_by)
        request.size += size
        self._free_bytes -= size
        self._accounts[request.account].size += size
        self._addresses[request.address].size += size
        while request.size and (exhausted := self._exhausted_bytes(request)) is not None:
            reason, requests = exhausted
            self._displace(max((one for one in requests if one.size), key=self._weight_in_bytes), reason)
            if request.displaced_by is not None:
                raise Displaced(request.displaced_by)

    def _release(self, request: AdmittedRequest) -> None:
        if not request.is_proven:
            self._remove_unproven(request)
        self._free_calls += 1
        self._free_bytes += request.size
        _reduce(self._accounts, request.account, request.size)

    def _remove_unproven(self, request: AdmittedRequest) -> None:
        for unproven in self._unproven_with(request):
            del unproven[request]
        _reduce(self._addresses, request.address, request.size)

    def _unproven_with(self, request: AdmittedRequest) -> tuple[dict[AdmittedRequest, None], ...]:
        return (
            self._unproven,
            self._accounts[request.account].unproven,
            self._addresses[request.address].unproven,
        )

    # -- sharing -------------------------------------------------------------------------------------------------------

    def _make_room(self, address: str, account: str) -> None:
        while (exhausted := self._exhausted_calls(address, account)) is not None:
            reason, requests = exhausted
            if not requests:
                self._instruments.refused.labels(self._name, reason).inc()
                raise Overloaded(reason)
            self._displace(max(requests, key=self._weight_in_calls), reason)

    def _exhausted_calls(self, address: str, account: str) -> tuple[str, Iterable[AdmittedRequest]] | None:
        """Whose share of the calls is used up, and the requests of which one can be lost; None when there is room."""
        if self._free_calls <= 0:
            return "process", self._unproven
        if (share := self._accounts.get(account)) is not None and share.calls >= self._free_calls:
            return "account", share.unproven
        if (share := self._addresses.get(address)) is not None and share.calls >= self._free_calls:
            return "address", share.unproven
        return None

    def _exhausted_bytes(self, request: AdmittedRequest) -> tuple[str, Iterable[AdmittedRequest]] | None:
        """The same of bytes; `request` itself is among those that can be lost."""
        if self._free_bytes < 0:
            return "process", self._unproven
        if (share := self._accounts[request.account]).size > self._free_bytes:
            return "account", share.unproven
        if (share := self._addresses[request.address]).size > self._free_bytes:
            return "address", share.unproven
        return None

    # `max` gives the first of equals, and requests stand in the order in which they were taken: the oldest.

    def _weight_in_calls(self, request: AdmittedRequest) -> int:
        return self._addresses[request.address].calls

    def _weight_in_bytes(self, request: AdmittedRequest) -> int:
        return self._addresses[request.address].size

    def _displace(self, request: AdmittedRequest, reason: str) -> None:
        self._release(request)
        request.displaced_by = reason
        self._instruments.refused.labels(self._name, reason).inc()
        if request.timeout is not None:
            request.timeout.reschedule(0)


def _reduce(shares: dict[str, _Share], name: str, size: int) -> None:
    share = shares[name]
    share.calls -= 1
    share.size -= size
    if not share.calls:
        del shares[name]
