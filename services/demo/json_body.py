"""The JSON object of a call of a stand-in."""

import orjson
from starlette.requests import Request

from schemas.values import Json


async def read_json_object(request: Request) -> dict[str, Json]:
    """The object; empty where the body is none."""
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
