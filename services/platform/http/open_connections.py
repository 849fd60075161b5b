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

    limit: int
    instruments: AdmissionInstruments = field(default_factory=AdmissionInstruments)
    is_trusted: Callable[[str], bool] = lambda _: False
    open: int = 0
    idle: dict[str, dict[OpenConnection, None]] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether a request has to be refused, because every connection has one."""
        return self.open >= self.limit

    def add(self, host: str, close: Close) -> OpenConnection:
        """A new connection, idle for now. Others are closed where that is needed to make room."""
        connection = OpenConnection(network_for(host), close)
        while self.open + 1 >= self.limit and self.idle:
            self._close_one(max(self.idle, key=lambda address: len(self.idle[address])), "process")
        if not self.is_trusted(host) and len(self.idle.get(connection.address, ())) > self.limit - self.open:
            self._close_one(connection.address, "address")
        self.open += 1
        self.mark_idle(connection)
        return connection

    def mark_idle(self, connection: OpenConnection) -> None:
        """Its request was answered."""
        self.idle.setdefault(connection.address, {})[connection] = None

    def mark_busy(self, connection: OpenConnection) -> None:
        """It has a request. One that was closed to make room stays closed."""
        connections = self.idle.get(connection.address)
        if connections is not None and connection in connections:
            del connections[connection]
            if not connections:
                del self.idle[connection.address]

    def remove(self, connection: OpenConnection) -> None:
        """It has ended, or is about to. `Seat.close` calls this."""
        self.mark_busy(connection)
        self.open -= 1

    def _close_one(self, address: str, reason: str) -> None:
        oldest = next(iter(self.idle[address]))
        self.instruments.refused.labels("connection", reason).inc()
        oldest.close()


def trusted_by(proxies: Sequence[str]) -> Callable[[str], bool]:
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
