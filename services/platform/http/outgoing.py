"""Outgoing HTTP as callers see it: what is called, what comes back, and the errors, whose class is the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from schemas.channel import Scope


class TransientSendError(Exception):
    """The platform did not take it, surely, and may later. `after` seconds when it said so.

    `scope`: what else has to wait until then. A limit that a platform does not explain is its chat's.
    """

    def __init__(self, detail: str, after: float | None = None, scope: Scope = "message") -> None:
        super().__init__(detail)
        self.after = after
        self.scope = scope


class PermanentSendError(Exception):
    """The platform will never take it. `code` is stable (`blocked`, `too_long`, `not_found`, `rejected`, ...).

    `status` is the HTTP status that it answered, None when nothing was called.
    """

    def __init__(self, code: str, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status


class SendOutcomeUnknown(Exception):
    """It was sent and no answer came that says whether the platform took it. Never sent again by itself."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP answer to an outgoing call."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Outgoing HTTP with the guard on private targets, time limits and pooling. Delivery provides it.

    Raises TransientSendError when the request surely was not sent (no connection), SendOutcomeUnknown when it may have been,
    PermanentSendError (code `target`) when the target is not allowed.
    """

    async def post_json(self, url: str, body: object) -> HttpResponse:
        """POST a JSON body. Any HTTP status is an answer, not an error."""
        ...

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        """POST these bytes as `application/json`, with these headers besides; what is signed goes out as it is."""
        ...
