"""An account, and requests made of the fixtures beside this file."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = "ABCDE0FGHIJKLMNOPQRSTUVWXYZABCDE"
SECRET = "a-long-path-secret"
SIGNS_BODY, PROOF = False, ("subpath",)
CHAT, SARA = "b0SaraCHAT0000000000000000000001", "u0Sara00000000000000000000000001"
GROUP, NEWS = "g0ShopGROUP000000000000000000001", "c0ShopNEWS0000000000000000000001"
ADDRESS = CHAT


def account(**changes: object) -> Account:
    body = {
        "credentials": {"bot_token": TOKEN, "path_secret": SECRET},
        "settings": {"username": "example_shop_bot"},
    } | changes
    return Account("shop", "rubika", "main", AccountBody.model_validate(body))


def request(body: bytes, subpath: str = SECRET) -> Request:
    return Request("POST", f"/webhooks/rubika/shop/main/{subpath}", {}, {}, body, RECEIVED, subpath=subpath)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def ok(**data: object) -> HttpResponse:
    """An answer of Rubika to a call that it carried out."""
    return HttpResponse(200, {}, json.dumps({"status": "OK", "data": data}).encode())


def refused(status: str, words: str | None = None, http_status: int = 200) -> HttpResponse:
    """An answer of Rubika to a call that it refuses."""
    said = {} if words is None else {"dev_message": words}
    return HttpResponse(http_status, {}, json.dumps({"status": status, **said}).encode())


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

NOT_PLAYED: dict[tuple[Surface, str], str] = {
    ("public", "echo"): "the posts of a channel, which the team alone writes: nobody's conversation",
    ("public", "own edit"): "the edits of such posts",
}


def places() -> tuple[Place, ...]:
    private = _place("bot", CHAT)
    return (
        replace(
            private,
            spellings=(_as_number(1), private.message(1)["update"]),
            own_echo=lambda n, text: _update("NewMessage", CHAT, new_message=_ours(n, text)),
            contact_states={"started": _told("StartedBot"), "blocked": _told("StoppedBot")},
        ),
        _place("group", GROUP),
    )


def _place(name: str, chat: str) -> Place:
    """A chat; the ids of our messages in it are 100 and above."""
    return Place(
        name=name,
        surface="private" if chat == CHAT else "public",
        post=lambda updates: request(json.dumps(*updates).encode()),
        accepted=lambda n: ok(message_id=str(100 + n)),
        message=lambda n: _update("NewMessage", chat, new_message=_message(n)),
        edit=lambda n: _changed(chat, {**_message(n), "text": BETTER, "is_edited": True}),
        deletion=lambda n: _removed(chat, n),
        own_edit=(lambda n: _changed(chat, {**_ours(n, BETTER), "is_edited": True})) if chat == CHAT else None,
        own_deletion=lambda n: _removed(chat, 100 + n),
    )


def _message(number: int) -> dict[str, Any]:
    sender = {"sender_type": "User", "sender_id": SARA}
    return {"message_id": str(number), "time": _seconds(WRITTEN), "text": text_of(number), **sender}


def _ours(number: int, text: str) -> dict[str, Any]:
    sender = {"sender_type": "Bot", "sender_id": CHAT}
    return {"message_id": str(100 + number), "time": _seconds(REPORTED), "text": text, **sender}


def _as_number(number: int) -> Update:
    message = {**_message(number), "message_id": number, "time": int(_seconds(WRITTEN))}
    return _update("NewMessage", CHAT, new_message=message)


def _changed(chat: str, message: dict[str, Any]) -> Update:
    return _update("UpdatedMessage", chat, updated_message=message, update_time=int(_seconds(REPORTED)))


def _removed(chat: str, number: int) -> Update:
    return _update("RemovedMessage", chat, removed_message_id=str(number), update_time=int(_seconds(REPORTED)))


def _told(kind: str) -> Update:
    return _update(kind, CHAT, update_time=int(_seconds(REPORTED)))


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _update(kind: str, chat: str, **content: Any) -> Update:
    return {"update": {"type": kind, "chat_id": chat, **content}}
