"""An account, and requests made of the fixtures beside this file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = "123456:ABC-secret_part"
SECRET = "a-long-path-secret"
SIGNS_BODY, PROOF = False, ("subpath",)
CUSTOMER = {"id": 70001, "is_bot": False, "first_name": "Sara"}
BOT = {"id": 123456, "is_bot": True, "first_name": "Example shop"}
PRIVATE_CHAT = {"id": 70001, "type": "private", "first_name": "Sara"}
GROUP = {"id": 5400001, "type": "group", "title": "Example shop"}


def account(**changes: object) -> Account:
    body = {
        "credentials": {"bot_token": TOKEN, "path_secret": SECRET},
        "settings": {"username": "example_shop_bot"},
    } | changes
    return Account("shop", "bale", "main", AccountBody.model_validate(body))


def request(body: bytes, subpath: str = SECRET) -> Request:
    return Request("POST", f"/webhooks/bale/shop/main/{subpath}", {}, {}, body, RECEIVED, subpath=subpath)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def ok(result: object) -> HttpResponse:
    """An answer of Bale to a call that it carried out."""
    return HttpResponse(200, {}, json.dumps({"ok": True, "result": result}).encode())


def refused(status: int, description: str) -> HttpResponse:
    """An answer of Bale to a call that it refuses."""
    body = {"ok": False, "error_code": status, "description": description}
    return HttpResponse(status, {}, json.dumps(body).encode())


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

NOT_PLAYED: dict[tuple[Surface, str], str] = {
    ("public", "echo"): "the posts of a channel, which the team alone writes: nobody's conversation",
}


def places() -> tuple[Place, ...]:
    bot = _place(
        "bot",
        PRIVATE_CHAT,
        own_echo=lambda n, text: _update("message", _written(PRIVATE_CHAT, BOT, 100 + n, text)),
        contact_states={"started": _update("message", _written(PRIVATE_CHAT, CUSTOMER, 90, "/start"))},
    )
    return (bot, _place("group", GROUP))


def _place(name: str, chat: dict[str, Any], **more: Any) -> Place:
    """A chat; its `message_id` 100 and above are of our messages."""
    return Place(
        name=name,
        surface="private" if chat is PRIVATE_CHAT else "public",
        post=lambda updates: request(json.dumps(*updates).encode()),
        accepted=lambda n: ok({"message_id": 100 + n}),
        message=lambda n: _update("message", _written(chat, CUSTOMER, n, text_of(n))),
        edit=lambda n: _update(
            "edited_message", {**_written(chat, CUSTOMER, n, BETTER), "edit_date": int(REPORTED.timestamp())}
        ),
        **more,
    )


def _written(chat: dict[str, Any], author: dict[str, Any], number: int, text: str) -> dict[str, Any]:
    return {"message_id": number, "from": author, "chat": chat, "date": int(WRITTEN.timestamp()), "text": text}


def _update(kind: str, content: dict[str, Any]) -> Update:
    number = int(hashed_id(json.dumps([kind, content], sort_keys=True))[:6], 16)
    return {"update_id": number, kind: content}
