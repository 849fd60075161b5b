"""A proxy before the server that cuts the connection of one exchange after so many bytes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 65_536


@dataclass
class CuttingProxy:
    """Passes on what browser and server say. The next exchange whose request has `mark` is cut after `cut_after` bytes.

    The bytes of request and answer are counted together from the first of the request on; `lengths` are those of each exchange that
    was not cut: request, answer.
    """

    port: int
    mark: bytes = b"/replies HTTP"
    cut_after: int | None = None
    cuts: int = 0
    lengths: list[list[int]] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser."""
        there, here = await asyncio.open_connection("127.0.0.1", self.port)
        exchange = _Exchange(self)
        up = asyncio.create_task(self._pass(reader, here, exchange, is_request=True))
        down = asyncio.create_task(self._pass(there, writer, exchange, is_request=False))
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
        for one in (here, writer):
            # Abort: what was cut ends with a reset, as when a network is gone.
            one.transport.abort()

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, exchange: "_Exchange", *, is_request: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await source.read(CHUNK):
                allowed = exchange.allow(data, is_request=is_request)
                target.write(data[:allowed])
                await target.drain()
                if allowed < len(data) or exchange.is_over:
                    self.cuts += 1
                    return


@dataclass
class _Exchange:
    proxy: CuttingProxy
    left: int | None = None
    counted: list[int] | None = None
    is_over: bool = False

    def allow(self, data: bytes, *, is_request: bool) -> int:
        """How many bytes of these pass."""
        if is_request and self.proxy.mark in data:
            self.counted = [0, 0]
            self.proxy.lengths.append(self.counted)
            self.left, self.proxy.cut_after = self.proxy.cut_after, None
        if self.counted is None:
            return len(data)
        if is_request and self.counted[1]:
            # The next request of the connection.
            self.counted = None
            return len(data)
        self.counted[0 if is_request else 1] += len(data)
        if self.left is None:
            return len(data)
        allowed = min(self.left, len(data))
        self.left -= allowed
        self.is_over = self.left == 0
        return allowed


@asynccontextmanager
async def cutting(port: int) -> AsyncIterator[tuple[CuttingProxy, str]]:
    """A proxy before the server on this port, and its address."""
    proxy = CuttingProxy(port)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    async with server:
        yield proxy, f"http://localhost:{server.sockets[0].getsockname()[1]}"
