"""Serves a stand-in by uvicorn inside the running process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp


class _GuestServer(uvicorn.Server):
    """Signals belong to the process that the stand-in is a guest of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve an app while the context is open; gives its URL. Port 0: a free one. Raises OSError if it is taken."""
    with socket.create_server((host, port)) as listener:
        config = uvicorn.Config(
            app,
            # Loggers are the process's, and it has set them up.
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = _GuestServer(config)
        serve = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serve
