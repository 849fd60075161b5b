"""Binds the address that a process listens on, before anything else starts, so that an error is one clear sentence."""

import errno
import socket

from services.platform.core.errors import Misconfigured


def bind(host: str, port: int) -> socket.socket:
    """Bind a socket to an address without listening; port 0 takes a free port.

    Raises Misconfigured with the reason and the fix.
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
    """Why the process cannot listen on an address, in one sentence, and the fix, in another."""
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else 8800
        return (
            f"Port {port} of {host} is in use. `ss -ltnp 'sport = :{port}'` (macOS: `lsof -i :{port}`) shows by which "
            f"process: stop that, or choose another port, for example PASOKH_PORT={other}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this process has. Choose one above 1023: PASOKH_PORT=8800."
    return (
        f"{host} is not an address to listen on ({error.strerror or error}). Set PASOKH_HOST, for example to 127.0.0.1."
    )


def base_url(bound: socket.socket) -> str:
    """The URL of a bound socket for clients on this machine, such as `http://127.0.0.1:8800`."""
    host, port = bound.getsockname()[:2]
    # A wildcard address is for listening only; clients connect to loopback instead.
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - a name to translate, not to bind
    return f"http://{reachable}:{port}"
