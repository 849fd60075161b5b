"""WhatsApp's Cloud API: one business phone number per account, private chats and groups, templates after 24 hours.

One app of Meta calls one URL for all its numbers: a body may speak for several accounts of a workspace.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.activity import Activity, Attachment
from schemas.channel import Capabilities, MediaLimit, RateLimit, TextLimit, Window
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    HandoffSettings,
    Rotating,
    account_example,
    api_base_field,
)
from services.channels.meta.entry import own_id
from services.channels.meta.graph import FACEBOOK_HOST
from services.channels.meta.messaging.accounts import MetaSecret, VerifyToken
from services.channels.meta.signature import SignedByApp
from services.channels.meta.webhook import MAX_BODY
from services.channels.meta.whatsapp.account_check import account_problem
from services.channels.meta.whatsapp.calls import api_of, locate_file, perform_action, send_file, send_message
from services.channels.meta.whatsapp.changes import addressees, parse
from services.channels.port import Account, MediaLocation, OutgoingFile, Request, SendReceipt
from services.domain.account_phrases import AccountFinding
from services.platform.http.outgoing import HttpClient

MetaId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,30}$")]
IMAGE_TYPES, VIDEO_TYPES = ("image/jpeg", "image/png"), ("video/mp4", "video/3gpp")
AUDIO_TYPES = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
DOCUMENT_TYPES = (
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
)


class WhatsappCredentials(AccountCredentials):
    """What the app's dashboard and WhatsApp Manager show, and a word of one's own."""

    app_secret: Rotating[MetaSecret] = Field(description="the app secret: App settings, Basic, in Meta's app dashboard")
    verify_token: Rotating[VerifyToken] = Field(
        description="a text of your own without spaces, which you also write into the dashboard beside the callback URL"
    )
    access_token: MetaSecret = Field(description="a token of a system user, with whatsapp_business_messaging")
    phone_number_id: MetaId = Field(description="the id of the phone number, digits; not the number itself")
    waba_id: MetaId = Field(description="the id of the WhatsApp Business account, digits")


class WhatsappAccount(AccountSettings):
    """A business phone number. `api_base` replaces graph.facebook.com."""

    model_config = account_example(
        name="Our WhatsApp",
        credentials={
            "app_secret": "0123456789abcdef0123456789abcdef",
            "verify_token": "a-long-random-text-of-yours",
            "access_token": "EAAG-a-token-of-a-system-user",
            "phone_number_id": "106540352242922",
            "waba_id": "102290129340398",
        },
    )
    credentials: WhatsappCredentials
    settings: HandoffSettings = HandoffSettings()
    api_base: ApiBase | None = api_base_field(FACEBOOK_HOST)


class Whatsapp(SignedByApp):
    """One business phone number per account."""

    name = "whatsapp"
    account_model = WhatsappAccount
    # All under developers.facebook.com/documentation/business-messaging/whatsapp.
    capabilities = Capabilities(
        # Groups are read by many.
        surfaces=("private", "public"),
        text_limits=(TextLimit(limit=4096, splits=True),),
        # /messages/send-messages#customer-service-windows
        windows=(Window(seconds=86_400),),
        templates=True,
        first_contact="template",
        person_ids="digits",
        # Of a group: to a member who has not written in private we cannot write, but for a template.
        invitation=True,
        # /webhooks/reference/user_preferences: what people stop is marketing.
        opt_out="marketing",
        actions=("react", "typing", "seen"),
        edits=True,
        # /throughput; and between one number and one user 1 message in 6 s, of which 45 may come at once, as if borrowed.
        rate_limits=(
            RateLimit(scope="chat", count=1, seconds=6, burst=45),
            RateLimit(scope="account", count=80, seconds=1),
        ),
        # /business-phone-numbers/media#supported-media-types; every type may also be sent as a document. A sound and a sticker
        # have no caption.
        media=(
            MediaLimit(kind="image", max_bytes=5_000_000, media_types=IMAGE_TYPES),
            MediaLimit(kind="video", max_bytes=16_000_000, media_types=VIDEO_TYPES),
            MediaLimit(kind="audio", max_bytes=16_000_000, media_types=AUDIO_TYPES, caption_limit=0),
            MediaLimit(kind="voice", max_bytes=16_000_000, media_types=("audio/ogg",), caption_limit=0),
            MediaLimit(kind="sticker", max_bytes=500_000, media_types=("image/webp",), caption_limit=0),
            MediaLimit(
                kind="file",
                max_bytes=100_000_000,
                media_types=(*DOCUMENT_TYPES, *IMAGE_TYPES, "image/webp", *VIDEO_TYPES, *AUDIO_TYPES),
            ),
        ),
        max_files=1,
        caption_limit=1024,
        # /webhooks/overview. Meta repeats what is not answered with 200 for up to 7 days.
        max_body_bytes=MAX_BODY,
        invalid_payload_status=200,
    )

    def own_id(self, account: AccountBody) -> str | None:
        """The id of the account's phone number. See `SharedEndpoint`."""
        return own_id(account, "phone_number_id")

    def addressees(self, request: Request) -> Sequence[str]:
        """The ids of the phone numbers that a body is about. See `SharedEndpoint`."""
        return addressees(request)

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a webhook; see `meta.whatsapp.changes`. Raises InvalidPayload."""
        return parse(request, account)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`POST /{phone-number-id}/messages`, a text or a template."""
        return await send_message(api_of(account, http), message)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """Upload the file, then send it. One message has one: `max_files`."""
        return await send_file(api_of(account, http), message, files[0])

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """React, show typing, or mark as seen. See `PerformsActions`."""
        return await perform_action(api_of(account, http), action)

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """`GET /{media-id}`. See `ResolvesMedia`."""
        return await locate_file(api_of(account, http), attachment)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Whether token, number, subscription and callback URL are as they have to be. See `ChecksAccount`."""
        return await account_problem(api_of(account, http), account, public_url)
