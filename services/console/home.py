"""The route `/`: it redirects browsers to `/ops` and other clients to `/docs`."""

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import RedirectResponse

from services.console import page
from services.platform.http.reference import page as reference


async def redirect_home(accept: Annotated[str, Header(max_length=2000)] = "") -> RedirectResponse:
    """Redirect by the `Accept` header: browsers accept HTML."""
    # `Vary`, because a cache between would give an API client the page of a browser.
    to = page.PATH if "text/html" in accept.lower() else reference.PATH
    return RedirectResponse(to, status_code=307, headers={"Vary": "Accept"})


def build_router() -> APIRouter:
    """The route. It needs no key and is no part of the API."""
    router = APIRouter()
    router.add_api_route("/", redirect_home, include_in_schema=False, response_class=RedirectResponse)
    return router
