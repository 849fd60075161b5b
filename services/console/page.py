"""Serves the operations page `/ops`."""

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


def build_router() -> APIRouter:
    """The routes of the page's files. They need no key: the page asks for one and sends it with its REST calls."""
    return page_router(__package__, FILES)
