"""Dependencies of routes: the objects of the process, and the headers and query parameters that many routes read."""

import re
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Header, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.values import RequestModel
from services.platform.http.command_gateway import Command, CommandGateway
from services.platform.http.if_match import etag, holds
from services.platform.http.problems import PreconditionFailed, UnprocessableContent
from services.platform.http.service import Context
from services.platform.store import port as store_port

WAIT_SECONDS = 10.0
MAX_WAIT_SECONDS = 30.0
_WAIT = re.compile(r"^wait\s*=\s*\"?(\d{1,4})\"?$", re.IGNORECASE)

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next` is the `cursor` of the next page, null on the last page."""

    items: list[Item]
    next: str | None = None


class PageParams(RequestModel):
    """The query parameters of a page."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=2000)


async def get_context(request: Request) -> Context:
    """The context of this process."""
    context: Context = request.app.state.context
    return context


async def get_commands(request: Request) -> CommandGateway:
    """The commands of this process."""
    commands: CommandGateway = request.app.state.commands
    return commands


_REPEATABLE = Header(alias="Idempotency-Key", json_schema_extra={"minLength": 1, "maxLength": 255})


async def idempotency_key(key: Annotated[str | None, _REPEATABLE] = None) -> str | None:
    """The Idempotency-Key of a POST. Raises UnprocessableContent."""
    if key is not None and not 1 <= len(key) <= 255:
        raise UnprocessableContent(("/header/Idempotency-Key", "A key has 1 to 255 characters."))
    return key


async def preferred_wait(prefer: Annotated[list[str] | None, Header()] = None) -> float:
    """The seconds to wait for an outcome (`Prefer`, RFC 7240): 0 for `respond-async`, 10 by default, at most 30."""
    preferences = [one.strip() for line in prefer or [] for one in line.split(",")]
    waits = [float(found[1]) for one in preferences if (found := _WAIT.match(one))]
    # RFC 7240 lets a client send both; not waiting at all is the stronger wish.
    if any(one.lower() == "respond-async" for one in preferences):
        return 0.0
    return min(waits[0], MAX_WAIT_SECONDS) if waits else WAIT_SECONDS


@dataclass(frozen=True, slots=True)
class Precondition:
    """The header `If-Match` of a request, None without one."""

    header: str | None

    def check(self, version: int | None) -> None:
        """Raise PreconditionFailed unless the header matches this version.

        `version` None: the resource does not exist.
        """
        if not holds(self.header, version):
            now = "it does not exist" if version is None else f"it is at {etag(version)}"
            raise PreconditionFailed(
                f"`If-Match` does not hold: {now}. Read the resource again, then repeat the change."
            )


async def precondition(if_match: Annotated[str | None, Header()] = None) -> Precondition:
    """The condition under which a write is allowed."""
    return Precondition(if_match)


async def query_page(store: store_port.Store, query: store_port.Query) -> store_port.DocumentPage:
    """A page of the store for a caller's cursor. Raises UnprocessableContent for an invalid cursor, and Unavailable."""
    try:
        return await store.query(query)
    except ValueError as error:
        raise reject_cursor() from error


def reject_cursor() -> UnprocessableContent:
    """The error for a cursor that is not from this list."""
    return UnprocessableContent(
        ("/query/cursor", "This is no cursor of this list. Leave it out to start at the beginning.")
    )


def accepted_response(command: Command) -> Response:
    """202 with the URL of the command's status in `Location`."""
    location = f"/v1/workspaces/{command.workspace}/commands/{command.id}"
    return JSONResponse({"status": "pending"}, status_code=202, headers={"Location": location})


ContextDep = Annotated[Context, Depends(get_context)]
CommandsDep = Annotated[CommandGateway, Depends(get_commands)]
IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]
Wait = Annotated[float, Depends(preferred_wait)]
IfMatch = Annotated[Precondition, Depends(precondition)]
PageParamsDep = Annotated[PageParams, Query()]
