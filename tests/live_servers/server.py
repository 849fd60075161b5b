"""What a test may do with a real server, wherever it comes from."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import SystemRandom
from typing import Final, Protocol

FIRST_PORT: Final = 12_000
START_SECONDS: Final = 90.0
"""How long a server may take until it answers. Only one that never does is waited for so long."""
STOP_SECONDS: Final = 60.0
"""How long a server may take to end in its own way, before it is killed."""


class Unavailable(Exception):
    """This machine cannot have the server. The message says why and how to get it."""


class Server(Protocol):
    """A server that answers, with its data and its port kept over `stop`, `kill` and `start`."""

    @property
    def url(self) -> str:
        """What `PASOKH_BUS` or `PASOKH_STORE` takes."""
        ...

    def start(self) -> None:
        """Return when it answers; nothing happens when it already does. Raises TimeoutError, with the end of its log."""
        ...

    def stop(self) -> None:
        """Let it end in its own way and return when it is gone. Raises Unavailable when it is not ours to stop."""
        ...

    def kill(self) -> None:
        """End it at once, like a power cut. Raises Unavailable when it is not ours to kill."""
        ...

    def close(self) -> None:
        """End it for good and remove its data."""
        ...


class Given:
    """A server that somebody else runs, named by an address: tests use it and never take it away."""

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        raise Unavailable(f"{self.url} was given by address and is not ours to stop; unset the variable that names it")

    kill = stop

    def close(self) -> None:
        """It stays."""


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on now, all different, and none that was returned before.

    They are below the range from which the system picks the ports of outgoing connections: a server that is stopped for a
    while finds its port free when it starts again.
    """
    return [next(port for port in _UNUSED_PORTS if _is_free(port)) for _ in range(count)]


def _first_outgoing_port() -> int:
    # https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html: ip_local_port_range. Elsewhere IANA's range.
    with contextlib.suppress(OSError):
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return 49_152


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _unused_ports() -> Iterator[int]:
    # Several test processes take ports at once: each takes them in an order of its own.
    ports = list(range(FIRST_PORT, _first_outgoing_port()))
    SystemRandom().shuffle(ports)
    yield from ports


_UNUSED_PORTS: Final = _unused_ports()


def wait_until(
    answers: Callable[[], bool], complaint: Callable[[], str], *, running: Callable[[], bool] = lambda: True
) -> None:
    """Return as soon as `answers()`; raise TimeoutError with `complaint()` after `START_SECONDS`, or once it is not `running()`."""
    began = time.monotonic()
    while not answers():
        waited = time.monotonic() - began
        if waited > START_SECONDS or not running():
            raise TimeoutError(f"no answer in {waited:.0f} s: {complaint()}")
        time.sleep(0.05)
