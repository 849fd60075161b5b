"""Calls of a review provider's API: what its answers mean, and nothing secret in any error.

To answer a review again replaces the answer, so that every call here may be repeated without harm.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

import orjson

from schemas.values import Json
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_dict, as_str, dicts, json_object
from services.channels.port import Account, CredentialsRejected
from services.platform.http.answer_time import answered_at
from services.platform.http.outgoing import HttpClient, HttpResponse, PermanentSendError, TransientSendError
from services.platform.http.retry_after import retry_after_seconds

ACCESS_TOKEN = "access_token"  # noqa: S105 -- the name under which the refreshed token is stored
TOKEN_WAIT_SECONDS = 5.0
TOO_MANY = 429
LIMIT_REASONS = frozenset({"RESOURCE_EXHAUSTED", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})
"""What Google calls a quota that is used up, also where the status is 403."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """The JSON object of an answer, and the provider's time when it gave it, if it said so."""

    body: dict[str, Json]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewApi:
    """The API of a provider for one account: `url` is its address without a slash at the end.

    `secrets` are kept out of errors, beside the token. Every call raises TransientSendError, PermanentSendError (`not_found`,
    `rejected`), CredentialsRejected.
    """

    http: HttpClient
    url: str
    token: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    async def call(self, method: str, path: str, body: Json = None) -> ApiAnswer:
        """The answer to a call with the access token; `body` is sent as JSON."""
        if not self.token:
            # The collector asks for it as soon as the account is written.
            raise TransientSendError("the access token has not been fetched yet", TOKEN_WAIT_SECONDS)
        content = orjson.dumps(body) if body is not None else None
        headers = {"authorization": f"Bearer {self.token}", **self.headers}
        if content is not None:
            headers["content-type"] = "application/json"
        with without_secrets(self.token, *self.secrets):
            return checked(await self.http.call(method, f"{self.url}/{path}", content, headers, idempotent=True))

    async def find(self, path: str) -> dict[str, Json] | None:
        """The object at a path; None for one that is gone."""
        try:
            return (await self.call("GET", path)).body
        except PermanentSendError as error:
            if error.code == "not_found":
                return None
            raise


async def post_form(
    http: HttpClient,
    url: str,
    form: Mapping[str, str],
    secrets: tuple[str, ...],
    headers: Mapping[str, str] | None = None,
) -> dict[str, Json]:
    """The answer to a form that asks for a token (RFC 6749, 4). Raises CredentialsRejected for `invalid_grant` too."""
    sent = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
    with without_secrets(*secrets):
        answer = await http.call("POST", url, urlencode(form).encode(), sent, idempotent=True)
        if answer.status in {400, 401, 403}:
            raise CredentialsRejected(_sentence(answer, json_object(answer.body) or {}), answer.status)
        return checked(answer).body


@contextmanager
def without_secrets(*secrets: str) -> Iterator[None]:
    """Errors from within without any of these texts."""
    with ExitStack() as stack:
        for secret in secrets:
            stack.enter_context(without_token(secret))
        yield


def api_of(account: Account, http: HttpClient, usual: str, *names: str, **headers: str) -> ReviewApi:
    """The API at the account's `api_base`, else at the `usual` address; the credentials `names` are kept out of errors."""
    secrets = tuple(secret for name in names for secret in account.secrets(name))
    return ReviewApi(http, base_of(account, usual), account.token(ACCESS_TOKEN), headers, secrets)


def base_of(account: Account, usual: str) -> str:
    """The account's `api_base`, else the `usual` address; without a slash at the end."""
    return (account.body.api_base or usual).rstrip("/")


def checked(answer: HttpResponse) -> ApiAnswer:
    """What an answer says. Raises the verdict on an error."""
    found = json_object(answer.body)
    body = found or {}
    detail, after = _sentence(answer, body), retry_after_seconds(answer.headers)
    if 200 <= answer.status < 300:
        if found is None:
            # A page of a proxy in between: the provider has not seen the call, or has not said so.
            raise TransientSendError(f"{detail}, and no JSON object", after, "account")
        return ApiAnswer(body, answered_at(answer.headers))
    if answer.status == TOO_MANY or LIMIT_REASONS & _reasons(body):
        raise TransientSendError(detail, after, "account")
    if answer.status in {401, 403}:
        raise CredentialsRejected(detail, answer.status)
    if answer.status in {404, 410}:
        raise PermanentSendError("not_found", detail, answer.status)
    if answer.status >= 500 or answer.status in {408, 425}:
        raise TransientSendError(detail, after)
    raise PermanentSendError("rejected", detail, answer.status)


def _reasons(body: Mapping[str, Json]) -> set[str]:
    error = as_dict(body.get("error"))
    stated = [error.get("status"), *(one.get("reason") for one in dicts(error.get("errors")))]
    return {reason for one in stated if (reason := as_str(one)) is not None}


def _sentence(answer: HttpResponse, body: Mapping[str, Json]) -> str:
    """What the provider said: Google in `error.message`, Apple in `errors[].detail`, OAuth and Trustpilot beside the code."""
    error, apple = body.get("error"), next(dicts(body.get("errors")), {})
    stated = (
        as_dict(error).get("message"),
        apple.get("detail"),
        apple.get("title"),
        body.get("error_description"),
        body.get("message"),
        body.get("details"),
        error,
    )
    said = next((text for one in stated if (text := as_str(one)) is not None), "no reason")
    return f"the provider answered {answer.status}: {said[:200]}"
