"""Calls of LinkedIn's API, and what their answers mean (learn.microsoft.com/en-us/linkedin/shared/api-guide/concepts/error-handling).

Comments: …/linkedin/marketing/community-management/shares/comments-api. Tokens:
…/linkedin/shared/authentication/programmatic-refresh-tokens.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from urllib.parse import quote, urlencode

from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import Json
from services.channels.json_access import as_int, as_str, json_object
from services.channels.linkedin_api.notification import message_id
from services.channels.linkedin_api.urns import CommentUrn, own_number, read_comment
from services.channels.port import Account, CredentialsRejected, RefreshedTokens, SendReceipt
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds

API_HOST, TOKEN_HOST = "https://api.linkedin.com", "https://www.linkedin.com"
"""Tokens are at a host of their own."""
VERSION = "202610"
"""The version of the API, which LinkedIn supports for a year (…/linkedin/marketing/versioning)."""
LIMIT_SECONDS, VERSION_SECONDS, NO_TOKEN_SECONDS = 60.0, 3600.0, 5.0
"""The pauses after a limit that names no end, without a version of the API, and before the first access token."""
TOKEN_LIFE = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class LinkedinApi:
    """The API for one account at a time `now`."""

    account: Account
    http: HttpClient
    now: datetime

    @property
    def organization(self) -> str:
        """The URN of the account's Page."""
        return f"urn:li:organization:{own_number(self.account.body)}"

    async def call(
        self, method: str, path: str, body: Mapping[str, Json] | None = None, *, idempotent: bool = False
    ) -> HttpResponse:
        """One versioned call; any answer that is no success raises as `Channel.send`."""
        token = self.account.token("access_token")
        if not token:
            detail = "the account has no access token yet: it is made of refresh_token"
            raise TransientSendError(detail, NO_TOKEN_SECONDS, "account")
        headers = {
            "authorization": f"Bearer {token}",
            "linkedin-version": str(self.account.body.settings.get("version") or VERSION),
            "x-restli-protocol-version": "2.0.0",
        }
        content = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        kind = {"content-type": "application/json"} if content is not None else {}
        url = f"{(self.account.body.api_base or API_HOST).rstrip('/')}/rest/{path}"
        answer = await self.http.call(method, url, content, headers | kind, idempotent=idempotent)
        if answer.status not in (200, 201, 204):
            raise classify_response(answer, self.now)
        return answer


async def comment(api: LinkedinApi, message: OutboundMessage) -> SendReceipt:
    """Comment as the Page: below the comment that is answered, or below the post. Raises as `Channel.send`."""
    post, above = message.address.chat, read_comment(message.address.reply_to)
    body: dict[str, Json] = {
        "actor": api.organization,
        "object": above.thread if above else post,
        "message": {"text": message.text.text},
        **({"parentComment": str(above)} if above else {}),
    }
    answer = await api.call("POST", f"socialActions/{quote(str(above or post), safe='')}/comments", body)
    created = _created(answer, above.thread if above else post)
    if created is None:
        raise SendOutcomeUnknown(f"HTTP {answer.status} without the id of a comment")
    named = message_id(message.workspace, message.account, created.number)
    return SendReceipt(str(created), aliases=(named,))


def _created(answer: HttpResponse, thread: str) -> CommentUrn | None:
    """The comment that a call made, by the header that names it: its URN, or its number alone."""
    stated = answer.headers.get("x-restli-id", "")
    named = read_comment(stated) or read_comment(read_body(answer).get("commentUrn"))
    if named is not None:
        return named
    return CommentUrn(thread, stated) if stated.isascii() and stated.isdigit() else None


async def delete(api: LinkedinApi, action: ChannelAction) -> SendReceipt:
    """Delete a comment of the Page. Raises as `Channel.send`; `not_found` for one that is gone."""
    named = read_comment(action.platform_id)
    if named is None:
        raise PermanentSendError("not_found", "the platform gave the message no id")
    path = f"socialActions/{quote(named.thread, safe='')}/comments/{named.number}"
    await api.call("DELETE", f"{path}?{urlencode({'actor': api.organization})}", idempotent=True)
    return SendReceipt(action.platform_id)


async def refresh_tokens(account: Account, http: HttpClient, now: datetime) -> RefreshedTokens:
    """An access token for 60 days. The refresh token stays, and its end of 365 days does too.

    Raises CredentialsRejected when a member has to grant access anew, else as `Polls.poll`.
    """
    form = {
        "grant_type": "refresh_token",
        "refresh_token": account.token("refresh_token"),
        "client_id": account.token("client_id"),
        "client_secret": account.token("client_secret"),
    }
    url = f"{(account.body.api_base or TOKEN_HOST).rstrip('/')}/oauth/v2/accessToken"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await http.call("POST", url, urlencode(form).encode(), headers, idempotent=True)
    body = read_body(answer)
    token, seconds = as_str(body.get("access_token")), as_int(body.get("expires_in"))
    # LinkedIn refuses a refresh token that has expired or was revoked with 400.
    if answer.status == 400 and as_str(body.get("error")) is not None:
        raise CredentialsRejected(_said(answer), answer.status)
    if answer.status != 200:
        raise classify_response(answer, now)
    if token is None:
        raise PermanentSendError("rejected", "LinkedIn gave no new access token")
    renewed = as_str(body.get("refresh_token"))
    tokens = {"access_token": token, **({"refresh_token": renewed} if renewed else {})}
    return RefreshedTokens(tokens, now + (timedelta(seconds=seconds) if seconds else TOKEN_LIFE))


def classify_response(answer: HttpResponse, now: datetime) -> Exception:
    """The error for an answer that is no success."""
    detail, status = _said(answer), answer.status
    if status >= 500 or status < 400:
        return SendOutcomeUnknown(detail)
    if status == 403 and "[/content]" in detail:
        return PermanentSendError("unsupported", detail, status)
    if status in (401, 403):
        return CredentialsRejected(detail, status)
    if status == 404:
        return PermanentSendError("not_found", detail, status)
    if status == 426:
        return TransientSendError(f"{detail} Set settings.version.", VERSION_SECONDS, "account")
    if status == 429:
        return TransientSendError(detail, _limit_seconds(answer, detail, now), "account")
    if not read_body(answer):
        # Not LinkedIn's own answer: a proxy in between refused.
        return TransientSendError(detail, retry_after_seconds(answer.headers, now), "account")
    is_length = "length" in detail.lower() or "too long" in detail.lower()
    return PermanentSendError("too_long" if is_length else "rejected", detail, status)


def _limit_seconds(answer: HttpResponse, detail: str, now: datetime) -> float:
    """How long a limit holds: a quota of the day until midnight UTC (…/shared/api-guide/concepts/rate-limits)."""
    stated = retry_after_seconds(answer.headers, now)
    if stated is not None:
        return stated
    if "day" not in detail.lower().split():
        return LIMIT_SECONDS
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return (midnight - now).total_seconds()


def read_body(answer: HttpResponse) -> dict[str, Json]:
    """The JSON of an answer; empty where it is none."""
    return json_object(answer.body) or {}


def _said(answer: HttpResponse) -> str:
    body = read_body(answer)
    said = as_str(body.get("message")) or as_str(body.get("error_description")) or as_str(body.get("error"))
    return (said or f"HTTP {answer.status}")[:200]
