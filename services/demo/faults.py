"""Faults that a stand-in shows on request, in order: `POST /_faults` adds some, `GET` shows those that wait, `DELETE` clears them."""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Literal

import orjson
from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from schemas.values import RequestModel

FaultKind = Literal["rate_limited", "error", "blocked", "refused", "hang", "drop_after", "drop_before"]


class Fault(RequestModel):
    """A fault for the next calls that send something.

    `rate_limited`: 429 with `retry_after`. `error`: 500. `blocked`: the person does not take messages of ours. `refused`:
    the error `code` (and `subcode`) of the platform. `hang`: an answer only after `seconds`, the message is not taken.
    `drop_after`: the message is taken, the answer breaks off. `drop_before`: it breaks off and the message is not taken.
    """

    kind: FaultKind
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    retry_after: Annotated[int, Field(ge=0, le=86_400)] = 1
    seconds: Annotated[float, Field(ge=0, le=3600)] = 30.0
    code: Annotated[int, Field(ge=0)] = 100
    subcode: Annotated[int, Field(ge=0)] | None = None


class TruncatedResponse:
    """A response that is shorter than its Content-Length, so that the server must cut the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"ok":', "more_body": True})


@dataclass
class FaultQueue:
    """The faults that wait for calls."""

    waiting: deque[Fault] = field(default_factory=deque)

    def append(self, fault: Fault) -> None:
        """Let a fault happen after those that wait already."""
        self.waiting.append(fault)

    def take(self) -> Fault | None:
        """The fault of the next call; None: it goes well."""
        if not self.waiting:
            return None
        fault = self.waiting.popleft()
        if fault.count > 1:
            self.waiting.appendleft(fault.model_copy(update={"count": fault.count - 1}))
        return fault

    async def answer(
        self, accept: Callable[[], Response], failing: Callable[[Fault], Awaitable[Response]]
    ) -> "Response | TruncatedResponse":
        """Accept a call, or do what its fault says: `failing` gives the answers of the platform."""
        fault = self.take()
        if fault is None:
            return accept()
        if fault.kind == "drop_before":
            return TruncatedResponse()
        if fault.kind != "drop_after":
            return await failing(fault)
        accept()
        return TruncatedResponse()

    async def change(self, request: Request) -> Response:
        """The route `/_faults`."""
        if request.method == "DELETE":
            self.waiting.clear()
        if request.method == "POST":
            try:
                self.waiting.append(Fault.model_validate_json(await request.body()))
            except ValidationError as error:
                return JSONResponse({"detail": str(error)}, 422)
        shown = [fault.model_dump(mode="json") for fault in self.waiting]
        return Response(orjson.dumps({"items": shown}), media_type="application/json")
