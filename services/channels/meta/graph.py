"""The Graph API: one call, and what its errors mean (developers.facebook.com/docs/graph-api/guides/error-handling)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import orjson

from schemas.values import Json
from services.channels.account_scope import AccountScope, scope_of
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_dict, as_int, as_str, json_object
from services.channels.meta.webhook import as_platform_id
from services.channels.port import Account, CredentialsRejected
from services.platform.core.streamed_bytes import StreamedBytes
from services.platform.http.answer_time import answered_at
from services.platform.http.multipart import FilePart, multipart_form
from services.platform.http.outgoing import (
    UNREADABLE,
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds

FACEBOOK_HOST, INSTAGRAM_HOST = "https://graph.facebook.com", "https://graph.instagram.com"
"""Where the API is: for a token of Facebook Login or a system user, and for one of Instagram Login."""
VERSION = "v25.0"
TOO_MANY = 429


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


def without_permission(error: GraphError) -> SendError:
    """A missing permission concerns the account, unless a subcode that we do not know says more about the message."""
    return unauthorized(error) if error.subcode is None else refused("rejected")(error)


Verdicts = Mapping[int, Verdict]
"""Verdicts by `error_subcode`, which is the more precise, and by `code`; subcodes have six digits or more."""

COMMON: Verdicts = {
    0: unauthorized,
    1: later,
    2: later,
    3: unauthorized,
    4: later_for_account,
    10: without_permission,
    17: later_for_account,
    32: later_for_account,
    102: unauthorized,
    190: unauthorized,
    200: without_permission,
    **dict.fromkeys(range(201, 300), unauthorized),
    341: later_for_account,
    368: refused("blocked_by_platform"),
    613: later_for_account,
    803: refused("not_found"),
}
GONE: Verdicts = dict.fromkeys((24, 33, 100), refused("not_found"))
"""Of a question about an id: whoever wrote it took it back, or the token does not reach it. 33 is a subcode of 100."""


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """The JSON object of an answer, and the platform's time when it gave it, if it said so."""

    body: dict[str, Json]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GraphApi:
    """The Graph API for one account: `url` is its address, with its version, and paths are below it.

    Everything raises TransientSendError, PermanentSendError, CredentialsRejected, and SendOutcomeUnknown where a call may not
    be repeated. `verdicts` come before the common ones. The token goes in a header, so that no error can quote it with the URL.
    """

    http: HttpClient
    url: str
    token: str
    scope: AccountScope

    async def get(self, path: str, verdicts: Verdicts) -> dict[str, Json]:
        """The object at a path."""
        return await self.call("GET", path, verdicts)

    async def find(self, path: str, verdicts: Verdicts) -> dict[str, Json] | None:
        """The object at a path; None for one that is `not_found`."""
        try:
            return await self.get(path, verdicts)
        except PermanentSendError as error:
            if error.code == "not_found":
                return None
            raise

    async def page(self, path: str, verdicts: Verdicts) -> GraphAnswer:
        """One page of a list, and when it was given."""
        return await self._answer("GET", path, verdicts, None, {}, idempotent=True)

    async def post(self, path: str, body: Mapping[str, Json], verdicts: Verdicts) -> dict[str, Json]:
        """The answer to a message, which is posted once."""
        return await self.call("POST", path, verdicts, body, idempotent=False)

    async def call(
        self,
        method: str,
        path: str,
        verdicts: Verdicts,
        body: Mapping[str, Json] | None = None,
        *,
        idempotent: bool = True,
    ) -> dict[str, Json]:
        """The answer to a call."""
        content = orjson.dumps(dict(body)) if body is not None else None
        headers = {"content-type": "application/json"} if content is not None else {}
        return (await self._answer(method, path, verdicts, content, headers, idempotent=idempotent)).body

    async def upload(
        self, path: str, verdicts: Verdicts, fields: Mapping[str, str], file: FilePart, identity: str
    ) -> str:
        """Post a file in a form with these fields, and return the id in the field `identity` of the answer.

        Nobody sees a file that was only uploaded, so it may be repeated.
        """
        content, media_type = multipart_form(fields, [file])
        answer = await self._answer("POST", path, verdicts, content, {"content-type": media_type}, idempotent=True)
        found = as_platform_id(answer.body.get(identity))
        if found is None:
            raise PermanentSendError("rejected", "Meta took the file and gave no id for it")
        return found

    async def _answer(
        self,
        method: str,
        path: str,
        verdicts: Verdicts,
        content: bytes | StreamedBytes | None,
        headers: Mapping[str, str],
        *,
        idempotent: bool,
    ) -> GraphAnswer:
        authorized = {"authorization": f"Bearer {self.token}", **headers}
        # The answer, too, may quote the token that it refuses.
        with without_token(self.token):
            answer = await self.http.call(method, f"{self.url}/{path}", content, authorized, idempotent=idempotent)
            return GraphAnswer(_checked_body(answer, verdicts), answered_at(answer.headers))


def graph_api(http: HttpClient, account: Account, host: str, own_id: str | None) -> GraphApi:
    """The API at `host`, or at the account's `api_base`, for an account that the platform knows by `own_id`."""
    url = f"{(account.body.api_base or host).rstrip('/')}/{VERSION}"
    return GraphApi(http, url, account.token("access_token"), scope_of(account, own_id))


async def post_form(http: HttpClient, url: str, form: Mapping[str, str], secret: str) -> dict[str, Json]:
    """Post a form that proves itself by a `secret` in it, and may be repeated. Raises as `GraphApi`."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with without_token(secret):
        return _checked_body(await http.call("POST", url, urlencode(form).encode(), headers, idempotent=True), {})


def _checked_body(answer: HttpResponse, verdicts: Verdicts) -> dict[str, Json]:
    """What an answer says. Raises the verdict on an error."""
    body = json_object(answer.body)
    if 200 <= answer.status < 300 and body is not None and "error" not in body:
        return body
    raise _verdict(answer, body or {}, {**COMMON, **verdicts})


def _verdict(answer: HttpResponse, body: Mapping[str, Json], verdicts: Verdicts) -> SendError:
    stated = as_dict(body.get("error"))
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
