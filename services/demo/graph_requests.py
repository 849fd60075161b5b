"""Calls of the Graph API as the stand-in takes them: from the query, a JSON body or a form (developers.facebook.com/docs/graph-api/overview)."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from schemas.values import Json
from services.demo.forms import FormFile, is_form, json_or_text, read_form
from services.demo.graph_shapes import GraphCall, GraphRefusal, wrong_parameter

VERSION = re.compile(r"v\d{1,2}\.\d")


async def read_call(request: Request) -> GraphCall:
    """What an app calls. Raises GraphRefusal."""
    if not VERSION.fullmatch(request.path_params["version"]):
        raise GraphRefusal(2500, f"Unknown path components: {request.url.path}")
    values: dict[str, Json] = {name: json_or_text(value) for name, value in request.query_params.items()}
    files: Mapping[str, FormFile] = {}
    if is_form(request):
        form = await read_form(request)
        values, files = {**values, **form.fields}, form.files
    elif raw := await request.body():
        values |= _body(request, raw)
    return GraphCall(request.path_params["node"], request.path_params.get("edge"), values, files, base_url(request))


def _body(request: Request, raw: bytes) -> dict[str, Json]:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {name: json_or_text(value) for name, value in parse_qsl(raw.decode())}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise wrong_parameter("The body is no JSON") from None
    if not isinstance(body, dict):
        raise wrong_parameter("The body is no object")
    return body


def check_token(request: Request) -> None:
    """Raise GraphRefusal for a call without a token in its header, or with one in its URL."""
    if "access_token" in request.query_params:
        raise GraphRefusal(190, "The stand-in takes no token in the URL", status=401)
    if not re.fullmatch(r"Bearer \S+", request.headers.get("authorization", "")):
        raise GraphRefusal(190, "Invalid OAuth access token - Cannot parse access token", status=401)


def base_url(request: Request) -> str:
    """The address under which a caller reaches the stand-in."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
