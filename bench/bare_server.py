"""`python -m bench.bare_server PORT`: uvicorn as the product runs it, with an app that reads the body and answers 200."""

import sys

import uvicorn
from starlette.types import Receive, Scope, Send

from services.platform.host import event_loop


async def _read(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve until a signal."""
    config = uvicorn.Config(
        _read, port=int(sys.argv[1]), http="httptools", lifespan="off", log_level="warning", access_log=False
    )
    event_loop.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
