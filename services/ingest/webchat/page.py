"""The widget as one file for the pages of shops, and a page of our own with nothing but it: the end of hand-off links."""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from schemas.values import Slug

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page is opened by its link, and never inside of another page: shops put the widget into theirs."""
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


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


async def widget() -> Response:
    """`<script src=".../webchat/pasokh-chat.js" data-workspace="shop" data-account="main" async></script>`."""
    return Response(_file("pasokh-chat.js"), media_type="text/javascript", headers=WIDGET_HEADERS)


async def style() -> Response:
    """How the page looks."""
    return Response(_file("page.css"), media_type="text/css", headers=WIDGET_HEADERS)


async def page(workspace: Slug, account: Slug, request: Request) -> Response:
    """The chat, opened; the same for every account, so that it tells nobody which ones there are."""
    text = _file("page.html").replace("{workspace}", workspace).replace("{account}", account)
    return Response(text, media_type="text/html", headers=PAGE_HEADERS)


def router_of() -> APIRouter:
    """What browsers load; no part of the REST contract."""
    router = APIRouter(prefix="/webchat", include_in_schema=False)
    router.add_api_route("/pasokh-chat.js", widget)
    router.add_api_route("/page.css", style)
    router.add_api_route("/{workspace}/{account}", page)
    return router
