"""Serves the widget for shops' pages, and our own page with only the widget, to which hand-off links lead.

`pasokh-chat.js` is read by every browser there is; it loads the modules of the chat where that can run.
"""

import json
from functools import cache
from html import escape
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from schemas.values import Slug
from services.platform.http.problems import NotFound
from services.platform.http.static_files import StaticFile, media_type_of

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of our own page. No other page may frame it: shops embed the widget instead."""
WIDGET_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    # The address holds the token of a hand-off.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PLAIN_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    # Without its origin a form could not prove that it is of our own page.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
MODULES = (
    "main.js",
    "agreed.js",
    "elements.js",
    "files.js",
    "lines.js",
    "memory.js",
    "reach.js",
    "server.js",
    "text.js",
    "words.js",
    "style.js",
)
"""The chat's modules. `style.js` is `chat.css` as a module, so that a shop's policy need not allow our style sheets."""


# Reading a file blocks the event loop, for as long as the disk takes; the few files of the package are read once.
@cache
def read_static(name: str) -> str:
    """A file of the folder `static`."""
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


def read_module(name: str) -> str:
    """A module of the chat."""
    if name == "style.js":
        return f"export const CSS = {json.dumps(read_static('chat/chat.css'))};\n"
    return read_static(f"chat/{name}")


# Each is compressed once, which takes a millisecond or two.
@cache
def _file(name: str) -> StaticFile:
    """A file of the folder `static`, or a module of the chat."""
    text = read_module(name.removeprefix("chat/")) if name == "chat/style.js" else read_static(name)
    return StaticFile(text.encode(), media_type_of(name), WIDGET_HEADERS)


async def widget(request: Request) -> Response:
    """`<script src=".../webchat/pasokh-chat.js" data-workspace="shop" data-account="main" async></script>`."""
    return _file("pasokh-chat.js").answer(request)


async def module(name: str, request: Request) -> Response:
    """A module of the chat, or its style sheet for browsers that cannot take one from a script. Raises NotFound."""
    if name != "chat.css" and name not in MODULES:
        raise NotFound("The chat has no such file.")
    return _file(f"chat/{name}").answer(request)


async def style(request: Request) -> Response:
    """The page's style sheet."""
    return _file("page.css").answer(request)


async def plain_style(request: Request) -> Response:
    """The plain form's style sheet."""
    return _file("plain.css").answer(request)


async def page(workspace: Slug, account: Slug, request: Request) -> Response:
    """The page with the opened chat. It is the same for every name, so that it does not reveal which accounts exist."""
    # Without scripts the page links to the plain form, with the hand-off token of its own query.
    query = escape(f"?{request.url.query}" if request.url.query else "")
    text = read_static("page.html").replace("{workspace}", workspace).replace("{account}", account)
    return Response(text.replace("{query}", query), media_type="text/html", headers=PAGE_HEADERS)


def build_router() -> APIRouter:
    """The routes for files that browsers load. They are no part of the REST contract."""
    router = APIRouter(prefix="/webchat", include_in_schema=False)
    router.add_api_route("/pasokh-chat.js", widget)
    router.add_api_route("/pasokh-chat/{name}", module)
    router.add_api_route("/page.css", style)
    router.add_api_route("/plain.css", plain_style)
    # The last one, because it would match the paths of the chat's modules too.
    router.add_api_route("/{workspace}/{account}", page)
    return router
