"""Calls of the Messaging API, and what their answers mean (developers.line.biz/en/reference/messaging-api/#error-responses)."""

import json
from collections.abc import Mapping
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from schemas.activity import Attachment
from schemas.outbound import ChannelAction, OutboundMessage
from schemas.values import Json
from services.channels.callbacks import is_ours, our_address, shown_address
from services.channels.json_access import as_str, dicts, json_object
from services.channels.line_api.event import message_id
from services.channels.port import Account, CredentialsRejected, MediaLocation, SendReceipt
from services.domain.account_phrases import AccountFinding, finding
from services.platform.http.outgoing import (
    HttpClient,
    HttpResponse,
    PermanentSendError,
    SendOutcomeUnknown,
    TransientSendError,
)
from services.platform.http.retry_after import retry_after_seconds

API_HOST, DATA_HOST = "https://api.line.me", "https://api-data.line.me"
"""Files are at a host of their own (#domain-name)."""
TYPING_SECONDS = 20
"""How long the loading animation is shown: a multiple of 5 up to 60 (#display-a-loading-indicator)."""
QUOTA_SECONDS = 3600.0
"""The pause where the messages of the month are used up. It ends with the month, or when somebody buys more."""

ACCEPTED_HEADER = "x-line-accepted-request-id"
"""Of a 409: the call that LINE accepted with the same retry key."""

# Part of a refusal in lower case → the code that agents and rules see. The first match wins.
ERROR_CODE_BY_MESSAGE = (
    ("the property, 'to'", "not_found"),
    ("user not found", "not_found"),
    ("not found", "not_found"),
    ("length must be between", "too_long"),
    ("failed to send messages", "undeliverable"),
)


async def send_message(http: HttpClient, account: Account, message: OutboundMessage) -> SendReceipt:
    """`POST /v2/bot/message/push`. Raises as `Channel.send`.

    `X-Line-Retry-Key` is the same for every try of a message, and LINE takes it once in 24 hours: 409 says that it was taken.
    """
    body: dict[str, Json] = {"to": message.address.chat, "messages": [{"type": "text", "text": message.text.text}]}
    headers = {"x-line-retry-key": str(uuid5(NAMESPACE_URL, message.id))}
    answer = await _call(http, account, "POST", "/v2/bot/message/push", body, headers)
    number = as_str(next(dicts(_json(answer).get("sentMessages")), {}).get("id"))
    if answer.status in (200, 409) and number is not None:
        return SendReceipt(number, aliases=(message_id(message.workspace, message.account, number),))
    if answer.status == 409 and ACCEPTED_HEADER in answer.headers:
        return SendReceipt(None)
    raise classify_response(answer)


async def show_typing(http: HttpClient, account: Account, action: ChannelAction) -> SendReceipt:
    """`POST /v2/bot/chat/loading/start`, in private alone. Raises as `Channel.send`."""
    body: dict[str, Json] = {"chatId": action.address.chat, "loadingSeconds": TYPING_SECONDS}
    answer = await _call(http, account, "POST", "/v2/bot/chat/loading/start", body, idempotent=True)
    if answer.status // 100 != 2:
        raise classify_response(answer)
    return SendReceipt(action.platform_id)


def locate_file(account: Account, attachment: Attachment) -> MediaLocation:
    """Where the file of a message is (#get-content). Raises PermanentSendError `not_found`."""
    if attachment.url is not None:
        return MediaLocation(attachment.url)
    if attachment.platform_id is None:
        raise PermanentSendError("not_found", "the attachment has no file")
    base = (account.body.api_base or DATA_HOST).rstrip("/")
    return MediaLocation(f"{base}/v2/bot/message/{quote(attachment.platform_id, safe='')}/content", _bearer(account))


async def account_problem(http: HttpClient, account: Account, public_url: str | None) -> AccountFinding | None:
    """Whether the token is accepted and the webhook is set, ours and switched on (#get-webhook-endpoint-information)."""
    own = await _call(http, account, "GET", "/v2/bot/info", idempotent=True)
    if own.status != 200:
        raise classify_response(own)
    answer = await _call(http, account, "GET", "/v2/bot/channel/webhook/endpoint", idempotent=True)
    if answer.status == 404:
        return finding("endpoint_not_set", ours=our_address(account, public_url))
    if answer.status != 200:
        raise classify_response(answer)
    webhook = _json(answer)
    called = as_str(webhook.get("endpoint"))
    if called is None:
        return finding("endpoint_not_set", ours=our_address(account, public_url))
    if not is_ours(called, account, public_url):
        return finding("endpoint_elsewhere", called=shown_address(called), ours=our_address(account, public_url))
    return finding("endpoint_switched_off") if webhook.get("active") is False else None


def classify_response(answer: HttpResponse) -> Exception:
    """The error for an answer. What LINE repeats safely (a retry key) is repeated: delivery knows by `drops_repeats`."""
    said = as_str(_json(answer).get("message"))
    detail, status = (said or f"HTTP {answer.status}")[:200], answer.status
    # 409 without LINE's word that it has the message, and a success without a message, are a proxy's.
    if status >= 500 or status < 400 or status == 409:
        return SendOutcomeUnknown(detail)
    if status in (401, 403):
        return CredentialsRejected(detail, status)
    if status == 429:
        is_quota = "monthly limit" in detail.lower()
        after = QUOTA_SECONDS if is_quota else retry_after_seconds(answer.headers)
        return TransientSendError(detail, after, "account")
    if said is None:
        # Not LINE's own answer: a proxy in between refused, and LINE has not seen the message.
        return TransientSendError(detail, retry_after_seconds(answer.headers), "account")
    matching = (code for part, code in ERROR_CODE_BY_MESSAGE if part in detail.lower())
    return PermanentSendError(next(matching, "rejected"), detail, status)


async def _call(
    http: HttpClient,
    account: Account,
    method: str,
    path: str,
    body: Mapping[str, Json] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    idempotent: bool = False,
) -> HttpResponse:
    url = f"{(account.body.api_base or API_HOST).rstrip('/')}{path}"
    content = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
    kind = {"content-type": "application/json"} if content is not None else {}
    return await http.call(method, url, content, {**_bearer(account), **kind, **(headers or {})}, idempotent=idempotent)


def _bearer(account: Account) -> dict[str, str]:
    return {"authorization": f"Bearer {account.token('access_token')}"}


def _json(answer: HttpResponse) -> dict[str, Json]:
    return json_object(answer.body) or {}
