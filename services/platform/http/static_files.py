"""Serves files that do not change while the process runs: compressed once, and not sent again to who has them (RFC 9110)."""

import gzip
from collections.abc import Mapping
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "txt": "text/plain",
    "webmanifest": "application/manifest+json",
}
"""Media types by file name extension."""
BINARY = frozenset({"image/png"})
"""They have no character set, and are compressed already."""


def media_type_of(name: str) -> str:
    """The media type of a file by its name. Raises KeyError for an extension that is none of `MEDIA_TYPES`."""
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    return media_type if media_type in BINARY else f"{media_type}; charset=utf-8"


class StaticFile:
    """The content of a file with the headers that it is sent with, plain and compressed."""

    def __init__(self, content: bytes, media_type: str, headers: Mapping[str, str]) -> None:
        self._media_type = media_type
        self._headers = {**headers, "Vary": "Accept-Encoding"}
        self._plain = content
        # Without a time in it, every process makes the same bytes.
        packed = gzip.compress(content, compresslevel=9, mtime=0)
        self._packed = packed if media_type not in BINARY and len(packed) < len(content) else None
        self._digest = sha256(content).hexdigest()[:32]

    def answer(self, request: Request) -> Response:
        """The file as the request takes it; 304 for who has it already."""
        packed = self._packed if accepts_gzip(request.headers.getlist("accept-encoding")) else None
        # A strong tag stands for exact bytes, which differ between the two.
        tag = f'"{self._digest}-gzip"' if packed is not None else f'"{self._digest}"'
        headers = {**self._headers, "ETag": tag}
        if has_tag(request.headers.getlist("if-none-match"), tag):
            return Response(status_code=304, headers=headers)
        if packed is None:
            return Response(self._plain, media_type=self._media_type, headers=headers)
        return Response(packed, media_type=self._media_type, headers={**headers, "Content-Encoding": "gzip"})


def accepts_gzip(values: list[str]) -> bool:
    """Whether `Accept-Encoding` takes gzip: named, or by `*`, and not with weight 0."""
    weights: dict[str, bool] = {}
    for one in ",".join(values).split(","):
        coding, _, parameter = one.partition(";")
        weights[coding.strip().lower()] = not _is_zero(parameter)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def _is_zero(parameter: str) -> bool:
    name, _, weight = parameter.strip().partition("=")
    return name.strip().lower() == "q" and weight.strip().rstrip("0") in ("", ".", "0.")


def has_tag(values: list[str], tag: str) -> bool:
    """Whether `If-None-Match` names the tag. It compares weakly: a proxy may have marked the tag as weak."""
    named = {one.strip().removeprefix("W/") for one in ",".join(values).split(",")}
    return bool(named & {"*", tag})
