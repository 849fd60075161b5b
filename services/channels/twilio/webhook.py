"""One call of Twilio: its fields, its account, and the activities that are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from schemas.activity import Activity, ActivityKind, Address
from services.channels.account_scope import AccountScope, own_message_ids, scope_of
from services.channels.json_access import drop_none
from services.channels.port import Account, InvalidPayload, Request, WebhookResponse
from services.channels.twilio.accounts import text_of_credential
from services.channels.twilio.agent_phones import AgentPhones, agent_phones
from services.channels.twilio.form import read_fields
from services.channels.twilio.people import TwilioUser

NOTHING_TO_DO = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@dataclass(frozen=True, slots=True)
class TwilioCall:
    """The fields of a call by their names, and the parameters that our own address carried. `phones` are those of the account."""

    scope: AccountScope
    fields: Mapping[str, str]
    parameters: Mapping[str, str]
    received_at: datetime
    phones: AgentPhones

    def get(self, *names: str) -> str:
        """The first of these fields that says something; empty where none does."""
        return next((value for name in names if (value := self.fields.get(name, ""))), "")

    @property
    def at(self) -> datetime | None:
        """When it happened, as Twilio says of calls alone (RFC 2822)."""
        try:
            stated = parsedate_to_datetime(self.fields.get("Timestamp", ""))
        except ValueError:
            return None
        return stated.astimezone(UTC) if stated.tzinfo is not None else None

    @property
    def own_ids(self) -> list[str]:
        """Our own id of the message that a status is about, which our address carried."""
        return own_message_ids(self.parameters.get("message"))

    # Any: further fields of Activity, which validates them.
    def activity(self, kind: ActivityKind, user: TwilioUser, *states: str, **fields: Any) -> Activity:
        """An activity of this call. `states` tell it apart from all others of its kind."""
        about = {
            "surface": "private",
            "person_name": user.name,
            "identities": user.identities,
            "address": Address(chat=user.address) if user.address else None,
            "sent_at": self.at,
        }
        return self.scope.activity(
            self.scope.activity_id(kind, *states), kind, user.id, self.received_at, **{**about, **fields}
        )

    def unknown(self, raw: str, user: TwilioUser, **details: str | None) -> list[Activity]:
        """What has no effect here: an activity with its type, and the ids that the call has."""
        digest = self.scope.content_id(*(f"{name}={value}" for name, value in sorted(self.fields.items())))
        return [self.activity("unknown", user, raw, digest, details=drop_none(raw=raw[:64], **details))]


def read_call(request: Request, account: Account) -> TwilioCall:
    """The call. Raises InvalidPayload for what is none of Twilio's: it names neither a message nor a call nor a recording."""
    fields = read_fields(request)
    if not any(fields.get(name) for name in ("MessageSid", "SmsSid", "CallSid", "RecordingSid", "TranscriptionSid")):
        raise InvalidPayload("the body names neither MessageSid nor CallSid")
    scope = scope_of(account, text_of_credential(account.body, "account_sid"))
    return TwilioCall(scope, fields, request.query, request.received_at, agent_phones(account.body))


def twiml(text: str = NOTHING_TO_DO) -> WebhookResponse:
    """An answer in Twilio's markup; without a text one that asks for nothing."""
    return WebhookResponse(200, text.encode(), "text/xml")
