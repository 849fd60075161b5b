"""Eitaa by eitaayar.ir: messages and files to people, groups and channels. It only sends: Eitaa calls nobody and lists nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field, StringConstraints

from schemas.activity import Activity, Address
from schemas.channel import Capabilities, TextLimit, every_kind
from schemas.outbound import OutboundMessage
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ApiBase,
    HandoffSettings,
    Secret,
    account_example,
    api_base_field,
)
from services.channels.bot_api.calls import classify_response, deliver, is_done
from services.channels.bot_api.origin import with_message_ids
from services.channels.errors_without_token import without_token
from services.channels.port import (
    Account,
    InvalidPayload,
    InvalidSignature,
    OutgoingFile,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.domain.account_phrases import AccountFinding
from services.platform.http.multipart import FilePart, multipart_form
from services.platform.http.outgoing import HttpClient, HttpResponse

API_BASE = "https://eitaayar.ir"
MAX_TEXT = 4096
MAX_FILE = 50_000_000
FORM = {"content-type": "application/x-www-form-urlencoded"}
SENDS_ONLY = "Eitaa only sends: nothing that customers write there comes in"


class EitaaCredentials(AccountCredentials):
    """What eitaayar.ir gave."""

    token: Annotated[Secret, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,256}$")] = Field(
        description="the token of the API at eitaayar.ir, like bot123456:abcdef: letters, digits, . : _ -"
    )


class EitaaAccount(AccountSettings):
    """A token of eitaayar.ir. `api_base` replaces eitaayar.ir."""

    model_config = account_example(name="Our messages in Eitaa", credentials={"token": "bot123456:abcdef"})
    credentials: EitaaCredentials
    settings: HandoffSettings = HandoffSettings()
    api_base: ApiBase | None = api_base_field(API_BASE)


class Eitaa:
    """One token per account."""

    name = "eitaa"
    account_model = EitaaAccount
    capabilities = Capabilities(
        surfaces=("private",),
        # eitaayar.ir states no limits; these are assumed (docs/channels/eitaa.md).
        text_limits=(TextLimit(limit=MAX_TEXT, splits=True),),
        media=every_kind(MAX_FILE),
        files_apart=True,
        first_contact="always",
        receives=False,
    )

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """Eitaa calls nobody: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Eitaa calls nobody. Raises InvalidSignature."""
        raise InvalidSignature(SENDS_ONLY)

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """Eitaa calls nobody. Raises InvalidPayload."""
        raise InvalidPayload(SENDS_ONLY)

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """`sendMessage`. Raises TransientSendError, PermanentSendError, CredentialsRejected, SendOutcomeUnknown."""

        async def post(to: Address) -> HttpResponse:
            form = urlencode({**_target(to), "text": message.text.text}).encode()
            return await http.call("POST", _url(account, "sendMessage"), form, FORM)

        with without_token(account.token("token")):
            return with_message_ids(await deliver(message.address, post), message, None)

    async def send_files(
        self, message: OutboundMessage, files: Sequence[OutgoingFile], account: Account, http: HttpClient
    ) -> SendReceipt:
        """`sendFile`. One message has one file: `files_apart`. Raises as `send`."""
        known = files[0].attachment
        part = FilePart("file", known.name or "file", known.media_type, files[0].content)

        async def post(to: Address) -> HttpResponse:
            caption = {"caption": message.text.text} if message.text.text else {}
            body, content_type = multipart_form({**_target(to), **caption}, [part])
            return await http.call("POST", _url(account, "sendFile"), body, {"content-type": content_type})

        with without_token(account.token("token")):
            return with_message_ids(await deliver(message.address, post), message, None)

    async def check(
        self, account: Account, http: HttpClient, public_url: str | None, now: datetime
    ) -> AccountFinding | None:
        """Call `getMe`. See `ChecksAccount`."""
        with without_token(account.token("token")):
            answer = await http.call("POST", _url(account, "getMe"), b"", FORM, idempotent=True)
            if not is_done(answer):
                raise classify_response(answer)
        return None


def _url(account: Account, method: str) -> str:
    base = (account.body.api_base or API_BASE).rstrip("/")
    return f"{base}/api/{account.token('token')}/{method}"


def _target(to: Address) -> Mapping[str, str]:
    fields: dict[str, str | None] = {"chat_id": to.chat, "reply_to_message_id": to.reply_to}
    return {name: value for name, value in fields.items() if value is not None}
