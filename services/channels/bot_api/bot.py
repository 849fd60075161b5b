"""Bot API calls about the bot itself: its identity, its webhook, and the updates that wait for it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from schemas.values import Json
from services.channels.callbacks import shown_address
from services.channels.errors_without_token import without_token
from services.channels.json_access import as_dict, as_list, as_str, json_object, number, seconds
from services.channels.port import CredentialsRejected, PollResult
from services.domain.account_phrases import AccountFinding, finding
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    TransientSendError,
    post_json,
)

# The bot token is part of every method's URL, so a revoked token gives 401, or 404 like any wrong path.
UNAUTHORIZED = frozenset({401, 404})
RATE_LIMITED = ("bot limit exceed", "local_rate_limited")
"""Parts of descriptions in lower case by which Bale says that there are too many calls (python-bale-bot, `HTTPClientError`)."""
FETCH_SECONDS, FETCH_LIMIT = 5, 20
"""Seconds that `getUpdates` waits for the first update, below the timeout of one outgoing call; and the number of updates
in one answer, chosen so that their texts fit into the 1 MB that the HTTP client reads."""
UPDATES: tuple[str, ...] = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "callback_query",
    "message_reaction",
    "message_reaction_count",
    "my_chat_member",
)
"""The `allowed_updates` of our webhook. Telegram sends reactions only to bots that name them."""
RECENT_ERROR_AGE = timedelta(minutes=10)
"""The age up to which `last_error_message` of `getWebhookInfo` counts as a current problem while updates wait."""


async def call(
    http: HttpClient, base: str, token: str, method: str, parameters: Mapping[str, Json] | None = None
) -> Json:
    """The `result` of a method. Raises CredentialsRejected, TransientSendError, PermanentSendError, SendOutcomeUnknown.

    Errors never quote the URL, because the bot token is part of it.
    """
    with without_token(token):
        return _result(await post_json(http, f"{base}/bot{token}/{method}", dict(parameters or {})), method)


def retry_after(body: Mapping[str, Json]) -> float | None:
    """The seconds that `ResponseParameters.retry_after` asks us to wait; None without a valid number."""
    wanted = number(as_dict(body.get("parameters")).get("retry_after"))
    return float(wanted) if wanted is not None and wanted >= 0 else None


def is_rate_limited(description: str) -> bool:
    """Whether a refusal is one of Bale's pace, whatever its status."""
    return any(words in description.lower() for words in RATE_LIMITED)


def is_unknown_token(description: str) -> bool:
    """Whether a refusal says that there is no such bot, which Bale says with 400."""
    return "token not found" in description.lower()


def _result(answer: HttpResponse, method: str) -> Json:
    body = json_object(answer.body) or {}
    if answer.status == 200 and body.get("ok") is True:
        return body.get("result")
    description = (as_str(body.get("description")) or f"HTTP {answer.status}")[:200]
    if answer.status in UNAUTHORIZED or is_unknown_token(description):
        raise CredentialsRejected(description, answer.status)
    if answer.status == 429 or answer.status >= 500 or is_rate_limited(description):
        raise TransientSendError(f"{method}: {description}", retry_after(body))
    # 409: another client calls `getUpdates`, or a webhook is set.
    raise PermanentSendError("conflict" if answer.status == 409 else "rejected", description, answer.status)


async def set_webhook(http: HttpClient, base: str, token: str, url: str, secret: str) -> None:
    """Register `url` and the secret for webhooks. Updates that wait already are delivered too. Raises as `call`."""
    parameters: dict[str, Json] = {"url": url, "secret_token": secret, "allowed_updates": list(UPDATES)}
    await call(http, base, token, "setWebhook", parameters)


async def delete_webhook(http: HttpClient, base: str, token: str) -> None:
    """Remove the webhook, so that Telegram stores updates for `fetch_updates`. No update is dropped. Raises as `call`."""
    await call(http, base, token, "deleteWebhook", {"drop_pending_updates": False})


async def fetch_updates(
    http: HttpClient, base: str, token: str, cursor: str | None, allowed_updates: Sequence[str] | None
) -> PollResult:
    """`getUpdates` from the cursor on, which is the bot's id and its offset. Raises as `call`."""
    bot = token.split(":", 1)[0]
    offset = _offset(cursor, bot)
    parameters: dict[str, Json] = {"timeout": FETCH_SECONDS, "limit": FETCH_LIMIT}
    if allowed_updates is not None:
        parameters["allowed_updates"] = list(allowed_updates)
    # `offset` confirms all updates with a lower `update_id`, and Telegram drops them.
    if offset is not None:
        parameters["offset"] = offset
    updates = [as_dict(update) for update in as_list(await call(http, base, token, "getUpdates", parameters))]
    # The next offset is one above the highest `update_id`.
    numbers = [n for update in updates if isinstance(n := update.get("update_id"), int)]
    following = f"{bot}:{max(numbers) + 1}" if numbers else cursor
    return PollResult([json.dumps(update).encode() for update in updates], following, len(updates) >= FETCH_LIMIT)


def _offset(cursor: str | None, bot: str) -> int | None:
    # Each bot numbers its own updates: the offset of another would let Telegram drop updates that nobody has fetched.
    # Before 0.2 a cursor was the offset alone.
    owner, _, offset = (cursor or "").rpartition(":")
    return int(offset) if offset and owner in ("", bot) else None


def webhook_problem(info: Json, path: str, public_url: str | None, now: datetime) -> AccountFinding | None:
    """The problem in `getWebhookInfo` that keeps updates from reaching our `path`; None when there is none."""
    url = as_dict(info).get("url")
    if not isinstance(url, str):
        return None
    if not url:
        return finding("webhook_not_set")
    if public_url is not None and url != public_url.rstrip("/") + path:
        return finding("webhook_elsewhere", called=shown_address(url), ours=f"{public_url.rstrip('/')}{path}")
    # Without a configured public address only the path can be compared. A proxy may put a prefix before it.
    if urlsplit(url).path != path and not urlsplit(url).path.endswith(path):
        return finding("webhook_elsewhere", called=shown_address(url), ours=path)
    failure = webhook_failure(as_dict(info), now)
    return finding("webhook_failing", said=failure.said, count=failure.waiting) if failure else None


class WebhookFailure(NamedTuple):
    """What the platform says of its last call, and how many updates wait."""

    said: str
    waiting: int


def webhook_failure(info: Mapping[str, Json], now: datetime) -> WebhookFailure | None:
    """The current failure in `getWebhookInfo`; None when there is none."""
    # `getWebhookInfo` keeps the most recent error; it is a current problem only while updates wait and the error is young.
    waiting, last_error, at = (
        info.get(name) for name in ("pending_update_count", "last_error_message", "last_error_date")
    )
    failed_at = seconds(at)
    if not isinstance(waiting, int) or not waiting or not isinstance(last_error, str) or failed_at is None:
        return None
    if now - failed_at > RECENT_ERROR_AGE:
        return None
    return WebhookFailure(last_error[:200], waiting)
