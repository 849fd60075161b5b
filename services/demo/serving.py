"""Serves a stand-in with uvicorn inside the current process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp


class _GuestServer(uvicorn.Server):
    """uvicorn without signal handlers: the process that serves the stand-in has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve an app while the context is open and return its URL.

    Port 0 takes a free one. Raises OSError if it is in use.
    """
    with socket.create_server((host, port)) as listener:
        config = uvicorn.Config(
            app,
            # The process has configured the loggers; uvicorn must not do it again.
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
