"""Serves the page `/runbooks` with the instructions for each alert. It reveals nothing about this installation."""

from fastapi import APIRouter

from services.platform.http.pages import page_router

PATH = "/runbooks"
FILES = {PATH: "runbooks.html"}
"""Path → file, which is made from docs/runbooks.md."""


def build_router() -> APIRouter:
    """The route of the page. Alerts link to it, so it needs no key."""
    return page_router(__package__, FILES)
