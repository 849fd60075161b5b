"""The page `/docs`: files that lie beside this one, read once, under a policy that lets them load nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import resources

from fastapi import APIRouter
from starlette.responses import Response

PATH = "/docs"
FILES: Mapping[str, tuple[str, str]] = {
    "": ("index.html", "text/html; charset=utf-8"),
    "/reference.css": ("reference.css", "text/css; charset=utf-8"),
    "/reference.js": ("reference.js", "text/javascript; charset=utf-8"),
    "/schema.js": ("schema.js", "text/javascript; charset=utf-8"),
}
"""Path below `/docs` → file and media type."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def router_of() -> APIRouter:
    """The routes of the page. Anybody may read it; it knows no key."""
    folder = resources.files(__package__) / "files"
    router = APIRouter(include_in_schema=False)
    for path, (name, media_type) in FILES.items():
        router.add_api_route(PATH + path, _serving((folder / name).read_bytes(), media_type), methods=["GET"])
    return router


def _serving(content: bytes, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return serve
