"""Live chat on a web page. There is no platform in between: browsers call `/webchat/...` and read replies there.

The adapter is here for delivery and for REST; sessions and messages of visitors are in `services.webchat`.
"""

import json
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from schemas.activity import Activity
from schemas.channel import Capabilities, TextLimit, every_kind
from schemas.configuration import AccountBody
from schemas.outbound import OutboundMessage
from services.channels.account_settings import (
    AccountCredentials,
    AccountSettings,
    ChosenSecret,
    HandoffSettings,
    Rotating,
    account_example,
)
from services.channels.port import Account, InvalidPayload, InvalidSignature, Request, SendReceipt, WebhookResponse
from services.platform.http.outgoing import HttpClient

MAX_TEXT = 10_000
MAX_FILE = 100_000_000
WILDCARD_ORIGIN = "*"


def _split_origins(value: object) -> object:
    """Origins as a list: commas or spaces stand between them in one text, which may also be a JSON list."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return _json_list(text) if text.startswith("[") else [part for part in re.split(r"[,\s]+", text) if part]


def _normalise_origin(text: str) -> str:
    origin = text.strip().lower().rstrip("/")
    if not _is_origin(origin):
        raise ValueError("this is no origin")
    return origin


Origins = Annotated[
    list[Annotated[str, AfterValidator(_normalise_origin)]],
    BeforeValidator(_split_origins, json_schema_input_type=str | list[str]),
]
_ORIGINS = TypeAdapter[list[str]](Origins)


class WebchatCredentials(AccountCredentials):
    """What proves a visitor, and the pages that may open chats; without origins only our own page may."""

    identity_secret: Rotating[Annotated[ChosenSecret, StringConstraints(pattern=r"^\S[\s\S]{6,510}\S$")]] = Field(
        description="8 to 512 characters"
    )
    allowed_origins: Origins = Field([], description="a list of origins like https://shop.example, or * for every page")


class WebchatAccount(AccountSettings):
    """A page or a shop with a chat."""

    model_config = account_example(
        name="Our shop",
        credentials={
            "identity_secret": "a-long-random-text-of-yours",
            "allowed_origins": ["https://shop.example", "https://www.shop.example"],
        },
    )
    credentials: WebchatCredentials
    settings: HandoffSettings = HandoffSettings()


class Webchat:
    """One page or shop per account. A stored message counts as delivered, because the visitor's stream reads the store."""

    name = "webchat"
    account_model = WebchatAccount
    capabilities = Capabilities(
        surfaces=("private",),
        text_limits=(TextLimit(limit=MAX_TEXT),),
        media=every_kind(MAX_FILE),
        drops_repeats=True,
        invalid_payload_status=400,
    )

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        """The channel has no handshake: always None."""
        return None

    def verify(self, request: Request, account: Account) -> None:
        """Always raises InvalidSignature: the channel has no webhooks."""
        raise InvalidSignature("webchat has no webhooks; browsers use /webchat")

    def parse(self, request: Request, account: Account) -> list[Activity]:
        """Always raises InvalidPayload: the channel has no webhooks."""
        raise InvalidPayload("webchat has no webhooks; browsers use /webchat")

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        """Return a receipt immediately: the message is in the store already, where the visitor's stream reads it."""
        return SendReceipt(None)


def is_origin_allowed(body: AccountBody, origin: str) -> bool:
    """Whether pages of this origin (scheme, host and port as a browser writes them) may open chats."""
    allowed = allowed_origins(body)
    return WILDCARD_ORIGIN in allowed or origin.lower() in allowed


def allowed_origins(body: AccountBody) -> list[str]:
    """The origins of an account, in lower case; none when one of them is not an origin."""
    try:
        return _ORIGINS.validate_python(body.credentials.get("allowed_origins", []))
    except ValidationError:
        return []


def _json_list(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_origin(text: str) -> bool:
    if text == WILDCARD_ORIGIN:
        return True
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    # An origin is scheme, host and port alone (RFC 6454, 6.2): with a path, user or query no browser would ever send it.
    plain = text == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
