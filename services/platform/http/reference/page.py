"""Serves the page `/docs`, which shows every route of `/openapi.json`."""

from fastapi import APIRouter

from services.platform.http.pages import page_router

PATH = "/docs"
FILES = {
    PATH: "index.html",
    **{f"{PATH}/{name}": name for name in ("reference.css", "reference.js", "schema.js")},
}
"""URL path → file."""


def build_router() -> APIRouter:
    """The routes of the page. They need no key."""
    return page_router(__package__, FILES)
