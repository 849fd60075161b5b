"""The page `/runbooks`: what to do about each alert. It tells nothing of this installation."""

from fastapi import APIRouter

from services.platform.http.pages import page_router

PATH = "/runbooks"
FILES = {PATH: "runbooks.html"}
"""Path → file, which is made from docs/runbooks.md."""


def router_of() -> APIRouter:
    """The route of the page. Alerts lead to it, so it asks for no key."""
    return page_router(__package__, FILES)
