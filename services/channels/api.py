"""The generic channel `api` for an integrator's own system. Calls in both directions carry Standard Webhooks signatures.

In: one object or a list of them, each `message`, `echo`, `edit`, `delete`, `reaction` or `receipt` (docs/channels/api.md). Out: a
message in the shape of REST with its `person`, posted to `callback_url`. Its `webhook-id` is the message's id, the same on
every attempt, by which the receiver drops repeats. The specification: github.com/standard-webhooks/standard-webhooks.
"""

from datetime import datetime
from typing import Annotated

import orjson
from pydantic import AfterValidator, Field, ValidationError

from schemas.activity import Activity
from schemas.channel import Capabilities, TextLimit, every_kind
from schemas.outbound import OutboundMessage
from schemas.values import Json, instant_text
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    CalledUrl,
    HandoffSettings,
    Rotating,
    Secret,
    account_example,
)
from services.channels.api_activities import parse
from services.channels.api_ids import message_id
from services.channels.api_payloads import CallbackAnswer
from services.channels.port import Account, CredentialsRejected, InvalidSignature, Request, SendReceipt, WebhookResponse
from services.platform.core.time_source import SystemTimeSource, TimeSource
from services.platform.http.outgoing import HttpClient, HttpResponse, PermanentSendError, TransientSendError
from services.platform.http.retry_after import retry_after_seconds
from services.platform.http.standard_webhooks import (
    SECRET_FORMAT_HELP,
    decode_secret,
    signed_headers,
    verification_error,
)

MAX_TEXT = 65_536
MAX_FILE = 100_000_000
UNAUTHORIZED = frozenset({401, 403})
PASSING = frozenset({408, 425, 429})
"""The statuses below 500 that may be another at the next attempt: timeout, too early (RFC 8470), too many requests."""
REFUSALS = {404: "not_found", 410: "gone", 413: "too_long"}
"""Status → the code that agents and rules see; `rejected` for the others."""


def _is_signing_secret(secret: str) -> str:
    decode_secret(secret)
    return secret


SigningSecret = Annotated[Secret, AfterValidator(_is_signing_secret)]


class ApiCredentials(AccountCredentials):
    """What signs in both directions, and where replies go."""

    secret: Rotating[SigningSecret] = Field(description=SECRET_FORMAT_HELP)
    secret_previous: SigningSecret | None = Field(
        None, description=f"the secret before this one, while it rotates: {SECRET_FORMAT_HELP}"
    )
    callback_url: Annotated[str, CalledUrl()] = Field(description="an http or https URL that takes signed replies")


class ApiAccount(AccountSettings):
    """An integrator's own system."""

    model_config = account_example(
        name="Our app",
        credentials={
            "secret": "whsec_ZXhhbXBsZS1zZWNyZXQtb2YtMzItYnl0ZXMtbG9uZyE=",
            "callback_url": "https://app.example/support",
        },
    )
    credentials: ApiCredentials
    settings: HandoffSettings = HandoffSettings()


class Api:
    """The adapter. `time_source` gives the `webhook-timestamp` of each attempt."""

    name = "api"
    account_model = ApiAccount
    capabilities = Capabilities(
        surfaces=("private", "public"),
        text_limits=(TextLimit(limit=MAX_TEXT),),
        # The body names the files; the receiver reads them from us with its own API key, so any file may go out.
        media=every_kind(MAX_FILE),
        edits=True,
        drops_repeats=True,
        # The caller is the integrator's own client: a 400 that names the field helps its developer.
        invalid_payload_status=400,
    )

    def __init__(self, time_source: TimeSource | None = None) -> None:
        self._time_source = time_source or SystemTimeSource()

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The channel has no handshake: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Require a signature by any live secret over id, timestamp and body, at most five minutes off.

        Raises InvalidSignature.
        """
        # The timestamp is part of the signed text: without its check a recorded call could be replayed for ever.
        why = verification_error(request.headers, request.body, account.secrets("secret"), request.received_at)
        if why is not None:
            raise InvalidSignature(why)

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """Parse the bodies that `api_payloads` describes. Raises InvalidPayload, which names the field and never its value."""
        return parse(self.name, request, account)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """Post the reply. Any 2xx is a receipt; its body may give the ids by which the system will name the reply.

        401 and 403 mean that our credentials are refused. 408, 425, 429 and every status outside 4xx are retried. Every
        other 4xx refuses this message for good.
        """
        # While a secret is rotated the call carries a signature by each, so that the receiver may switch at any time.
        body = orjson.dumps(_view(message))
        headers = signed_headers(account.secrets("secret"), message.id, self._time_source.now(), body)
        answer = await http.call("POST", account.token("callback_url"), body, headers)
        if 200 <= answer.status < 300:
            return _receipt(message, answer)
        raise _verdict(answer, self._time_source.now())


def _receipt(message: OutboundMessage, answer: HttpResponse) -> SendReceipt:
    try:
        given = CallbackAnswer.model_validate_json(answer.body)
    except ValidationError:
        # Most answers are empty, or a page of the framework.
        return SendReceipt(message.id)
    names = dict.fromkeys([*([given.id] if given.id else []), *(given.aliases or [])])
    scope = (message.workspace, message.channel, message.account, message.address.chat)
    return SendReceipt(given.id or message.id, aliases=tuple(message_id(*scope, name) for name in names))


def _verdict(answer: HttpResponse, now: datetime) -> TransientSendError | PermanentSendError | CredentialsRejected:
    """The error for an answer other than 2xx. A 429 limits this person's messages only; a 503 limits the whole account."""
    status, detail = answer.status, f"the callback_url answered {answer.status}"
    if status in UNAUTHORIZED:
        return CredentialsRejected(f"{detail}: it does not accept our signature or does not let us in", status)
    if 400 <= status < 500 and status not in PASSING:
        return PermanentSendError(REFUSALS.get(status, "rejected"), detail, status)
    after = retry_after_seconds(answer.headers, now)
    if after is None:
        return TransientSendError(detail, scope="message")
    return TransientSendError(detail, after, "chat" if status == 429 else "account")


def _view(message: OutboundMessage) -> dict[str, Json]:
    """The posted body: the message in the shape of REST, its person and its conversation."""
    # Fields that are empty on a reply are there all the same, so that a client reads one shape in both directions.
    to = message.address
    return {
        "id": message.id,
        "type": "message",
        "conversation": message.conversation,
        "direction": "outbound",
        "surface": message.surface,
        "channel": message.channel,
        "account": message.account,
        "person": {"id": to.chat},
        "thread": to.thread,
        "reply_to": to.reply_to,
        "author": message.author.model_dump(mode="json"),
        "text": message.text.text or None,
        "masked": [],
        "attachments": [_file(message, number) for number in range(len(message.attachments))],
        "sent_at": None,
        "received_at": instant_text(message.accepted_at),
        "state": "queued",
        "error": None,
        "platform_id": None,
        "quote": None,
        "forwarded_from": None,
        "links": [],
        "edits": [],
        "reactions": [],
    }


def _file(message: OutboundMessage, number: int) -> Json:
    """A file in the shape of REST. `url` is a path of this installation, read with an API key of the scope `read`."""
    attachment = message.attachments[number]
    return {
        "id": attachment.blob,
        "kind": attachment.kind,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size_bytes": attachment.size_bytes,
        "url": f"/v1/workspaces/{message.workspace}/messages/{message.id}/attachments/{number}",
    }
