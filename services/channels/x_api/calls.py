"""Calls of X's API v2 as the account's user, and what their answers mean (docs.x.com/x-api/fundamentals/response-codes-and-errors).

Calls are signed by OAuth 1.0a (RFC 5849): an app's own token can neither post nor write direct messages.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from oauthlib.oauth1 import Client

from schemas.values import Json
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_dict, as_id_str, as_str, dicts, json_object
from services.channels.port import Account, CredentialsRejected
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.answer_time import answered_at
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds

API_BASE = "https://api.x.com"
RESET_HEADER = "x-rate-limit-reset"

# Part of the words of a refusal in lower case → the code that agents and rules see. The first match wins.
ERROR_CODE_BY_DETAIL = (
    ("duplicate content", "duplicate"),
    ("cannot send messages to this user", "blocked"),
    ("not following you", "blocked"),
    ("do not accept", "blocked"),
    ("you are blocked", "blocked"),
    ("have been blocked", "blocked"),
    ("reply to this conversation is not allowed", "not_mentioned"),
    ("not been mentioned", "not_mentioned"),
    ("deleted or not visible", "not_found"),
    ("could not find", "not_found"),
    ("not found", "not_found"),
    ("too long", "too_long"),
)
# Part of the words of a 403 that is about the account, and not about the message.
ABOUT_ACCOUNT = (
    "oauth1 app permissions",
    "not permitted to perform this action",
    "client-not-enrolled",
    "suspended",
    "locked",
)


Method = Literal["GET", "POST", "DELETE"]


def api_url(account: Account, path: str) -> str:
    """The address of a method."""
    return f"{(account.body.api_base or API_BASE).rstrip('/')}{path}"


def signed_headers(account: Account, method: Method, url: str) -> dict[str, str]:
    """The headers of a signed call. JSON bodies and forms with files are no part of what is signed (RFC 5849, 3.4.1.3.1)."""
    names = ("consumer_key", "consumer_secret", "access_token", "access_secret")
    client = Client(*(account.token(name) for name in names))
    _, headers, _ = client.sign(url, http_method=method)
    return {"authorization": str(headers["Authorization"])}


async def call(
    http: HttpClient, account: Account, method: Method, path: str, body: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """The JSON answer of a method. A GET is repeated without harm. Raises as `Channel.send`."""
    url, content = api_url(account, path), json.dumps(body, ensure_ascii=False).encode() if body is not None else None
    headers = signed_headers(account, method, url)
    if content is not None:
        headers["content-type"] = "application/json"
    with _without_keys(account):
        return result_of(await http.call(method, url, content, headers, idempotent=method == "GET"))


async def upload(http: HttpClient, account: Account, path: str, form: tuple[StreamedBytes, str]) -> dict[str, Json]:
    """The JSON answer to a form with a file, which nobody sees until it is posted. Raises as `Channel.send`."""
    url, (content, content_type) = api_url(account, path), form
    headers = {**signed_headers(account, "POST", url), "content-type": content_type}
    with _without_keys(account):
        return result_of(await http.call("POST", url, content, headers, idempotent=True))


def result_of(answer: HttpResponse) -> dict[str, Json]:
    """The JSON of a success. Raises what any other answer means."""
    body = json_object(answer.body)
    if answer.status // 100 == 2 and body is not None:
        return body
    raise classify_response(answer)


@contextmanager
def _without_keys(account: Account) -> Iterator[None]:
    """Errors from within without key and token, which are parts of the header that they may quote."""
    with without_token(account.token("consumer_key")), without_token(account.token("access_token")):
        yield


def id_of(answer: Mapping[str, Json], *names: str) -> str:
    """The id of what was made, by the first of these names. Raises SendOutcomeUnknown: a success without one is not X's."""
    data = as_dict(answer.get("data"))
    number = next((one for name in names if (one := as_id_str(data.get(name)))), None)
    if number is None:
        raise SendOutcomeUnknown("X answered without an id")
    return number


def classify_response(answer: HttpResponse) -> Exception:
    """The error for an answer. One without a JSON object is not X's: a page of a proxy before it, which may look like a success."""
    body, status = json_object(answer.body), answer.status
    detail = _detail(body or {}, status)
    if status == 429:
        return TransientSendError(detail, _until_reset(answer), "account")
    if status == 503 and body:
        # X's own word that it has not taken the call.
        return TransientSendError(detail)
    if status < 400 or status >= 500:
        return SendOutcomeUnknown(detail)
    if not body and status not in (401, 404):
        return TransientSendError(detail, retry_after_seconds(answer.headers), "account")
    return _refusal(detail, status)


def _detail(body: Mapping[str, Json], status: int) -> str:
    said = as_str(body.get("detail")) or next((as_str(one.get("message")) for one in dicts(body.get("errors"))), None)
    return (said or as_str(body.get("title")) or f"HTTP {status}")[:200]


def _refusal(detail: str, status: int) -> Exception:
    """What a 4xx means by X's words: it is about the message, or about the account."""
    words = detail.lower()
    code = next((code for part, code in ERROR_CODE_BY_DETAIL if part in words), None)
    is_about_account = code is None and status == 403 and any(part in words for part in ABOUT_ACCOUNT)
    if status == 401 or is_about_account:
        return CredentialsRejected(detail, status)
    return PermanentSendError(code or ("not_found" if status == 404 else "rejected"), detail, status)


def _until_reset(answer: HttpResponse) -> float | None:
    """The seconds until the limit is reset: X states the time in Unix seconds, and its own clock beside it."""
    stated, now = answer.headers.get(RESET_HEADER, "")[:11], answered_at(answer.headers)
    if now is None or not (stated.isascii() and stated.isdigit()):
        return retry_after_seconds(answer.headers)
    return max(0.0, int(stated) - now.timestamp())
