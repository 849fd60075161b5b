"""Platforms in memory that have what the real channels of this version lack: shared URLs, keys, answers, files, large bodies."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Any

from schemas.activity import Activity, Attachment
from schemas.channel import Capabilities, TextLimit
from schemas.configuration import AccountBody
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText
from services.channels.account_settings import AccountSettings
from services.channels.live_secrets import is_live_secret
from services.channels.port import (
    Account,
    InlineFile,
    InvalidPayload,
    InvalidSignature,
    Request,
    SendReceipt,
    WebhookResponse,
)
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpClient

KEY_HOST = "https://keys.platform.example"


def activity(channel: str, account: Account, request: Request, entry: Any, **fields: Any) -> Activity:
    """One activity of an entry `{id, from, text}`."""
    return Activity(
        id=hashed_id(account.workspace, channel, account.id, str(entry["id"])),
        workspace=account.workspace,
        channel=channel,
        account=account.id,
        kind="message",
        surface="private",
        person=f"{channel}:{account.id}:{entry['from']}",
        message=hashed_id(account.workspace, channel, account.id, "message", str(entry["id"])),
        text=EncryptedText(text=entry["text"]),
        received_at=request.received_at,
        **fields,
    )


class PlainChannel:
    """A channel whose body is `{entries: [{id, from, text}]}`, signed with HMAC-SHA256 in hex."""

    name = "plain"
    account_model = AccountSettings
    capabilities = Capabilities(surfaces=("private",), text_limits=(TextLimit(limit=100),), invalid_payload_status=400)

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        return None

    def verify(self, request: Request, account: Account) -> None:
        expected = [sign(secret, request.body) for secret in account.secrets("secret")]
        if not is_live_secret(request.headers.get("x-signature", ""), expected):
            raise InvalidSignature("the signature is missing or wrong")

    def parse(self, request: Request, account: Account) -> list[Activity]:
        return [activity(self.name, account, request, entry) for entry in entries_of(request)]

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        return SendReceipt(message.id)


class PagesChannel(PlainChannel):
    """One URL for many pages: an entry names its page in `to`. The handshake is a GET with the parameter `challenge`."""

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        challenge = request.query.get("challenge")
        if request.method != "GET" or challenge is None:
            return None
        if not is_live_secret(request.query.get("token", ""), account.secrets("verify_token")):
            raise InvalidSignature("the verify token is wrong")
        return WebhookResponse(200, challenge.encode())

    def own_id(self, account: AccountBody) -> str | None:
        page = account.credentials.get("page")
        return page if isinstance(page, str) else None

    def addressees(self, request: Request) -> Sequence[str]:
        return [str(entry["to"]) for entry in entries_of(request)]

    def parse(self, request: Request, account: Account) -> list[Activity]:
        own = self.own_id(account.body)
        mine = [entry for entry in entries_of(request) if entry["to"] == own]
        found = [activity(self.name, account, request, entry) for entry in mine]
        return found or [
            activity(self.name, account, request, entries_of(request)[0]).model_copy(update={"kind": "unknown"})
        ]


class KeyChannel(PlainChannel):
    """Signs with a key that it publishes: the header `x-key` names it, `x-signature` is the HMAC by its bytes.

    A POST of `{"confirm": url}` is a handshake.
    """

    def key_urls(self, request: Request, account: Account) -> Sequence[str]:
        name = request.headers.get("x-key", "")
        if not name.startswith(f"{KEY_HOST}/"):
            raise InvalidSignature("the key is not the platform's")
        return [name]

    def handshake(self, request: Request, account: Account) -> WebhookResponse | None:
        confirm_url = json.loads(request.body).get("confirm")
        if confirm_url is None:
            return None
        self.verify(request, account)
        return WebhookResponse(200, b"", confirm_url=confirm_url)

    def verify(self, request: Request, account: Account) -> None:
        [key] = request.public_keys.values()
        if not is_live_secret(request.headers.get("x-signature", ""), [sign(key.decode(), request.body)]):
            raise InvalidSignature("the signature is wrong")


class AnsweringChannel(PlainChannel):
    """Its platform does what the answer says. The secret is the whole subpath."""

    def verify(self, request: Request, account: Account) -> None:
        if not is_live_secret(request.subpath, account.secrets("path_secret")):
            raise InvalidSignature("the path has no secret, or a wrong one")

    def response(self, request: Request, account: Account, activities: Sequence[Activity]) -> WebhookResponse:
        if activities[0].text is not None and activities[0].text.text == "fail":
            raise ValueError("a bug on +1 555 0100")
        return WebhookResponse(200, f"<Say>{len(activities)}</Say>".encode(), "application/xml")


class MailChannel(PlainChannel):
    """Large bodies that are no JSON: lines of `id|from|text|name|base64`. Basic credentials, for which it waits to be asked."""

    capabilities = PlainChannel.capabilities.model_copy(update={"max_body_bytes": 12_000_000, "json_bodies": False})

    def verify(self, request: Request, account: Account) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        expected = [base64.b64encode(f"mail:{secret}".encode()).decode() for secret in account.secrets("password")]
        if scheme != "Basic" or not is_live_secret(given, expected):
            raise InvalidSignature("the password is missing or wrong", 'Basic realm="mail"')

    def parse(self, request: Request, account: Account) -> list[Activity]:
        found = []
        for identity, sender, text, name, content in _mails(request):
            entry = {"id": identity, "from": sender, "text": text}
            attachment = Attachment(kind="file", name=name, digest=hashlib.sha256(content).hexdigest())
            found.append(activity(self.name, account, request, entry, attachments=[attachment] if name else []))
        return found

    def files(self, request: Request, account: Account) -> Iterator[InlineFile]:
        for _, _, _, _, content in _mails(request):
            yield InlineFile(hashlib.sha256(content).hexdigest(), content)


def _mails(request: Request) -> Iterator[tuple[str, str, str, str, bytes]]:
    for line in request.body.decode().splitlines():
        identity, sender, text, name, content = line.split("|")
        yield identity, sender, text, name, base64.b64decode(content)


def sign(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def entries_of(request: Request) -> list[Any]:
    try:
        entries: list[Any] = json.loads(request.body)["entries"]
    except (ValueError, KeyError, TypeError):
        raise InvalidPayload("the body has no entries") from None
    return entries
