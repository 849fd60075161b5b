"""Who may have how many calls and body bytes on their way at once: shared fairly between addresses and accounts.

Nobody knows who sends a call until its body is there and proven, so a place that is not proven yet can be lost. Where room is
short, the address that holds the most of it loses its oldest place, and whoever comes now is let in: a sender is quick, and
an attacker who holds places by sending slowly only pushes out calls of its own.

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
    """503: this call was slow and its place was needed. Its connection ends."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.headers["Connection"] = "close"


@dataclass(slots=True, eq=False)
class AdmittedRequest:
    """The place of one call: whose it is, and how many bytes of its body are held."""

    address: str
    account: str
    size: int = 0
    is_proven: bool = False
    lost: str | None = None
    """Why the place was taken away; None while it is held."""
    until: asyncio.Timeout | None = None


@dataclass(slots=True)
class _Share:
    """What one account has on its way, or one address before it is proven."""

    calls: int = 0
    size: int = 0
    unproven: dict[AdmittedRequest, None] = field(default_factory=dict)


class AdmissionControl:
    """The places of one kind of calls. `name` says which in metrics."""

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
        """A place until the context is left. Raises Overloaded when there is none, Displaced when it was taken away."""
        self._find_room(address, account)
        place = AdmittedRequest(address, account)
        self._take(place)
        try:
            async with asyncio.timeout(None) as place.until:
                yield place
        except TimeoutError:
            if place.lost is None:
                raise
            raise Displaced(place.lost) from None
        finally:
            if place.lost is None:
                self._give_back(place)

    def counted(self, place: AdmittedRequest, receive: Receive) -> Receive:
        """A `receive` whose bytes count until the place is left. It raises Displaced."""

        async def counted() -> Message:
            message = await receive()
            self._add(place, len(message.get("body", b"")))
            return message

        return counted

    def prove(self, place: AdmittedRequest) -> None:
        """The call is authentic: nothing takes its place any more. Raises Displaced when something did."""
        if place.lost is not None:
            raise Displaced(place.lost)
        self._forget_unproven(place)
        place.is_proven = True

    # -- counting ------------------------------------------------------------------------------------------------------

    def _take(self, place: AdmittedRequest) -> None:
        self._free_calls -= 1
        self._accounts.setdefault(place.account, _Share()).calls += 1
        self._addresses.setdefault(place.address, _Share()).calls += 1
        for unproven in self._unproven_with(place):
            unproven[place] = None

    def _add(self, place: AdmittedRequest, size: int) -> None:
        if place.lost is not None:
            raise Displaced(place.lost)
        place.size += size
        self._free_bytes -= size
        self._accounts[place.account].size += size
        self._addresses[place.address].size += size
        while place.size and (crowd := self._crowd_of_bytes(place)) is not None:
            reason, places = crowd
            self._displace(max((one for one in places if one.size), key=self._weight_in_bytes), reason)
            if place.lost is not None:
                raise Displaced(place.lost)

    def _give_back(self, place: AdmittedRequest) -> None:
        if not place.is_proven:
            self._forget_unproven(place)
        self._free_calls += 1
        self._free_bytes += place.size
        _reduce(self._accounts, place.account, place.size)

    def _forget_unproven(self, place: AdmittedRequest) -> None:
        for unproven in self._unproven_with(place):
            del unproven[place]
        _reduce(self._addresses, place.address, place.size)

    def _unproven_with(self, place: AdmittedRequest) -> tuple[dict[AdmittedRequest, None], ...]:
        return (
            self._unproven,
            self._accounts[place.account].unproven,
            self._addresses[place.address].unproven,
        )

    # -- sharing -------------------------------------------------------------------------------------------------------

    def _find_room(self, address: str, account: str) -> None:
        while (crowd := self._crowd_of_calls(address, account)) is not None:
            reason, places = crowd
            if not places:
                self._instruments.refused.labels(self._name, reason).inc()
                raise Overloaded(reason)
            self._displace(max(places, key=self._weight_in_calls), reason)

    def _crowd_of_calls(self, address: str, account: str) -> tuple[str, Iterable[AdmittedRequest]] | None:
        """Whose share of the calls is used up, and the places of which one can be lost; None when there is room."""
        if self._free_calls <= 0:
            return "process", self._unproven
        if (share := self._accounts.get(account)) is not None and share.calls >= self._free_calls:
            return "account", share.unproven
        if (share := self._addresses.get(address)) is not None and share.calls >= self._free_calls:
            return "address", share.unproven
        return None

    def _crowd_of_bytes(self, place: AdmittedRequest) -> tuple[str, Iterable[AdmittedRequest]] | None:
        """The same of bytes; `place` itself is among those that can be lost."""
        if self._free_bytes < 0:
            return "process", self._unproven
        if (share := self._accounts[place.account]).size > self._free_bytes:
            return "account", share.unproven
        if (share := self._addresses[place.address]).size > self._free_bytes:
            return "address", share.unproven
        return None

    # `max` gives the first of equals, and places stand in the order in which they were taken: the oldest.

    def _weight_in_calls(self, place: AdmittedRequest) -> int:
        return self._addresses[place.address].calls

    def _weight_in_bytes(self, place: AdmittedRequest) -> int:
        return self._addresses[place.address].size

    def _displace(self, place: AdmittedRequest, reason: str) -> None:
        self._give_back(place)
        place.lost = reason
        self._instruments.refused.labels(self._name, reason).inc()
        if place.until is not None:
            place.until.reschedule(0)


def _reduce(shares: dict[str, _Share], name: str, size: int) -> None:
    share = shares[name]
    share.calls -= 1
    share.size -= size
    if not share.calls:
        del shares[name]
