"""A platform in memory that reports everything about a message, as no real one does. It names what it has taken `p-1`, `p-2`, ..."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.activity import Activity, Address, Reaction
from schemas.configuration import AccountBody
from schemas.outbound import OutboundMessage
from schemas.values import EncryptedText, Failure, RequestModel
from services.channels.account_settings import AccountSettings, Secret
from services.channels.port import Account, Request, SendReceipt
from services.platform.core.identifiers import hashed_id
from services.platform.http.outgoing import HttpClient, HttpResponse
from tests.channels.places import BETTER, HEART, REPORTED, WRITTEN, Place, Update, text_of
from tests.fakes.channels import PlainChannel, sign

SECRET = "s3cret"
OWN: Mapping[str, Any] = {"author": "account"}
CONTENT: Mapping[str, dict[str, Any]] = {
    "sent": {"kind": "receipt", "receipt_state": "sent"},
    "delivered": {"kind": "receipt", "receipt_state": "delivered"},
    "read": {"kind": "receipt", "receipt_state": "read"},
    "failed": {
        "kind": "receipt",
        "receipt_state": "failed",
        "failure": Failure(code="no_account", detail="No account."),
    },
    "watermark": {"kind": "receipt", "receipt_state": "read", "watermark": REPORTED, "message": None},
    "reaction": {"kind": "reaction", "reaction": Reaction(emoji=HEART)},
    "deletion": {"kind": "deletion"},
    "edit": {"kind": "edit", "original_sent_at": WRITTEN},
    "echo": {"kind": "echo", "author": "account"},
    "own_echo": {"kind": "echo", "author": "account", "own_reply": True},
    "own_edit": {"kind": "edit", "author": "account", "original_sent_at": WRITTEN},
    "message": {"kind": "message"},
    "opted_out": {"kind": "follow", "contact_state": "opted_out", "message": None},
    "opted_in": {"kind": "follow", "contact_state": "opted_in", "message": None},
    "blocked": {"kind": "follow", "contact_state": "blocked", "message": None},
    "unblocked": {"kind": "follow", "contact_state": "unblocked", "message": None},
}


class StatesCredentials(RequestModel):
    secret: Secret


class StatesAccount(AccountSettings):
    credentials: StatesCredentials


class StatesChannel(PlainChannel):
    """A body is a list of `{report, about, at, text}`."""

    name = "states"
    account_model: type[AccountSettings] = StatesAccount

    def parse(self, request: Request, account: Account) -> list[Activity]:
        return [self._activity(entry, request, account) for entry in json.loads(request.body)]

    def _activity(self, entry: dict[str, Any], request: Request, account: Account) -> Activity:
        message = self._message_id(account.workspace, account.id, entry["about"])
        fields: dict[str, Any] = {
            "id": hashed_id(message, entry["report"]),
            "workspace": account.workspace,
            "channel": self.name,
            "account": account.id,
            "surface": "private",
            "person": f"{self.name}:{account.id}:7",
            "message": message,
            "address": Address(chat="7"),
            "sent_at": datetime.fromisoformat(entry["at"]),
            "received_at": request.received_at,
            "text": EncryptedText(text=entry["text"]) if entry["text"] else None,
        }
        return Activity.model_validate({**fields, **CONTENT[entry["report"]]})

    async def send(self, message: OutboundMessage, account: Account, http: HttpClient) -> SendReceipt:
        name = (await http.call("POST", "https://states.example")).body.decode()
        return SendReceipt(name, aliases=(self._message_id(message.workspace, message.account, name),))

    def _message_id(self, workspace: str, account: str, name: str) -> str:
        return hashed_id(workspace, self.name, account, name)


def account() -> Account:
    return Account("shop", StatesChannel.name, "main", AccountBody(credentials={"secret": SECRET}))


def places() -> tuple[Place, ...]:
    def update(report: str, about: str, text: str = "", at: datetime = REPORTED) -> Update:
        return {"report": report, "about": about, "text": text, "at": at.isoformat()}

    def post(updates: Sequence[Update]) -> Request:
        body = json.dumps(list(updates)).encode()
        return Request("POST", "/webhooks/states/shop/main", {}, {"x-signature": sign(SECRET, body)}, body, WRITTEN)

    def receipt(state: str) -> Any:
        return lambda n: update(state, f"p-{n}")

    return (
        Place(
            name="chat",
            post=post,
            updates_per_call=1_000,
            accepted=lambda n: HttpResponse(200, {}, f"p-{n}".encode()),
            message=lambda n: update("message", f"c-{n}", text_of(n), WRITTEN),
            edit=lambda n: update("edit", f"c-{n}", BETTER),
            deletion=lambda n: update("deletion", f"c-{n}"),
            receipts={state: receipt(state) for state in ("sent", "delivered", "read", "failed")},
            watermark={"read": update("watermark", "7")},
            reaction=lambda n: update("reaction", f"p-{n}"),
            echo=lambda n, text: update("echo", f"p-{n}", text),
            own_echo=lambda n, text: update("own_echo", f"p-{n}", text),
            own_edit=lambda n: update("own_edit", f"p-{n}", BETTER),
            own_deletion=lambda n: update("deletion", f"p-{n}"),
            contact_states={
                "opted_out": update("opted_out", "7"),
                "opted_in": update("opted_in", "7"),
                "blocked": update("blocked", "7"),
                "unblocked": update("unblocked", "7"),
            },
        ),
    )
