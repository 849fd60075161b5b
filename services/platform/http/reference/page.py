"""The page `/docs`: every route, from `/openapi.json`."""

from fastapi import APIRouter

from services.platform.http.pages import page_router

PATH = "/docs"
FILES = {
    PATH: "index.html",
    **{f"{PATH}/{name}": name for name in ("reference.css", "reference.js", "schema.js")},
}
"""Path → file."""


def build_router() -> APIRouter:
    """The routes of the page. It knows no key."""
    return page_router(__package__, FILES)
