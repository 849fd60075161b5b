"""Counts the connections of a process, and closes idle ones when the limit is reached.

A connection without a request is idle: it waits for the first byte, for the rest of a head, or for the next request.
Closing it costs an honest client only a new connection, so idle connections are closed to make room: the oldest one of
the address that has the most. One address may have at most as many idle connections as are free, so that it alone can
never use all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from services.platform.core.instruments import AdmissionInstruments
from services.platform.http.rate_limits import network_for

Close = Callable[[], None]


@dataclass(slots=True, eq=False)
class OpenConnection:
    """One open connection. `close` closes it immediately."""

    address: str
    close: Close


@dataclass(slots=True)
class OpenConnections:
    """All connections of a process, at most `limit`.

    `is_trusted` is true for proxies: many clients share their address.
    """

    limit: int
    instruments: AdmissionInstruments = field(default_factory=AdmissionInstruments)
    is_trusted: Callable[[str], bool] = lambda _: False
    open: int = 0
    idle: dict[str, dict[OpenConnection, None]] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether a request must be refused, because every connection is busy."""
        return self.open >= self.limit

    def add(self, host: str, close: Close) -> OpenConnection:
        """Count a new connection, which is idle. Closes others if that is needed to make room."""
        connection = OpenConnection(network_for(host), close)
        while self.open + 1 >= self.limit and self.idle:
            self._close_one(max(self.idle, key=lambda address: len(self.idle[address])), "process")
        if not self.is_trusted(host) and len(self.idle.get(connection.address, ())) > self.limit - self.open:
            self._close_one(connection.address, "address")
        self.open += 1
        self.mark_idle(connection)
        return connection

    def mark_idle(self, connection: OpenConnection) -> None:
        """The request of the connection was answered."""
        self.idle.setdefault(connection.address, {})[connection] = None

    def mark_busy(self, connection: OpenConnection) -> None:
        """The connection has a request. A connection that was closed to make room is not counted again."""
        connections = self.idle.get(connection.address)
        if connections is not None and connection in connections:
            del connections[connection]
            if not connections:
                del self.idle[connection.address]

    def remove(self, connection: OpenConnection) -> None:
        """The connection is closed or about to be. `OpenConnection.close` calls this."""
        self.mark_busy(connection)
        self.open -= 1

    def _close_one(self, address: str, reason: str) -> None:
        # A dict keeps the order of insertion, so the first connection has been idle for longest.
        oldest = next(iter(self.idle[address]))
        self.instruments.refused.labels("connection", reason).inc()
        oldest.close()


def trusted_by(proxies: Sequence[str]) -> Callable[[str], bool]:
    """A test whether an address is one of these proxies.

    `proxies` are addresses, networks, or `*` for all addresses.
    """
    if "*" in proxies:
        return lambda _: True
    networks = [ip_network(proxy, strict=False) for proxy in proxies]

    def is_trusted(host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in networks)

    return is_trusted
