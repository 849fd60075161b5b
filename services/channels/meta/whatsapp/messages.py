"""Messages, also those that our people write in the phone app: a table from the type to what it is an activity of.

(developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages, .../smb_message_echoes)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.activity import Activity, ActivityKind, Address, PersonIdentity, Reaction, Side
from schemas.values import EncryptedText, Json
from services.channels.json_access import as_dict, as_str, drop_none
from services.channels.meta.webhook import as_platform_id, instant, web_url
from services.channels.meta.whatsapp.content import WhatsappContent, read_content
from services.channels.meta.whatsapp.people import WhatsappUser, find_customer
from services.channels.meta.whatsapp.scope import NumberChange


@dataclass(frozen=True, slots=True)
class MessageItem:
    """One message of a change: its body, its person and the side that wrote it. `kind` is that of a plain message."""

    change: NumberChange
    body: dict[str, Json]
    customer: WhatsappUser
    author: Side = "customer"
    kind: ActivityKind = "message"

    @property
    def wamid(self) -> str:
        """The platform's id of this message."""
        return self.change.item_id(self.body)

    def activity(
        self, kind: ActivityKind, about: str | None, *states: str, **fields: Any
    ) -> Activity:  # Any: fields of Activity
        """An activity about the message `about`; a group has a thread of its own and is read by many."""
        group = as_str(self.body.get("group_id"))
        message = {"message": self.change.scope.message_id(about), "platform_id": about} if about else {}
        place = {"surface": "public", "thread": group} if group else {}
        # `reply_to` is the customer's last message: the API shows "typing" in answer to a message, not in a chat.
        answered = about if kind in ("message", "postback") else None
        address = Address(chat=group or self.customer.id, reply_to=answered) if self.customer.is_known else None
        return self.change.activity(
            kind,
            self.customer,
            self.wamid,
            *states,
            author=self.author,
            address=address,
            sent_at=instant(self.body.get("timestamp")),
            **{**message, **place, **fields},
        )

    def unknown(self, raw: str, **details: Json) -> list[Activity]:
        """What has no effect here; its content is dropped."""
        return [self.activity("unknown", None, raw, details=drop_none(raw=raw, **details))]


Handler = Callable[[MessageItem], list[Activity]]


def parse_message(change: NumberChange, body: dict[str, Json]) -> list[Activity]:
    """The activities of one message of a customer."""
    return _parse(MessageItem(change, body, find_customer(change.contacts, body.get("from"), body.get("from_user_id"))))


def parse_echo(change: NumberChange, body: dict[str, Json]) -> list[Activity]:
    """The activities of one message that our people wrote in the WhatsApp Business app, or changed there."""
    # Of an edit or a deletion some bodies have the two sides the other way round.
    to = "from" if _is_ours(change, body.get("to")) else "to"
    customer = find_customer(change.contacts, body.get(to), body.get(f"{to}_user_id"))
    return _parse(MessageItem(change, body, customer, "account", "echo"))


def _is_ours(change: NumberChange, number: Json) -> bool:
    return change.our_phone is not None and as_platform_id(number) == change.our_phone


def _parse(item: MessageItem) -> list[Activity]:
    kind = as_str(item.body.get("type")) or "none"
    if not item.customer.is_known and kind != "system":
        return item.unknown(kind[:64], reason="person")
    return HANDLERS.get(kind, _plain)(item)


def _plain(item: MessageItem) -> list[Activity]:
    content, context = read_content(item.body), as_dict(item.body.get("context"))
    referral = as_dict(item.body.get("referral"))
    answered, source = as_str(context.get("id")), web_url(referral.get("source_url"))
    fields = {
        **_content_fields(content),
        "replies_to": [item.change.scope.message_id(answered)] if answered else [],
        "links": [*content.links, *([source] if source else [])],
        "details": {**content.details, **_context_details(context), **_referral_details(referral)},
    }
    return [item.activity(item.kind if item.kind == "echo" else content.kind, item.wamid, **fields)]


def _content_fields(content: WhatsappContent) -> dict[str, Any]:  # Any: fields of Activity
    text = EncryptedText(text=content.text) if content.text else None
    return {"text": text, "attachments": content.attachments, "answers": content.answers, "links": content.links}


def _context_details(context: Mapping[str, Json]) -> dict[str, Json]:
    """What a message was forwarded as, and the product of the catalogue that it asks about."""
    times = {"forwarded": "once", "frequently_forwarded": "often"}
    forwarded = [word for name, word in times.items() if context.get(name) is True]
    product = as_dict(context.get("referred_product"))
    return drop_none(
        forwarded=forwarded[-1] if forwarded else None,
        product=drop_none(
            catalog_id=as_str(product.get("catalog_id")), product_id=as_str(product.get("product_retailer_id"))
        ),
    )


def _referral_details(referral: Mapping[str, Json]) -> dict[str, Json]:
    """The ad or post by which the customer came."""
    names = ("source_type", "source_id", "headline", "body", "ctwa_clid")
    found = drop_none(**{name: as_str(referral.get(name)) for name in names})
    return {"referral": found} if found else {}


def _reaction(item: MessageItem) -> list[Activity]:
    body = as_dict(item.body.get("reaction"))
    about, emoji = as_str(body.get("message_id")), as_str(body.get("emoji"))
    # A reaction that was taken back has an empty emoji, or none at all.
    reaction = Reaction(emoji=emoji, removed=emoji is None)
    return [item.activity("reaction", about, reaction=reaction)] if about else item.unknown("reaction")


def _edit(item: MessageItem) -> list[Activity]:
    body = as_dict(item.body.get("edit"))
    about = as_str(body.get("original_message_id"))
    if about is None:
        return item.unknown("edit")
    content = read_content(as_dict(body.get("message")))
    return [item.activity("edit", about, details=content.details, **_content_fields(content))]


def _revoke(item: MessageItem) -> list[Activity]:
    about = as_str(as_dict(item.body.get("revoke")).get("original_message_id"))
    return [item.activity("deletion", about)] if about else item.unknown("revoke")


def _welcome(item: MessageItem) -> list[Activity]:
    """The customer opened the chat for the first time."""
    return [item.activity("follow", None, contact_state="started")]


def _interactive(item: MessageItem) -> list[Activity]:
    reply = as_dict(as_dict(item.body.get("interactive")).get("call_permission_reply"))
    if not reply:
        return _plain(item)
    response, source = as_str(reply.get("response")), as_str(reply.get("response_source"))
    until = instant(reply.get("expiration_timestamp"))
    return item.unknown(
        "call_permission_reply", response=response, source=source, until=until.isoformat() if until else None
    )


# -- changes of a person's ids -----------------------------------------------------------------------------------------


def _system(item: MessageItem) -> list[Activity]:
    """Another number or user id of a person: each of the two persons here learns the other's id, and the first goes on as the other.

    Such a body has no contacts, and of a changed user id no `from` (.../webhooks/reference/messages/system).
    """
    system = as_dict(item.body.get("system"))
    raw = f"system.{as_str(system.get('type')) or 'none'}"[:64]
    new_number = as_str(system.get("wa_id")) or as_str(system.get("new_wa_id"))
    before = find_customer((), item.body.get("from"), system.get("previous_user_id"), item.body.get("from_user_id"))
    after = find_customer((), new_number, system.get("user_id"))
    if not (before.is_known and after.is_known) or before.id == after.id:
        return item.unknown(raw)
    return [
        item.change.activity(
            "contact",
            WhatsappUser(one.id, item.customer.name, [*one.identities, *_names(other, one)]),
            item.wamid,
            one.id,
            sent_at=instant(item.body.get("timestamp")),
            details={"raw": raw},
            successor=item.change.scope.person(after.id) if one is before else None,
        )
        for one, other in ((before, after), (after, before))
    ]


def _names(person: WhatsappUser, known: WhatsappUser) -> list[PersonIdentity]:
    """All names of a person, for somebody else of whom nothing is said twice."""
    return [identity for identity in person.identities if identity not in known.identities]


HANDLERS: Mapping[str, Handler] = {
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "request_welcome": _welcome,
    "interactive": _interactive,
}
"""Types that are no plain message → what they are."""
