"""Keeps outgoing calls away from private networks (SSRF guard): customers choose the URLs that we call.

The guard is in the code that connects: it resolves the host, checks the addresses and connects to one of these, so that
a name which resolves to another address the second time (DNS rebinding) cannot pass.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable

import httpcore2

from services.platform.http.client_address import is_public
from services.platform.http.outgoing import PermanentSendError

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the system's order of preference. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class SsrfSafeBackend(httpcore2.AsyncNetworkBackend):
    """Connects to public addresses, and to private ones that the settings allow.

    `allowed` are exact `host:port` as in the URL. Raises PermanentSendError (code `target`) for other private
    addresses.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        allowed: Iterable[str],
        resolve: Resolve = resolve,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._allowed = frozenset(allowed)
        self._resolve = resolve
        self._network = network or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers. `timeout` seconds are for all addresses together."""
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(host, port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("no connection in time") from error

    async def _connect(
        self,
        host: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.AsyncNetworkStream:
        last = httpcore2.ConnectError("the host has no address")
        for address in await self._checked_addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, local_address=local_address, socket_options=socket_options
                )
            except httpcore2.ConnectError as error:
                last = error
        raise last

    async def _checked_addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("the host could not be resolved") from error
        # One private address is enough to refuse: which address of several is used is chance.
        private = not all(map(is_public, addresses))
        if private and not self._allow_private and self._allowed.isdisjoint({f"{host}:{port}", f"[{host}]:{port}"}):
            raise PermanentSendError(
                "target",
                f"{host}:{port} is in a private network; PASOKH_ALLOWED_TARGETS='[\"{host}:{port}\"]' allows it",
            )
        return addresses
