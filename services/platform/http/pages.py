"""Serves the built-in pages: files of a package, with a policy that forbids them to load from other hosts."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import resources

from fastapi import APIRouter
from starlette.responses import Response

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
MEDIA_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
"""Media types by file name extension."""


def page_router(package: str, files: Mapping[str, str]) -> APIRouter:
    """The routes of a page, which need no key. `files` maps URL paths to files in the folder `files` of the package."""
    folder = resources.files(package) / "files"
    router = APIRouter(include_in_schema=False)
    for path, name in files.items():
        media_type = f"{MEDIA_TYPES[name.rsplit('.', 1)[1]]}; charset=utf-8"
        router.add_api_route(path, _serving((folder / name).read_bytes(), media_type), methods=["GET"])
    return router


def _serving(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return serve
