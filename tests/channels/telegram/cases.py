"""An account, and requests made of the fixtures beside this file."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from schemas.configuration import AccountBody
from schemas.values import Surface
from services.channels.port import Account, Request
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpResponse
from tests.channels.places import BETTER, HEART, REPORTED, WRITTEN, Place, Update, text_of

PAYLOADS = Path(__file__).parent / "payloads"
RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOKEN = "123456:ABC-secret_part"
SECRET = "s3cret-Token_1"
HEADER = "x-telegram-bot-api-secret-token"
SIGNS_BODY, PROOF = False, (HEADER,)


def account(**changes: object) -> Account:
    body = {
        "credentials": {"bot_token": TOKEN, "secret_token": SECRET},
        "settings": {"username": "example_shop_bot"},
    } | changes
    return Account("shop", "telegram", "main", AccountBody.model_validate(body))


def request(body: bytes, headers: dict[str, str] | None = None) -> Request:
    given = {HEADER: SECRET} if headers is None else headers
    return Request("POST", "/webhooks/telegram/shop/main", {}, given, body, RECEIVED)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


# -- places: see tests/channels/places.py --------------------------------------------------------------------------------

CUSTOMER = {"id": 70001, "is_bot": False, "first_name": "Sara"}
OWNER = {"id": 80002, "is_bot": False, "first_name": "Owner"}
BOT = {"id": 123456, "is_bot": True, "first_name": "Example shop"}
ANONYMOUS_ADMIN = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
PRIVATE_CHAT = {"id": 70001, "type": "private", "first_name": "Sara"}
GROUP = {"id": -1001700000001, "type": "supergroup", "title": "Example shop"}
LIKED = [{"type": "emoji", "emoji": HEART}]
NOT_PLAYED: dict[tuple[Surface, str], str] = {}


def places() -> tuple[Place, ...]:
    business = {"business_connection_id": "bc1"}
    return (
        _place(
            "bot",
            PRIVATE_CHAT,
            own_echo=lambda n, text: _ours("message", n, text, **{"from": BOT}),
            contact_states={"blocked": _member("kicked"), "unblocked": _member("member")},
        ),
        replace(
            _place("business", PRIVATE_CHAT, business),
            reaction=None,
            deletion=lambda n: _deleted(n, business),
            own_edit=lambda n: _ours("edited_business_message", n, BETTER, edit_date=_seconds(REPORTED), **business),
            own_deletion=lambda n: _deleted(100 + n, business),
            echo=lambda n, text: _ours("business_message", n, text, **business),
        ),
        _place("group", GROUP, echo=_by_anonymous_admin, own_edit=_edited_by_anonymous_admin),
    )


def _place(name: str, chat: dict[str, Any], connection: Mapping[str, str] = MappingProxyType({}), **more: Any) -> Place:
    """A chat; its `message_id` 100 and above are of our messages."""
    prefix = "business_" if connection else ""

    def message(number: int) -> dict[str, Any]:
        return {
            "message_id": number,
            "from": CUSTOMER,
            "chat": chat,
            "date": _seconds(WRITTEN),
            "text": text_of(number),
            **connection,
        }

    def edit(number: int) -> Update:
        changed = {"text": BETTER, "edit_date": _seconds(REPORTED)}
        return _update(f"edited_{prefix}message", {**message(number), **changed})

    def reaction(number: int) -> Update:
        about = {"chat": chat, "user": CUSTOMER, "message_id": 100 + number, "date": _seconds(REPORTED)}
        return _update("message_reaction", {**about, "old_reaction": [], "new_reaction": LIKED})

    return Place(
        name=name,
        surface="private" if chat is PRIVATE_CHAT else "public",
        post=lambda updates: request(json.dumps(*updates).encode()),
        accepted=lambda n: HttpResponse(200, {}, json.dumps({"ok": True, "result": {"message_id": 100 + n}}).encode()),
        message=lambda n: _update(f"{prefix}message", message(n)),
        edit=edit,
        reaction=reaction,
        **more,
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _update(kind: str, content: dict[str, Any]) -> Update:
    number = int(hashed_id(json.dumps([kind, content], sort_keys=True))[:6], 16)
    return {"update_id": number, kind: content}


def _ours(kind: str, number: int, text: str, **more: Any) -> Update:
    ours = {"message_id": 100 + number, "from": OWNER, "chat": PRIVATE_CHAT, "date": _seconds(REPORTED), "text": text}
    return _update(kind, {**ours, **more})


def _by_anonymous_admin(number: int, text: str) -> Update:
    """An admin who speaks as the group answers the customer."""
    answered = {"message_id": 1, "from": CUSTOMER, "chat": GROUP, "date": _seconds(WRITTEN)}
    author = {"from": ANONYMOUS_ADMIN, "sender_chat": GROUP, "chat": GROUP}
    return _ours("message", number, text, **author, reply_to_message=answered)


def _edited_by_anonymous_admin(number: int) -> Update:
    author = {"from": ANONYMOUS_ADMIN, "sender_chat": GROUP, "chat": GROUP}
    return _ours("edited_message", number, BETTER, **author, edit_date=_seconds(REPORTED))


def _deleted(message_id: int, connection: Mapping[str, str]) -> Update:
    return _update("deleted_business_messages", {"chat": PRIVATE_CHAT, "message_ids": [message_id], **connection})


def _member(status: str) -> Update:
    before, after = ({"user": BOT, "status": one} for one in ("member" if status == "kicked" else "kicked", status))
    about = {"chat": PRIVATE_CHAT, "from": CUSTOMER, "date": _seconds(REPORTED)}
    return _update("my_chat_member", {**about, "old_chat_member": before, "new_chat_member": after})
