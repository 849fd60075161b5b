"""Live chat on a web page. There is no platform in between: browsers call `/webchat/...` and read replies there.

The adapter is here for delivery and for REST; sessions and messages of visitors are in `services.webchat`.
"""

import json
import re
from urllib.parse import urlsplit

from schemas.activity import Activity
from schemas.channel import Capabilities, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import OutboundMessage
from services.channels.port import Account, InvalidPayload, InvalidSignature, Request, SendReceipt, WebhookResponse
from services.platform.http.outgoing import HttpClient

MAX_TEXT = 10_000
WILDCARD_ORIGIN = "*"
CREDENTIALS = ("identity_secret", "allowed_origins")
SETTINGS = ("handoff_seconds",)
IDENTITY_SECRET = re.compile(r"\S.{6,510}\S")
ALLOWED_ORIGINS_HELP = "allowed_origins is a list with commas of origins like https://shop.example, or * for every page"


class Webchat:
    """One page or shop per account. A stored message counts as delivered, because the visitor's stream reads the store."""

    name = "webchat"
    capabilities = Capabilities(
        surfaces=("private",),
        text_limits=(TextLimit(limit=MAX_TEXT),),
        drops_repeats=True,
        invalid_payload_status=400,
    )

    def check_account(self, body: AccountBody) -> list[tuple[str, str]]:
        """`credentials` are `{identity_secret, allowed_origins}`; without origins only our own page may open chats."""
        wrong = [
            (f"/credentials/{name}", f"not a credential of webchat; those are {', '.join(CREDENTIALS)}")
            for name in body.credentials
            if name not in CREDENTIALS
        ]
        if not IDENTITY_SECRET.fullmatch(body.credentials.get("identity_secret", "")):
            wrong.append(("/credentials/identity_secret", "identity_secret is required: 8 to 512 characters"))
        if allowed_origins(body) is None:
            wrong.append(("/credentials/allowed_origins", ALLOWED_ORIGINS_HELP))
        wrong += [
            (f"/settings/{name}", f"not a setting of webchat; those are {', '.join(SETTINGS)}")
            for name in body.settings
            if name not in SETTINGS
        ]
        if body.api_base is not None:
            wrong.append(("/api_base", "webchat has none: nothing is called"))
        return wrong

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
    allowed = allowed_origins(body) or frozenset()
    return WILDCARD_ORIGIN in allowed or origin.lower() in allowed


def allowed_origins(body: AccountBody) -> frozenset[str] | None:
    """The origins of `allowed_origins`, in lower case; None when one of them is not an origin.

    Commas or spaces stand between them; a JSON list is understood too.
    """
    text = body.credentials.get("allowed_origins", "").strip()
    values = _json_list(text) if text.startswith("[") else re.split(r"[,\s]+", text)
    if values is None:
        return None
    origins = [value.strip().lower().rstrip("/") for value in values if value.strip()]
    return frozenset(origins) if all(map(_is_origin, origins)) else None


def _json_list(text: str) -> list[str] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, list) and all(isinstance(item, str) for item in document) else None


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
