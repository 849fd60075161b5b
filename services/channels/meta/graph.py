"""The Graph API: one call, and what its errors mean (developers.facebook.com/docs/graph-api/guides/error-handling)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import orjson

from schemas.values import Json
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_dict, as_int, as_str
from services.channels.port import CredentialsRejected
from services.platform.http.lenient_json import read_json
from services.platform.http.multipart import FilePart, multipart_form
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds

VERSION = "v25.0"
TOO_MANY = 429
UNREADABLE = frozenset({400, 404, 405, 411, 413, 414, 415, 422, 431})
"""Statuses of a call that is refused again however often it is repeated, also where whoever answered gives no reason."""


@dataclass(frozen=True, slots=True)
class GraphError:
    """An error of the Graph API: its code and subcode, and a sentence for people, without what was sent."""

    code: int
    subcode: int | None
    detail: str
    status: int
    after: float | None
    is_transient: bool


SendError = TransientSendError | PermanentSendError | CredentialsRejected | SendOutcomeUnknown
Verdict = Callable[[GraphError], SendError]


def refused(code: str) -> Verdict:
    """It will never accept the message; `code` is what agents and rules see."""
    return lambda error: PermanentSendError(code, error.detail, error.status)


def later(error: GraphError) -> SendError:
    """It is not accepted now, and may be later."""
    return TransientSendError(error.detail, error.after)


def later_for_chat(error: GraphError) -> SendError:
    """Too many messages went to this person."""
    return TransientSendError(error.detail, error.after, "chat")


def later_for_account(error: GraphError) -> SendError:
    """Too many messages went out from this account."""
    return TransientSendError(error.detail, error.after, "account")


def unauthorized(error: GraphError) -> SendError:
    """The access token is not accepted, or the app lacks a permission."""
    return CredentialsRejected(error.detail, error.status)


Verdicts = Mapping[int, Verdict]
"""Verdicts by `error_subcode`, which is the more precise, and by `code`; subcodes have six digits or more."""

COMMON: Verdicts = {
    0: unauthorized,
    1: later,
    2: later,
    3: unauthorized,
    4: later_for_account,
    10: unauthorized,
    17: later_for_account,
    32: later_for_account,
    102: unauthorized,
    190: unauthorized,
    **dict.fromkeys(range(200, 300), unauthorized),
    341: later_for_account,
    368: refused("blocked_by_platform"),
    613: later_for_account,
    803: refused("not_found"),
}


async def call_graph(
    http: HttpClient,
    method: str,
    url: str,
    token: str,
    verdicts: Verdicts,
    body: Mapping[str, Json] | None = None,
    *,
    idempotent: bool = False,
) -> dict[str, Json]:
    """The JSON object of an answer. `verdicts` come before the common ones.

    Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown. The token goes in a header, so that
    no error can quote it with the URL.
    """
    content = orjson.dumps(dict(body)) if body is not None else None
    given = {"content-type": "application/json"} if content is not None else {}
    return await _call(http, method, url, token, verdicts, content, given, idempotent=idempotent)


@dataclass(frozen=True, slots=True)
class GraphPage:
    """A page of a list, and the platform's time when it gave it, if it said so."""

    body: dict[str, Json]
    at: datetime | None = None


async def read_page(http: HttpClient, url: str, token: str, verdicts: Verdicts) -> GraphPage:
    """One page of a list. Raises TransientSendError, PermanentSendError, CredentialsRejected."""
    with without_token(token):
        answer = await http.call("GET", url, None, {"authorization": f"Bearer {token}"}, idempotent=True)
        return GraphPage(_shown(answer, verdicts), _date(answer))


def _date(answer: HttpResponse) -> datetime | None:
    try:
        at = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return at if at.tzinfo is not None else None


async def upload_file(
    http: HttpClient, url: str, token: str, verdicts: Verdicts, fields: Mapping[str, str], file: FilePart
) -> dict[str, Json]:
    """Post a file in a form with these fields. Nobody sees a file that was only uploaded, so it may be repeated.

    Raises as `call_graph`.
    """
    content, media_type = multipart_form(fields, [file])
    return await _call(http, "POST", url, token, verdicts, content, {"content-type": media_type}, idempotent=True)


async def post_form(http: HttpClient, url: str, form: Mapping[str, str], secret: str) -> dict[str, Json]:
    """Post a form that proves itself by a `secret` in it, and may be repeated. Raises as `call_graph`."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with without_token(secret):
        return _shown(await http.call("POST", url, urlencode(form).encode(), headers, idempotent=True), {})


async def _call(
    http: HttpClient,
    method: str,
    url: str,
    token: str,
    verdicts: Verdicts,
    content: bytes | None,
    headers: Mapping[str, str],
    *,
    idempotent: bool,
) -> dict[str, Json]:
    authorized = {"authorization": f"Bearer {token}", **headers}
    with without_token(token):
        return _shown(await http.call(method, url, content, authorized, idempotent=idempotent), verdicts)


def _shown(answer: HttpResponse, verdicts: Verdicts) -> dict[str, Json]:
    """What an answer says. It may quote the token that it refuses."""
    shown = _object(answer)
    if 200 <= answer.status < 300 and "error" not in shown:
        return shown
    raise _verdict(answer, shown, {**COMMON, **verdicts})


def _object(answer: HttpResponse) -> dict[str, Json]:
    try:
        return as_dict(read_json(answer.body))
    except (ValueError, RecursionError):
        return {}


def _verdict(answer: HttpResponse, shown: Mapping[str, Json], verdicts: Verdicts) -> SendError:
    stated = as_dict(shown.get("error"))
    code = as_int(stated.get("code"))
    if code is None:
        return _verdict_on_status(answer)
    error = _error(answer, code, stated)
    verdict = verdicts.get(error.subcode or code) or verdicts.get(code)
    if verdict is not None:
        return verdict(error)
    if answer.status == TOO_MANY:
        return later_for_account(error)
    return later(error) if error.is_transient else PermanentSendError("rejected", error.detail, answer.status)


def _verdict_on_status(answer: HttpResponse) -> SendError:
    """A proxy between us and Meta answered: it says nothing about the message, unless it could not read the call."""
    detail = f"the Graph API answered {answer.status} without an error of its own"
    if answer.status < 300 or answer.status >= 500:
        return SendOutcomeUnknown(detail)
    if answer.status in UNREADABLE:
        return PermanentSendError("rejected", detail, answer.status)
    return TransientSendError(detail, retry_after_seconds(answer.headers), "account")


def _error(answer: HttpResponse, code: int, stated: Mapping[str, Json]) -> GraphError:
    subcode = as_int(stated.get("error_subcode"))
    number = f"{code}/{subcode}" if subcode else str(code)
    # `error_data.details` is the sentence of the WhatsApp API; `message` repeats only the title there.
    sentence = as_str(as_dict(stated.get("error_data")).get("details")) or as_str(stated.get("message")) or "no reason"
    return GraphError(
        code=code,
        subcode=subcode,
        detail=f"Meta's error {number}: {sentence[:200]}",
        status=answer.status,
        after=retry_after_seconds(answer.headers),
        is_transient=stated.get("is_transient") is True or answer.status >= 500,
    )
