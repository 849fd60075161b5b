"""Serves the built-in pages: files of a package, with a policy that forbids them to load from other hosts."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.platform.http.page_sources import without_comments
from services.platform.http.problems import NotFound
from services.platform.http.static_files import StaticFile, media_type_of

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""The Content-Security-Policy of a page, by directive."""
HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

SOURCES = (".js", ".css")
NOT_SERVED = frozenset({"package.json"})
"""It tells node that the files beside it are modules."""


def page_router(package: str, files: Mapping[str, str]) -> APIRouter:
    """The routes of a page, which need no key. `files` maps URL paths to files in the folder `files` of the package."""
    router = APIRouter(include_in_schema=False)
    served = _read(package, set(files.values()), _headers({}))
    for path, name in files.items():
        router.add_api_route(path, _serving(served[name]), methods=["GET"])
    return router


def page_tree_router(
    package: str, prefix: str, *, places: Collection[str], policy: Mapping[str, str], headers: Mapping[str, str]
) -> APIRouter:
    """The routes of a page with many files and addresses of its own, which need no key.

    `prefix/NAME` is the file of this name in the folder `files` of the package, or in a sub-folder. `prefix`, and
    whatever is below `prefix/PLACE` for each of `places`, is `index.html`. `policy` adds directives to `POLICY` or
    replaces them, `headers` adds to `HEADERS`.
    """
    served = _read(package, set(file_names(package)), {**_headers(policy), **headers})
    router = APIRouter(include_in_schema=False)

    async def serve_below(path: str, request: Request) -> Response:
        name = "index.html" if path.partition("/")[0] in places and path not in served else path
        if name not in served:
            raise NotFound("The page has no such file.")
        return served[name].answer(request)

    router.add_api_route(prefix, _serving(served["index.html"]), methods=["GET"])
    router.add_api_route(f"{prefix}/{{path:path}}", serve_below, methods=["GET"])
    return router


def file_names(package: str) -> Iterator[str]:
    """The files of a page, in sub-folders too, as paths with slashes. Those that are for tools alone are left out."""
    return _names_in(resources.files(package) / "files", "")


def read_page_file(package: str, name: str) -> bytes:
    """A file of a page as browsers get it."""
    content = (resources.files(package) / "files").joinpath(*name.split("/")).read_bytes()
    return without_comments(name, content.decode()).encode() if name.endswith(SOURCES) else content


def _names_in(folder: Traversable, path: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _names_in(entry, f"{path}{entry.name}/")
        elif entry.name not in NOT_SERVED:
            yield f"{path}{entry.name}"


def _headers(policy: Mapping[str, str]) -> Mapping[str, str]:
    stated = "; ".join(f"{name} {value}" for name, value in {**POLICY, **policy}.items())
    return {"Content-Security-Policy": stated, **HEADERS}


def _read(package: str, names: Collection[str], headers: Mapping[str, str]) -> Mapping[str, StaticFile]:
    contents = {name: read_page_file(package, name) for name in names}
    return {name: StaticFile(content, media_type_of(name), headers) for name, content in contents.items()}


def _serving(file: StaticFile) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return file.answer(request)

    return serve
