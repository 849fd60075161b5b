"""SMS by Twilio (www.twilio.com/docs/messaging): one number, short code, name or Messaging Service per account.

WhatsApp and RCS by Twilio come by the same webhook and are answered by the same service.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.activity import Activity
from schemas.channel import Capabilities, TextLimit
from schemas.outbound import OutboundMessage
from services.channels.account_settings import (
    AccountSettings,
    ApiBase,
    HandoffSettings,
    account_example,
    api_base_field,
)
from services.channels.port import Account, Request, SendReceipt, WebhookResponse
from services.channels.twilio.accounts import API_HOST, MAX_SEGMENTS, TwilioCredentials
from services.channels.twilio.api import account_problem, send_text
from services.channels.twilio.channel import SignedByTwilio
from services.channels.twilio.messages import parse_message_call
from services.channels.twilio.webhook import read_call, twiml
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient


class SmsCredentials(TwilioCredentials):
    """The sender of texts."""


class SmsSettings(HandoffSettings):
    """By which sender answers go out."""

    messaging_service_sid: Annotated[str, StringConstraints(pattern=r"^MG[0-9a-fA-F]{32}$")] | None = Field(
        None, description="MG and 32 hexadecimal digits: answers go out by this Messaging Service instead of the number"
    )


class SmsAccount(AccountSettings):
    """A sender at Twilio. `api_base` replaces api.twilio.com."""

    model_config = account_example(
        name="Our SMS",
        credentials={
            "account_sid": "AC0123456789abcdef0123456789abcdef",
            "auth_token": "0123456789abcdef0123456789abcdef",
            "number": "+15005550006",
            "public_url": "https://support.example",
        },
    )
    credentials: SmsCredentials
    settings: SmsSettings = SmsSettings()
    api_base: ApiBase | None = api_base_field(API_HOST)


class Sms(SignedByTwilio):
    """One sender per account."""

    name = "sms"
    account_model = SmsAccount
    capabilities = Capabilities(
        surfaces=("private",),
        text_limits=(TextLimit(limit=MAX_SEGMENTS, unit="segments", splits=True),),
        first_contact="always",
        person_ids="e164",
        json_bodies=False,
        # Twilio repeats no call that was not answered with 2xx, unless the address asks for it (#rp=5xx).
        invalid_payload_status=200,
    )

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a webhook; see `twilio.messages`. Raises InvalidPayload."""
        return parse_message_call(read_call(request, account))

    def response(self, request: Request, account: Account, activities: Sequence[Activity]) -> WebhookResponse:
        """Markup that asks for nothing: answers go out by the API. See `RespondsToWebhook`."""
        return twiml()

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`POST /Accounts/{sid}/Messages.json`."""
        return await send_text(message, account, http)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Whether the credentials work, and messages to the number come here. See `ChecksAccount`."""
        return await account_problem(account, http, public_url, "sms_url")
