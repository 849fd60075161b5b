"""Serves the operations page `/ops`."""

from fastapi import APIRouter

from services.platform.http.pages import page_router

PATH = "/ops"
MODULES = (
    *("ops", "accounts", "api", "board", "cards", "conversations", "elements"),
    *("ledgers", "letters", "panels", "words"),
)
FILES = {
    PATH: "index.html",
    **{f"{PATH}/{name}": name for name in ("ops.css", *(f"{module}.js" for module in MODULES))},
}
"""Path → file."""


def build_router() -> APIRouter:
    """The routes of the page's files. They need no key: the page asks for one and sends it with its REST calls."""
    return page_router(__package__, FILES)
