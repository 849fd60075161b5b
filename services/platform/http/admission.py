"""Limits the concurrent requests and their body bytes, and shares them fairly between addresses and accounts.

The sender of a webhook call is unknown until its body is complete and its signature verified, so an unproven request
can be displaced. When a limit is reached, the address that has the most loses its oldest unproven request, and the new
one is admitted. Honest senders are quick; an attacker who sends slowly only displaces requests of its own.

An account may have as many requests as are free, and so may an address before its requests are proven: one gets at most
half of all, two get a third each, and some are always left for the next.
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
    """503: a limit is reached. `reason` is the exhausted share: `account`, `address` or `process`."""

    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__("Too many calls are being answered. Repeat this one.", headers={"Retry-After": "1"})
        self.reason = reason


class Displaced(Overloaded):
    """503: this request was slow and another one was admitted instead. Its connection is closed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.headers["Connection"] = "close"


@dataclass(slots=True, eq=False)
class AdmittedRequest:
    """One admitted request: its address and account, and the bytes of its body that have arrived."""

    address: str
    account: str
    size: int = 0
    is_proven: bool = False
    displaced_by: str | None = None
    """The exhausted share because of which the request was displaced; None while it is admitted."""
    timeout: asyncio.Timeout | None = None


@dataclass(slots=True)
class _Share:
    """The requests and bytes of one account, or those of one address that are not proven."""

    calls: int = 0
    size: int = 0
    unproven: dict[AdmittedRequest, None] = field(default_factory=dict)


class AdmissionControl:
    """Admits requests of one kind. `name` is the kind in metrics."""

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
        """Admit a request until the context is left.

        Raises Overloaded if a limit is reached, Displaced if it is displaced.
        """
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
        """A `receive` that counts the bytes of the request. It raises Displaced."""

        async def counted() -> Message:
            message = await receive()
            self._add_bytes(request, len(message.get("body", b"")))
            return message

        return counted

    def prove(self, request: AdmittedRequest) -> None:
        """The request is authentic: it can no longer be displaced. Raises Displaced if it was displaced before."""
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
        """The exhausted share of requests, and those of which one can be displaced; None if there is room."""
        if self._free_calls <= 0:
            return "process", self._unproven
        if (share := self._accounts.get(account)) is not None and share.calls >= self._free_calls:
            return "account", share.unproven
        if (share := self._addresses.get(address)) is not None and share.calls >= self._free_calls:
            return "address", share.unproven
        return None

    def _exhausted_bytes(self, request: AdmittedRequest) -> tuple[str, Iterable[AdmittedRequest]] | None:
        """The exhausted share of body bytes, and the requests of which one can be displaced, `request` itself among
        them.
        """
        if self._free_bytes < 0:
            return "process", self._unproven
        if (share := self._accounts[request.account]).size > self._free_bytes:
            return "account", share.unproven
        if (share := self._addresses[request.address]).size > self._free_bytes:
            return "address", share.unproven
        return None

    # `max` returns the first of equals, and dicts keep the order of admission: of equals, the oldest is displaced.

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
