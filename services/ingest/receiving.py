"""Receives a webhook call from the ASGI server, within bounds of size and time."""

from collections.abc import Iterable

from starlette.types import Receive, Scope

from services.channels.port import Request, query_parameters
from services.platform.core.time_source import TimeSource
from services.platform.http.bodies import read_body


async def receive_request(
    scope: Scope, receive: Receive, subpath: str, *, max_bytes: int, seconds: float, time_source: TimeSource
) -> Request:
    """The whole call, with the raw bytes that signatures are over. `seconds` limit the wait for the body.

    Raises BodyTooLarge, BodyTimeout, ClientDisconnected.
    """
    body = await read_body(receive, scope["headers"], limit=max_bytes, seconds=seconds)
    raw_query = scope["query_string"].decode("latin-1")
    return Request(
        scope["method"],
        # As it was sent, because platforms sign the address that they call: the server's `path` is decoded.
        scope.get("raw_path", b"").decode("latin-1") or scope["path"],
        dict(query_parameters(raw_query)),
        _joined(scope["headers"]),
        body,
        time_source.now(),
        subpath,
        raw_query,
    )


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Each header once; the values of a repeated one joined by a comma, in their order (RFC 9110, 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        # Latin-1 decodes any byte, and ASCII, which all signature headers are, as it is (RFC 9110, 5.5).
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined
