"""Receives a webhook call from the ASGI server, within bounds of size and time."""

from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from services.channels.port import Request
from services.platform.core.time_source import TimeSource
from services.platform.http.bodies import read_body


async def receive_request(scope: Scope, receive: Receive, seconds: float, time_source: TimeSource) -> Request:
    """The whole call, with the raw bytes that signatures are over. `seconds` limit the wait for the body.

    Raises BodyTooLarge, BodyTimeout, ClientDisconnected.
    """
    body = await read_body(receive, scope["headers"], seconds=seconds)
    # Latin-1 decodes any byte, and ASCII, which all signature headers are, as it is (RFC 9110, 5.5).
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Request(scope["method"], scope["path"], query, headers, body, time_source.now())
