"""A server in a container, where a Docker engine answers."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.live_servers.server import STOP_SECONDS, wait_until

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer


def docker_answers() -> bool:
    """Whether a Docker engine listens at `DOCKER_HOST`, else at the usual socket."""
    engine = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    unix = engine.scheme == "unix"
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as probe:
        probe.settimeout(5)
        try:
            probe.connect(engine.path if unix else (engine.hostname, engine.port))
        except OSError:
            return False
    return True


@dataclass(frozen=True)
class Image:
    """What to run: the container listens on `port`, which is the same outside, so that it can name itself to clients."""

    name: str
    port: int
    command: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


class Containerised:
    """A server in one container. Stopping keeps the container, and with it data and port."""

    def __init__(self, image: Image, url: str, answers: Callable[[], bool]) -> None:
        self.url = url
        self._answers = answers
        self._container = _container(image)
        self._container.start()
        self._wait()

    def start(self) -> None:
        self._container.get_wrapped_container().start()
        self._wait()

    def stop(self) -> None:
        self._container.get_wrapped_container().stop(timeout=int(STOP_SECONDS))

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def close(self) -> None:
        self._container.stop()

    def _wait(self) -> None:
        wait_until(self._answers, lambda: self._container.get_logs()[1].decode(errors="replace")[-2000:])


def _container(image: Image) -> "DockerContainer":
    # Imported here so that a run without Docker does not wait for it.
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(image.name).with_bind_ports(image.port, image.port).with_envs(**image.environment)
    return container.with_command(image.command) if image.command else container
