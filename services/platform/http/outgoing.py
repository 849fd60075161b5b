"""The port for outgoing HTTP: the protocol, its response, and the errors.

The class of an error decides what follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from schemas.channel import Scope


class TransientSendError(Exception):
    """The platform certainly did not accept the request, and may accept it later: after `after` seconds, if given.

    `scope` tells what else has to wait until then: only this message, the chat, or the account.
    """

    def __init__(self, detail: str, after: float | None = None, scope: Scope = "message") -> None:
        super().__init__(detail)
        self.after = after
        self.scope = scope


class PermanentSendError(Exception):
    """The platform will never accept the request. `code` is stable (`blocked`, `too_long`, `not_found`, ...).

    `status` is the HTTP status of the answer, None if no request was made.
    """

    def __init__(self, code: str, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status


class SendOutcomeUnknown(Exception):
    """The request may have been sent, and no answer came.

    It must not be repeated automatically: that could send it twice.
    """


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The response to an outgoing request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """Outgoing HTTP with the guard on private targets, time limits and pooled connections.

    Raises TransientSendError if the request certainly was not sent (no connection), SendOutcomeUnknown if it may have
    been, PermanentSendError (code `target`) if the target is not allowed.
    """

    async def post_json(self, url: str, body: object) -> HttpResponse:
        """POST a JSON body. Every HTTP status is a response, not an error."""
        ...

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
        """POST bytes as `application/json`, with additional headers.

        The bytes are sent unchanged, so that signatures hold.
        """
        ...
