"""The connections of a process, and which of them may be closed when there is no room for another.

A connection without a request is idle: it waits for a first byte, for the rest of a head, or for a next request. Its end costs
an honest client one more connection, so idle ones make room: the oldest of the address that has the most. One address has at
most as many idle ones as are left free, so that it alone can never fill the process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.rate_limits import network_for

Close = Callable[[], None]


@dataclass(slots=True, eq=False)
class OpenConnection:
    """One open connection. `close` ends it at once."""

    address: str
    close: Close


@dataclass(slots=True)
class OpenConnections:
    """All connections of a process, at most `most`. `trusted` are proxies, which bring many clients on one address."""

    most: int
    instruments: AdmissionInstruments = field(default_factory=AdmissionInstruments)
    is_trusted: Callable[[str], bool] = lambda _: False
    open: int = 0
    idle: dict[str, dict[OpenConnection, None]] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether a request has to be refused, because every connection has one."""
        return self.open >= self.most

    def seat(self, host: str, close: Close) -> OpenConnection:
        """A new connection, idle for now. Others are closed where that is needed to make room."""
        seat = OpenConnection(network_for(host), close)
        while self.open + 1 >= self.most and self.idle:
            self._close_one(max(self.idle, key=lambda address: len(self.idle[address])), "process")
        if not self.is_trusted(host) and len(self.idle.get(seat.address, ())) > self.most - self.open:
            self._close_one(seat.address, "address")
        self.open += 1
        self.rest(seat)
        return seat

    def rest(self, seat: OpenConnection) -> None:
        """Its request was answered."""
        self.idle.setdefault(seat.address, {})[seat] = None

    def work(self, seat: OpenConnection) -> None:
        """It has a request. One that was closed to make room stays closed."""
        seats = self.idle.get(seat.address)
        if seats is not None and seat in seats:
            del seats[seat]
            if not seats:
                del self.idle[seat.address]

    def leave(self, seat: OpenConnection) -> None:
        """It has ended, or is about to. `Seat.close` calls this."""
        self.work(seat)
        self.open -= 1

    def _close_one(self, address: str, reason: str) -> None:
        oldest = next(iter(self.idle[address]))
        self.instruments.refused.labels("connection", reason).inc()
        oldest.close()


def trusting(proxies: Sequence[str]) -> Callable[[str], bool]:
    """Whether an address is one of these proxies: addresses, networks, or `*` for all."""
    if "*" in proxies:
        return lambda _: True
    networks = [ip_network(one, strict=False) for one in proxies]

    def is_trusted(host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in networks)

    return is_trusted
