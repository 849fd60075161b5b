"""The answers to webhook calls: one table from the error that ended a call to its answer, and the verdicts on a list."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from schemas.values import Json
from services.channels.port import InvalidSignature, ItemVerdict, WebhookResponse
from services.ingest.authentication import Challenged
from services.ingest.parsing import NestedTooDeep
from services.ingest.public_keys import KeyUnavailable
from services.ingest.reading import UnreadableBody
from services.ingest.verification import VerificationFailed
from services.platform.core.errors import Unavailable, Unknown
from services.platform.http.bodies import MAX_DEPTH, BodyTimeout, BodyTooLarge, ClientDisconnected
from services.platform.http.problems import (
    HttpProblem,
    TooManyRequests,
    problem_response,
    refusal_response,
    unavailable_response,
)

ACKNOWLEDGED = Response(status_code=200)
"""The answer to a call whose activities are durable. It is empty, because Telegram carries out a method named in it."""


def _unauthenticated(error: InvalidSignature) -> Response:
    # RFC 9110, 15.5.2: a 401 names a challenge. What proves a call differs by channel.
    challenge = {"WWW-Authenticate": error.challenge or "Signature"}
    return problem_response(401, "The call does not prove that the platform sent it.", headers=challenge)


def _unreadable(error: UnreadableBody) -> Response:
    if error.status < 300:
        return Response(status_code=error.status)
    return problem_response(error.status, f"The body cannot be read: {error}.")


def _unavailable(_: Exception) -> Response:
    return unavailable_response("The event could not be stored. Send it again.")


# Any: each entry takes the error that it stands under.
RESPONSES: Mapping[type[Exception], Callable[[Any], Response | None]] = {
    HttpProblem: refusal_response,
    InvalidSignature: _unauthenticated,
    NestedTooDeep: lambda _: problem_response(400, f"The body nests arrays and objects deeper than {MAX_DEPTH}."),
    UnreadableBody: _unreadable,
    KeyUnavailable: lambda _: unavailable_response("The platform's public key could not be fetched. Send it again."),
    VerificationFailed: lambda _: unavailable_response("The call could not be verified. Send it again."),
    Unavailable: _unavailable,
    Unknown: _unavailable,
    BodyTooLarge: lambda error: problem_response(
        413, f"A body has at most {error.limit} bytes here.", headers={"Connection": "close"}
    ),
    BodyTimeout: lambda _: problem_response(408, "The body was not complete in time.", headers={"Connection": "close"}),
    ClientDisconnected: lambda _: None,
}
"""The answer to a call that an error ended; the first entry that fits. None: the client is gone and reads no answer."""

REJECTION_REASONS: Mapping[type[Exception], str] = {
    BodyTooLarge: "too_large",
    BodyTimeout: "late",
    ClientDisconnected: "broken",
    TooManyRequests: "too_many_guesses",
    Challenged: "challenged",
    InvalidSignature: "forged",
    NestedTooDeep: "too_deep",
    UnreadableBody: "malformed",
}
"""The label `reason` of a rejected call, by the error that ended it. Other errors are no rejection: the sender repeats."""
REJECTIONS = tuple(REJECTION_REASONS)


def error_response(error: Exception) -> Response | None:
    """The answer to a call that an error of `RESPONSES` ended."""
    return next(respond(error) for kind, respond in RESPONSES.items() if isinstance(error, kind))


def rejection_reason(error: Exception) -> str:
    """The reason of a rejection in metrics."""
    return next(reason for kind, reason in REJECTION_REASONS.items() if isinstance(error, kind))


def channel_response(response: WebhookResponse) -> Response:
    """The answer that a channel words itself."""
    return Response(response.body, response.status, media_type=response.media_type)


def acknowledgement(verdicts: Sequence[ItemVerdict]) -> Response:
    """200; or 207 with the verdict on each item of a list of which some were refused. The others are durable."""
    if not verdicts:
        return ACKNOWLEDGED
    return JSONResponse({"items": [_verdict_view(verdict) for verdict in verdicts]}, status_code=207)


def _verdict_view(verdict: ItemVerdict) -> dict[str, Json]:
    view: dict[str, Json] = {"index": verdict.index, "id": verdict.id, "taken": verdict.refusal is None}
    return view if verdict.refusal is None else {**view, "detail": verdict.refusal}
