"""Calls of platforms by which the tenancy tests prove themselves: accounts whose secrets are a workspace's own, and signed bodies."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from services.channels.registry import CHANNELS

OWN_IDS = {"whatsapp": "phone_number_id", "messenger": "page_id", "instagram": "ig_id"}
META = tuple(channel.name for channel in CHANNELS if channel.name in OWN_IDS)
OBJECTS = {"whatsapp": "whatsapp_business_account", "messenger": "page", "instagram": "instagram"}


@dataclass(frozen=True, slots=True)
class PlatformCall:
    """What a platform posts: headers and body."""

    headers: Mapping[str, str]
    body: bytes


def meta_account(own_id: str, channel: str, app_secret: str, verify_token: str = "a-word-of-ours") -> dict[str, Any]:
    """An account of a channel of Meta."""
    given = {
        "app_secret": app_secret,
        "verify_token": verify_token,
        "access_token": "EAAtest",
        OWN_IDS[channel]: own_id,
    }
    own = {"waba_id": "70000001"} if channel == "whatsapp" else {"app_id": "70000002"}
    return {"credentials": {**given, **own}}


def meta_call(channel: str, app_secret: str, texts: Mapping[str, str], person: str) -> PlatformCall:
    """A person writes to several accounts at once: own id → text. Signed with an app's secret."""
    entries = [
        (_number_entry if channel == "whatsapp" else _page_entry)(own, text, person) for own, text in texts.items()
    ]
    body = json.dumps({"object": OBJECTS[channel], "entry": entries}).encode()
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return PlatformCall({"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}, body)


def _page_entry(own_id: str, text: str, person: str) -> dict[str, Any]:
    at = int(time.time() * 1000)
    message = {"mid": f"m_{uuid4().hex}", "text": text}
    event = {"sender": {"id": person}, "recipient": {"id": own_id}, "timestamp": at, "message": message}
    return {"id": own_id, "time": at, "messaging": [event]}


def _number_entry(own_id: str, text: str, person: str) -> dict[str, Any]:
    at = str(int(time.time()))
    message = {"from": person, "id": f"wamid.{uuid4().hex}", "timestamp": at, "type": "text", "text": {"body": text}}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": own_id, "phone_number_id": own_id},
        "contacts": [{"profile": {"name": "Neda"}, "wa_id": person}],
        "messages": [message],
    }
    return {"id": "70000001", "changes": [{"field": "messages", "value": value}]}


def mail_account(signing_key: str, path_secret: str) -> dict[str, Any]:
    """A mailbox whose mail Mailgun receives."""
    given = {"provider": "mailgun", "signing_key": signing_key, "path_secret": path_secret}
    sends = {"from_address": "support@shop.example", "smtp_url": "smtps://user:password@smtp.shop.example"}
    return {"credentials": {**given, **sends}}


def mail_call(signing_key: str, text: str, sender: str) -> PlatformCall:
    """A mail to the shop, as Mailgun posts raw MIME."""
    timestamp, token = str(int(time.time())), uuid4().hex
    signature = hmac.new(signing_key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    mail = (
        f"From: {sender}\r\nTo: support@shop.example\r\nSubject: Hello\r\nMessage-ID: <{token}@customers.example>\r\n"
        f"Date: Sat, 21 Mar 2026 08:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    signed = {"timestamp": timestamp, "token": token, "signature": signature}
    form = {**signed, "recipient": "support@shop.example", "sender": sender, "body-mime": mail}
    return PlatformCall({"content-type": "application/x-www-form-urlencoded"}, urlencode(form).encode())
