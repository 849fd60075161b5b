"""What a test may do with a real server, wherever it comes from."""

import socket
import time
from collections.abc import Callable
from typing import Protocol


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
    """Ports of 127.0.0.1 that nothing listens on now, all different."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def wait_until(answers: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
    """Return as soon as `answers()`; raise TimeoutError with `complaint()` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not answers():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no answer in {seconds:g} s: {complaint()}")
        time.sleep(0.05)
