"""The calls of the channel `api` and the fields that its items have in common, as fields of activities. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.activity import Attachment, Participant, PersonIdentity, PostContext, Review
from schemas.values import EncryptedText
from services.channels.api_ids import message_id, own_ids
from services.channels.api_payloads import Customer, File, Item, MessageContent
from services.platform.core.identifiers import hashed_id


@dataclass(frozen=True, slots=True)
class WebhookContext:
    """One webhook call: to which account, when, under which `webhook-id`."""

    channel: str
    workspace: str
    account: str
    webhook: str
    received_at: datetime

    def message_id(self, person: str, external_id: str) -> str:
        """The permanent id of a message; see `api_ids.message_id`."""
        return message_id(self.workspace, self.channel, self.account, person, external_id)


@dataclass(frozen=True, slots=True)
class ItemContext:
    """One item of a call: its index and its raw JSON."""

    delivery: WebhookContext
    index: int
    raw: dict[str, Any]  # Any: unvalidated JSON

    def activity_id(self, kind: str, *parts: str) -> str:
        """The same for every repeat of this call; an item with an `id` of its own, of any call."""
        d = self.delivery
        return hashed_id(d.workspace, d.channel, d.account, kind, *parts)

    def state_id(self, kind: str, item: Item) -> str:
        """The id of an activity that may happen to one message several times: an edit, a reaction.

        Texts are left out: a hash of one could be turned back into a card. Ingest adds them to that of an edit, masked.
        """
        fields = {name: self.raw[name] for name in ("type", "message", "emoji", "removed", "state") if name in self.raw}
        canonical = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS).hex()
        # Without an id of its own the item is known by its call and its place in it: a second like it is a second event.
        own = ("own", item.id) if item.id else ("call", self.delivery.webhook, str(self.index), hashed_id(canonical))
        return self.activity_id(kind, item.person.id, *own)


# Any: fields of Activity, which validates them.
def map_content(context: ItemContext, item: MessageContent, own_id: str) -> dict[str, Any]:
    replied = [context.delivery.message_id(item.person.id, item.reply_to)] if item.reply_to else []
    return {
        **message_fields(context, item.person.id, own_id),
        "text": EncryptedText(text=item.text) if item.text else None,
        "attachments": [to_attachment(file) for file in item.attachments],
        "replies_to": [*replied, *own_ids(item.reply_to)],
        "review": Review(**item.review.model_dump()) if item.review else None,
        "context": PostContext(**item.context.model_dump()) if item.context else None,
        "subject": item.subject,
        "participants": [Participant(**p.model_dump(exclude_none=True)) for p in item.participants],
        "album": item.album,
        "automatic": bool(item.automatic),
    }


# Any: fields of Activity, which validates them.
def message_fields(context: ItemContext, person: str, external_id: str) -> dict[str, Any]:
    """The fields that name the message of an item: one of the person, or a reply of ours."""
    message = context.delivery.message_id(person, external_id)
    return {"platform_id": external_id, "message": message, "aliases": own_ids(external_id)}


def to_attachment(file: File) -> Attachment:
    return Attachment(**file.model_dump(exclude={"kind"}), kind=file.kind or "other")


def to_identities(person: Customer) -> list[PersonIdentity]:
    """The other names of a person: an e-mail address and a number that stand alone are the person's own word."""
    alone = [PersonIdentity(kind="email", value=person.email)] if person.email else []
    alone += [PersonIdentity(kind="phone", value=person.phone)] if person.phone else []
    return alone + [PersonIdentity(**known.model_dump(exclude_none=True)) for known in person.identities]
