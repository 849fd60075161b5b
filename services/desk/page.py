"""Serves the desk `/desk`, the page on which agents answer."""

from fastapi import APIRouter

from services.platform.http.pages import page_tree_router

PATH = "/desk"
PLACES = ("c", "v", "team", "admin")
"""What of the page has addresses of its own: conversations, views, the team, the settings of the shop."""
POLICY = {
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    # Text of customers never becomes markup: no script can make it so, but lit-html for its own templates.
    "require-trusted-types-for": "'script'",
    "trusted-types": "lit-html desk-worker",
}


def build_router() -> APIRouter:
    """The routes of the page's files. They need no key: the page signs in, and the cookie is sent with its REST calls."""
    # The worker's file is below /desk/, and it serves /desk itself too.
    return page_tree_router(__package__, PATH, places=PLACES, policy=POLICY, headers={"Service-Worker-Allowed": PATH})
