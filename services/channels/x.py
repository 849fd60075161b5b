"""X: one user account per account; mentions, replies and quotes in public, direct messages in private.

The Activity API and the older Account Activity API both come to the same address. One app calls one URL for all of its users.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.activity import Activity, Attachment
from schemas.channel import Capabilities, MediaLimit, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import ChannelAction, OutboundMessage
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    HandoffSettings,
    PrintableSecret,
    Rotating,
    account_example,
    api_base_field,
)
from services.channels.json_access import as_dict, as_id_str
from services.channels.port import (
    Account,
    MediaLocation,
    OutgoingFile,
    PollResult,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.channels.x_api.calls import API_BASE, call
from services.channels.x_api.catch_up import INTERVAL, poll
from services.channels.x_api.sending import delete, locate_file, send_message, send_pictures
from services.channels.x_api.signature import answer_challenge, verify_signature
from services.channels.x_api.webhook import addressees, parse
from services.domain.account_phrases import AccountFinding, finding
from services.platform.http.outgoing import HttpClient

DAY = 86_400.0
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")


class XCredentials(AccountCredentials):
    """Keys of the app, and a token of the user in whose name we write: an app's own token can do neither."""

    consumer_key: PrintableSecret = Field(
        description="the app's API key (consumer key): Keys and tokens in the developer portal"
    )
    consumer_secret: Rotating[PrintableSecret] = Field(
        description="the app's API key secret, which also signs webhooks"
    )
    access_token: PrintableSecret = Field(
        description="an access token of the user, with read, write and direct messages"
    )
    access_secret: PrintableSecret = Field(description="the secret of the access token")
    user_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")] = Field(
        description="the id of the user, digits; not the handle"
    )


class XSettings(HandoffSettings):
    """What X has allowed the account, and what it costs."""

    automated_replies_approved: bool = Field(
        False, description="true, if X has approved replies that no person writes; else none of ours goes out"
    )
    catch_up: bool = Field(
        False, description="true to ask X every five minutes for what its calls have missed; X charges for what is read"
    )
    retention_seconds: Annotated[float, Field(ge=3600, le=2_592_000)] | None = Field(
        None, description="a number of seconds from 3600 to 2592000, after which what people wrote is deleted here"
    )


class XAccount(AccountSettings):
    """A user account. `api_base` replaces api.x.com."""

    model_config = account_example(
        name="Our X",
        credentials={
            "consumer_key": "xvz1evFS4wEEPTGEFPHBog",
            "consumer_secret": "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "access_token": "1111111111-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "access_secret": "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
            "user_id": "1111111111111111111",
        },
    )
    credentials: XCredentials
    settings: XSettings = XSettings()
    api_base: ApiBase | None = api_base_field(API_BASE)


class X:
    """One user account per account."""

    name = "x"
    account_model = XAccount
    interval = INTERVAL
    # Limits of direct messages are of the whole account, 15 in 15 minutes: X's own answer says when it goes on.
    capabilities = Capabilities(
        surfaces=("private", "public"),
        # docs.x.com/fundamentals/counting-characters; direct messages 10,000.
        text_limits=(
            TextLimit(limit=10_000, surface="private", splits=True),
            TextLimit(limit=280, surface="public", unit="weighted"),
        ),
        # Developer guidelines: a direct message only to who wrote one first; a public answer may ask for it.
        first_contact="never",
        invitation=True,
        automated="approved",
        actions=("delete",),
        media=(MediaLimit(kind="image", max_bytes=5_000_000, media_types=PICTURE_TYPES),),
        # docs.x.com/x-api/media/quickstart/best-practices: four pictures of a post, one of a direct message.
        max_files=1,
        public_max_files=4,
        # Developer policy: what somebody deletes, hides or protects has to go within 24 hours, and X does not tell us of each.
        retention_seconds=DAY,
        # X calls again for an answer that is no success, and an unreadable body stays unreadable.
        invalid_payload_status=200,
    )

    def capabilities_for(self, body: AccountBody) -> Capabilities:
        """What the account can do: automatic replies take X's approval, a longer retention is for the shop to answer for."""
        approved = body.settings.get("automated_replies_approved") is True
        stated = body.settings.get("retention_seconds")
        kept = float(stated) if isinstance(stated, int | float) and not isinstance(stated, bool) else DAY
        return self.capabilities.model_copy(
            update={"automated": "yes" if approved else "approved", "retention_seconds": kept}
        )

    def own_id(self, account: AccountBody) -> str | None:
        """The user id of the account. See `SharedEndpoint`."""
        value = account.credentials.get("user_id")
        return value if isinstance(value, str) and value else None

    def addressees(self, request: Request) -> Sequence[str]:
        """The users that a body is for. See `SharedEndpoint`."""
        return addressees(request)

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The answer to X's test of the address (CRC). Raises InvalidSignature."""
        return answer_challenge(request, account.secrets("consumer_secret"))

    def verify(self, request: Request, account: Account) -> None:
        """Require X's signature of the body by any live consumer secret. Raises InvalidSignature."""
        verify_signature(request, account.secrets("consumer_secret"))

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """The activities of a body; see `x_api.webhook`. Raises InvalidPayload."""
        return parse(request, account)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """A post in reply, or a direct message."""
        return await send_message(http, account, message)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """The same with pictures."""
        return await send_pictures(http, account, message, files)

    async def perform(self, action: ChannelAction, account: Account, http: HttpClient) -> SendReceipt:
        """Delete what we wrote. See `PerformsActions`."""
        return await delete(http, account, action)

    async def locate(self, attachment: Attachment, account: Account, http: HttpClient) -> MediaLocation:
        """Where a picture is. See `ResolvesMedia`."""
        return locate_file(account, attachment)

    def is_polled(self, body: AccountBody) -> bool:
        """Whether X is asked for what its calls have missed."""
        return body.settings.get("catch_up") is True

    async def begin_polling(self, account: Account, http: HttpClient) -> None:
        """Nothing has to be begun: X lists what was published."""

    async def poll(self, account: Account, http: HttpClient, cursor: str | None) -> PollResult:
        """Mentions and direct messages since the cursor; see `x_api.catch_up`."""
        return await poll(http, account, cursor)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Whether the token is that of the account. Which address X calls only the app's own token may ask."""
        own = as_id_str(as_dict((await call(http, account, "GET", "/2/users/me")).get("data")).get("id"))
        expected = self.own_id(account.body)
        return finding("token_of_other", name="user_id", found=own, expected=expected) if own != expected else None
