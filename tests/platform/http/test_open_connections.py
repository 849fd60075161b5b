"""Which connections are closed to make room for another."""

from collections.abc import Callable

from services.platform.http.open_connections import OpenConnection, OpenConnections, trusted_by


class Hall:
    """Connections by name, and which of them were closed."""

    def __init__(self, most: int, *proxies: str) -> None:
        self.connections = OpenConnections(most, is_trusted=trusted_by(proxies))
        self.closed: list[str] = []
        self.seats: dict[str, OpenConnection] = {}

    def come(self, name: str, host: str) -> None:
        self.seats[name] = self.connections.add(host, self._closing(name))

    def _closing(self, name: str) -> Callable[[], None]:
        def close() -> None:
            self.closed.append(name)
            self.connections.remove(self.seats[name])

        return close


def test_one_address_loses_its_own_oldest_idle_connections_and_leaves_room_for_others() -> None:
    hall = Hall(10)
    for number in range(30):
        hall.come(f"attacker {number}", "198.51.100.7")
    hall.come("honest", "192.0.2.1")
    assert hall.connections.open < 10
    assert not hall.connections.is_full
    assert hall.closed[:2] == ["attacker 0", "attacker 1"]
    assert all(name.startswith("attacker") for name in hall.closed)


def test_many_addresses_lose_the_idle_ones_of_the_largest_and_never_one_with_a_request() -> None:
    hall = Hall(10)
    hall.come("working", "192.0.2.1")
    hall.connections.mark_busy(hall.seats["working"])
    for number in range(40):
        hall.come(f"{number}", f"198.51.100.{number % 8}")
    assert "working" not in hall.closed
    assert hall.connections.open < 10


def test_when_all_have_requests_it_is_full_until_one_has_ended() -> None:
    hall = Hall(3)
    for number in range(3):
        hall.come(f"{number}", f"192.0.2.{number}")
        hall.connections.mark_busy(hall.seats[f"{number}"])
    assert hall.connections.is_full
    hall.connections.remove(hall.seats["0"])
    assert not hall.connections.is_full


def test_a_connection_that_was_answered_is_idle_again() -> None:
    hall = Hall(3)
    hall.come("first", "192.0.2.1")
    hall.connections.mark_busy(hall.seats["first"])
    hall.connections.mark_idle(hall.seats["first"])
    hall.come("second", "192.0.2.2")
    hall.come("third", "192.0.2.3")
    assert hall.closed == ["first"]


def test_a_trusted_proxy_has_no_share_of_its_own() -> None:
    hall = Hall(10, "10.0.0.0/8")
    for number in range(8):
        hall.come(f"{number}", "10.1.2.3")
    assert hall.closed == []
    assert trusted_by(["*"])("anything")
    assert not trusted_by(["10.0.0.0/8", "::1"])("192.0.2.1")
    assert not trusted_by(["10.0.0.0/8"])("unknown")
