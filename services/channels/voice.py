"""Telephone calls by Twilio (www.twilio.com/docs/voice): one number per account.

A call that nobody took is a conversation that waits for a call back. A written answer goes out as SMS from the same number.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.activity import Activity
from schemas.channel import Capabilities, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.account_settings import (
    AccountSettings,
    ApiBase,
    HandoffSettings,
    account_example,
    api_base_field,
)
from services.channels.port import Account, Request, SendReceipt, WebhookResponse
from services.channels.twilio.accounts import API_HOST, MAX_SEGMENTS, Phone, TwilioCredentials
from services.channels.twilio.agent_phones import CALL_LIMIT_SECONDS, AgentPhone, agent_phones, shared_phones
from services.channels.twilio.api import account_problem, place_call, send_text
from services.channels.twilio.calls import parse_voice_call
from services.channels.twilio.channel import SignedByTwilio
from services.channels.twilio.messages import parse_message_call
from services.channels.twilio.twiml import answer_to
from services.channels.twilio.webhook import read_call, twiml
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient, PermanentSendError


class VoiceCredentials(TwilioCredentials):
    """The number that is called."""


class VoiceSettings(HandoffSettings):
    """Whose telephone rings, and what a caller hears."""

    ring: Annotated[list[Phone], Field(max_length=10)] | None = Field(
        None, description="up to 10 telephone numbers like +37126000001, which ring together until one is taken"
    )
    ring_seconds: Annotated[int, Field(ge=5, le=600)] | None = Field(
        None, description="how long they ring, from 5 to 600 seconds; 25 without it"
    )
    said: Annotated[str, StringConstraints(pattern=r"\S", max_length=500)] | None = Field(
        None,
        description="what a caller hears when nobody takes the call, up to 500 characters, in the account's language",
    )
    said_url: Annotated[str, StringConstraints(pattern=r"^https://[^\s]{1,2000}$")] | None = Field(
        None, description="an https address of a sound that is played in place of a spoken sentence"
    )
    voicemail: bool | None = Field(None, description="true: a caller whom nobody takes may leave a message")
    transcribe: bool | None = Field(None, description="true: Twilio writes down such a message (English alone)")
    agents: Annotated[list[AgentPhone], Field(max_length=200)] | None = Field(
        None,
        description="whose telephone is whose, each as an agent's id and a phone: who takes a call there has it as work, and can call back",
    )
    limit_seconds: Annotated[int, Field(ge=60, le=CALL_LIMIT_SECONDS)] | None = Field(
        None, description="how long a call may last, from 60 to 14400 seconds; 14400 without it"
    )
    record: bool | None = Field(None, description="true: calls are recorded, where the law and the caller allow it")


class VoiceAccount(AccountSettings):
    """A telephone number at Twilio. `api_base` replaces api.twilio.com."""

    model_config = account_example(
        name="Our telephone",
        credentials={
            "account_sid": "AC0123456789abcdef0123456789abcdef",
            "auth_token": "0123456789abcdef0123456789abcdef",
            "number": "+15005550006",
            "public_url": "https://support.example",
        },
        settings={"ring": ["+15005550010"], "voicemail": True},
    )
    credentials: VoiceCredentials
    settings: VoiceSettings = VoiceSettings()
    api_base: ApiBase | None = api_base_field(API_HOST)

    @classmethod
    def conflicts(cls, body: AccountBody) -> list[tuple[str, str]]:
        """A telephone is that of one agent."""
        return shared_phones(body)


class Voice(SignedByTwilio):
    """One telephone number per account."""

    name = "voice"
    account_model = VoiceAccount
    capabilities = Capabilities(
        surfaces=("private",),
        text_limits=(TextLimit(limit=MAX_SEGMENTS, unit="segments", splits=True),),
        person_ids="e164",
        # Nobody who calls has asked for texts: only people answer in writing.
        automated="no",
        json_bodies=False,
        invalid_payload_status=200,
        actions=("call",),
        pace="call",
    )

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """Agents whose telephone the account knows can call. See `AccountCapabilities`."""
        agents = tuple(dict.fromkeys(agent_phones(body).by_number.values()))
        return self.capabilities.model_copy(update={"callers": agents})

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a webhook: of a call, or of a state of our written answer. Raises InvalidPayload."""
        call = read_call(request, account)
        return parse_message_call(call) if call.get("MessageSid", "SmsSid") else parse_voice_call(call)

    def response(self, request: Request, account: Account, activities: Sequence[Activity]) -> WebhookResponse:
        """What the caller hears, and whose telephone rings. See `RespondsToWebhook`."""
        return twiml(answer_to(read_call(request, account), account))

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """A text to whom called, as SMS from the same number."""
        return await send_text(message, account, http)

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Call a customer by the telephone of an agent. See `PerformsActions`."""
        if action.kind != "call":
            raise PermanentSendError("unsupported", f"voice performs no {action.kind}")
        return await place_call(action, account, http)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Whether the credentials work, and calls of the number come here. See `ChecksAccount`."""
        return await account_problem(account, http, public_url, "voice_url")
