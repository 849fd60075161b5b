"""The address that a process listens on: bound before anything else is done, and refused in one sentence."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from services.platform.core.errors import Misconfigured


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not listening yet; port 0 takes a free one.

    Raises Misconfigured, naming who holds the port where that can be known, and the fix.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise Misconfigured(bind_error_message(host, port, error)) from error
    bound.setblocking(False)
    return bound


def bind_error_message(host: str, port: int, error: OSError) -> str:
    """One sentence on why an address cannot be listened on, and one on the fix."""
    if error.errno == errno.EADDRINUSE:
        holder = process_listening_on(port)
        by = f" by {holder}" if holder else ""
        other = port + 1 if port < 65535 else 8800
        return (
            f"Port {port} of {host} is taken{by}. Stop that, or choose another port, for example PASOKH_PORT={other}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this process has. Choose one above 1023: PASOKH_PORT=8800."
    return (
        f"{host} is not an address to listen on ({error.strerror or error}). Set PASOKH_HOST, for example to 127.0.0.1."
    )


def address_of(bound: socket.socket) -> str:
    """`http://host:port` of a bound socket, as a client on this machine can use it."""
    host, port = bound.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - a name to translate, not to bind
    return f"http://{reachable}:{port}"


def process_listening_on(port: int) -> str | None:
    """Who listens on a TCP port of this machine, as `name (process 123)`; None where that cannot be known."""
    inodes = {f"socket:[{inode}]" for inode in _listeners(port)}
    return next((_named(process) for process in _processes() if inodes & set(_open_files(process))), None)


def _listeners(port: int) -> Iterator[str]:
    # /proc/net/tcp (proc(5)): local address as HEX:PORT, state 0A is LISTEN, the tenth column is the inode.
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[1].endswith(f":{port:04X}") and fields[3] == "0A":
                    yield fields[9]


def _processes() -> Iterator[Path]:
    with suppress(OSError):
        yield from (one for one in Path("/proc").iterdir() if one.name.isdigit())


def _open_files(process: Path) -> Iterator[str]:
    # Another user's process, or one that ended meanwhile.
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink())


def _named(process: Path) -> str:
    with suppress(OSError):
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\x00")
        name = " ".join(os.path.basename(word) for word in words[:3] if word and not word.startswith("-"))  # noqa: PTH119 - a word of a command line may be no path
        return f"{name} (process {process.name})"
    return f"process {process.name}"
