"""The page `/ops`: what goes on, live."""

from fastapi import APIRouter

from services.platform.http.pages import page_router

PATH = "/ops"
FILES = {
    PATH: "index.html",
    **{
        f"{PATH}/{name}": name
        for name in ("ops.css", "ops.js", "api.js", "board.js", "cards.js", "elements.js", "words.js")
    },
}
"""Path → file."""


def router_of() -> APIRouter:
    """The routes of the page. It asks for a key itself, so they need none."""
    return page_router(__package__, FILES)
