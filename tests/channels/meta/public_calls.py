"""Messages and actions in public as the router writes them, for tests of what they become at the Graph API."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.activity import Address
from schemas.conversation import Author
from schemas.outbound import ChannelAction, OutboundMessage, ReplyReference
from schemas.values import EncryptedText
from services.channels.port import Account
from services.platform.http.outgoing import HttpResponse

AT = datetime(2026, 3, 1, tzinfo=UTC)
PLACE, COMMENT = "post-1", "comment-1"


def answer(body: Mapping[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(body).encode())


def refusal(code: int, subcode: int | None = None) -> HttpResponse:
    error = {"message": "No.", "type": "OAuthException", "code": code, "error_subcode": subcode}
    return answer({"error": error}, 400)


def outbound(account: Account, *, private: bool = False, post: str = COMMENT, **address: str) -> OutboundMessage:
    """An answer to a comment in public, or the private reply to this post."""
    return OutboundMessage(
        id="m1",
        conversation="c1",
        key=f"{account.workspace}/{account.channel}:{account.id}:7",
        workspace=account.workspace,
        channel=account.channel,
        account=account.id,
        surface="private" if private else "public",
        address=Address.model_validate({"chat": PLACE, "reply_to": COMMENT} | address),
        author=Author(kind="agent", id="sara"),
        text=EncryptedText(text="Yes, we do."),
        accepted_at=AT,
        private_reply=private,
        in_reply_to=ReplyReference(platform_id=post) if private else None,
    )


def action(account: Account, kind: str, surface: str, platform_id: str | None = COMMENT, **more: Any) -> ChannelAction:
    """An action on the message that the platform calls `platform_id`."""
    fields = {
        "id": "a1",
        "conversation": "c1",
        "key": f"{account.workspace}/{account.channel}:{account.id}:7",
        "workspace": account.workspace,
        "channel": account.channel,
        "account": account.id,
        "surface": surface,
        "address": {"chat": PLACE if surface == "public" else "person-7"},
        "kind": kind,
        "platform_id": platform_id,
        "accepted_at": AT,
    }
    return ChannelAction.model_validate(fields | more)
