"""Surveys of Typeform: each response is posted once it is complete, and parts of it before, if the shop wants them.

www.typeform.com/developers/webhooks/secure-your-webhooks has the signature. Nothing can be sent to a survey.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated

import orjson
from pydantic import Field, StringConstraints

from schemas.activity import Activity
from schemas.channel import Capabilities
from schemas.outbound import OutboundMessage
from schemas.values import Json
from services.channels.account_scope import AccountScope, scope_of
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ChosenSecret,
    HandoffSettings,
    Rotating,
    account_example,
)
from services.channels.json_access import as_dict, as_str, drop_none, iso_time
from services.channels.live_secrets import is_live_secret
from services.channels.port import (
    Account,
    InvalidPayload,
    InvalidSignature,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.channels.survey_answers import CONVERSATION_FIELDS, PERSON_FIELDS, answers, hidden, identities
from services.platform.http.outgoing import HttpClient, PermanentSendError

SIGNATURE_HEADER = "typeform-signature"
RESPONSE, PARTIAL = "form_response", "form_response_partial"
MAX_PERSON, MAX_ID = 200, 100


WebhookSecret = Annotated[ChosenSecret, StringConstraints(pattern=r"^\S(.*\S)?$")]


class SurveyCredentials(AccountCredentials):
    """By what Typeform proves itself."""

    secret: Rotating[WebhookSecret] = Field(description="the secret of the webhook at Typeform, at least 8 characters")


class SurveyAccount(AccountSettings):
    """The forms whose webhooks come to one address."""

    model_config = account_example(name="How did we do?", credentials={"secret": "a-long-random-text-of-yours"})
    credentials: SurveyCredentials
    settings: HandoffSettings = HandoffSettings()


class Survey:
    """The adapter."""

    name = "survey"
    account_model = SurveyAccount
    capabilities = Capabilities(
        surfaces=("private",),
        text_limits=(),
        automated="no",
        # Typeform repeats what is not answered with 2xx for hours, and it would be just as unreadable.
        invalid_payload_status=200,
        pace="mail",
    )

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """Typeform has none: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Require `sha256=` and the HMAC-SHA256 of the raw body in base64, by any live secret. Raises InvalidSignature."""
        digests = [hmac.digest(one.encode(), request.body, hashlib.sha256) for one in account.secrets("secret")]
        expected = [f"sha256={b64encode(digest).decode()}" for digest in digests]
        if not is_live_secret(request.headers.get(SIGNATURE_HEADER, ""), expected):
            raise InvalidSignature("Typeform-Signature is missing or not that of this body by the account's secret")

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The answers of a response. Raises InvalidPayload."""
        try:
            document = request.json()
        except (ValueError, RecursionError):
            raise InvalidPayload("the body is no JSON") from None
        if not isinstance(document, dict):
            raise InvalidPayload("the body is no JSON object")
        scope = scope_of(account, None)
        response, kind = as_dict(document.get(RESPONSE)), as_str(document.get("event_type"))
        token = as_str(response.get("token"))
        if token is None or kind not in {RESPONSE, PARTIAL}:
            return [_unknown(document, scope, request)]
        return [_answered(response, token, scope, request, is_partial=kind == PARTIAL)]

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """Raises PermanentSendError: whoever filled in a form reads no answer there."""
        raise PermanentSendError("unsupported", "a survey takes no messages")


def _answered(
    response: Mapping[str, Json], token: str, scope: AccountScope, request: Request, *, is_partial: bool
) -> Activity:
    """The answers so far. A response keeps its token: it is one message, however often it comes."""
    given = answers(response)
    content = orjson.dumps([one.model_dump() for one in given], option=orjson.OPT_SORT_KEYS).decode()
    # A delivery that is repeated may have another event_id; the answers of a part may grow.
    identity = scope.activity_id("response", token, "part" if is_partial else "whole", scope.content_id(content))
    details = drop_none(
        form_id=as_str(response.get("form_id")),
        response_id=token,
        handoff=hidden(response, ("token", "handoff")),
        is_partial=is_partial or None,
    )
    return scope.activity(
        identity,
        "survey_answer",
        (hidden(response, PERSON_FIELDS) or token)[:MAX_PERSON],
        request.received_at,
        surface="private",
        person_name=hidden(response, ("name", "first_name")),
        message=scope.message_id(token),
        platform_id=token,
        sent_at=iso_time(response.get("submitted_at")) or iso_time(response.get("landed_at")),
        identities=identities(response),
        conversation=_id(hidden(response, CONVERSATION_FIELDS)),
        answers=given,
        details=details,
    )


def _id(text: str | None) -> str | None:
    """An id that somebody may have typed; None for what is too long for one."""
    return text if text is not None and len(text) <= MAX_ID else None


def _unknown(document: Mapping[str, Json], scope: AccountScope, request: Request) -> Activity:
    """An event that is no response: its type, and nothing of what it says."""
    event, raw = as_str(document.get("event_id")), as_str(document.get("event_type"))
    content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
    identity = scope.activity_id("unknown", event or scope.content_id(content))
    details = drop_none(raw=raw or "event")
    return scope.activity(identity, "unknown", None, request.received_at, surface="private", details=details)
