"""What a message says: a table from its type to its text, files, answers and the data of a button.

Files stay where they are: `platform_id` is the id for `GET /{media-id}`. The address that some bodies have beside it needs
our token too, and is valid for minutes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.activity import ActivityKind, Attachment, AttachmentKind, SurveyAnswer
from schemas.values import Json
from services.channels.json_access import as_dict, as_int, as_str, dicts, drop_none, number
from services.channels.meta.webhook import as_platform_id, web_url
from services.platform.http.bodies import too_deep
from services.platform.http.lenient_json import read_json


@dataclass(frozen=True, slots=True)
class WhatsappContent:
    """The content of a message, by the names of the fields of `Activity`."""

    text: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    answers: list[SurveyAnswer] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    details: dict[str, Json] = field(default_factory=dict)
    kind: ActivityKind = "message"


Parser = Callable[[dict[str, Json]], WhatsappContent]


def read_content(message: Mapping[str, Json]) -> WhatsappContent:
    """The content of a message of any type. One that the API does not hand out is shown as an attachment that says so."""
    kind = as_str(message.get("type")) or "none"
    if kind == "contacts":
        return WhatsappContent(attachments=[_contact_card(contact) for contact in dicts(message.get("contacts"))])
    parser, body = PARSERS.get(kind), as_dict(message.get(kind))
    return parser(body) if parser and body else _unsupported(kind, message)


def _media(kind: AttachmentKind) -> Parser:
    def parse(body: dict[str, Json]) -> WhatsappContent:
        attachment = Attachment(
            kind="voice" if body.get("voice") is True else kind,
            platform_id=as_platform_id(body.get("id")),
            name=as_str(body.get("filename")),
            media_type=as_str(body.get("mime_type")),
            details={"animated": True} if body.get("animated") is True else {},
        )
        return WhatsappContent(as_str(body.get("caption")), [attachment])

    return parse


def _location(body: dict[str, Json]) -> WhatsappContent:
    details = drop_none(
        latitude=number(body.get("latitude")),
        longitude=number(body.get("longitude")),
        address=as_str(body.get("address")),
    )
    place = Attachment(kind="location", name=as_str(body.get("name")), details=details)
    return WhatsappContent(attachments=[place], links=[url] if (url := web_url(body.get("url"))) else [])


def _contact_card(contact: dict[str, Json]) -> Attachment:
    name, phones = as_dict(contact.get("name")), _texts(contact.get("phones"), "phone", "wa_id")
    parts: list[str] = [part for key in ("first_name", "last_name") if (part := as_str(name.get(key)))]
    return Attachment(
        kind="contact",
        name=as_str(name.get("formatted_name")) or " ".join(parts) or None,
        details=drop_none(
            phone=phones[0] if phones else None,
            phones=phones,
            emails=_texts(contact.get("emails"), "email"),
            company=as_str(as_dict(contact.get("org")).get("company")),
        ),
    )


def _texts(items: Json, *names: str) -> list[Json]:
    """The first text that each item has under one of these names."""
    found = (next(filter(None, (as_str(item.get(name)) for name in names)), None) for item in dicts(items))
    return [text for text in found if text is not None]


def _order(body: dict[str, Json]) -> WhatsappContent:
    items: list[Json] = [
        drop_none(
            product_retailer_id=as_str(item.get("product_retailer_id")),
            quantity=number(item.get("quantity")),
            item_price=number(item.get("item_price")),
            currency=as_str(item.get("currency")),
        )
        for item in dicts(body.get("product_items"))
    ]
    order = Attachment(
        kind="other", details=drop_none(type="order", catalog_id=as_str(body.get("catalog_id")), items=items)
    )
    return WhatsappContent(as_str(body.get("text")), [order])


def _button(body: dict[str, Json]) -> WhatsappContent:
    """A quick reply of a template."""
    return WhatsappContent(
        as_str(body.get("text")), details=drop_none(data=as_str(body.get("payload"))), kind="postback"
    )


def _interactive(body: dict[str, Json]) -> WhatsappContent:
    kind = as_str(body.get("type")) or "none"
    parser, reply = REPLIES.get(kind), as_dict(body.get(kind))
    return parser(reply) if parser and reply else _unsupported(f"interactive.{kind}", body)


def _choice(reply: dict[str, Json]) -> WhatsappContent:
    """A pressed button, or a chosen row of a list."""
    details = drop_none(data=as_str(reply.get("id")), description=as_str(reply.get("description")))
    return WhatsappContent(as_str(reply.get("title")), details=details, kind="postback")


def _form(reply: dict[str, Json]) -> WhatsappContent:
    """A form that was sent (a Flow): its answers are JSON in a text, usually an object."""
    name, raw = as_str(reply.get("name")), reply.get("response_json") or None
    response = _answers(raw) if isinstance(raw, str) else raw
    whole: dict[str, Json] = {name or "form": response} if response is not None else {}
    fields = response if isinstance(response, dict) else whole
    token = as_str(fields.get("flow_token"))
    answers = [SurveyAnswer(ref=ref, value=value) for ref, value in fields.items() if ref != "flow_token"]
    return WhatsappContent(as_str(reply.get("body")), answers=answers, details=drop_none(form=name, flow_token=token))


def _answers(raw: str) -> Json:
    try:
        # It is nested in a text, where the check of the body's depth does not see it.
        return raw if too_deep(raw.encode()) else read_json(raw.encode())
    except (ValueError, RecursionError):
        return raw


def _unsupported(kind: str, message: Mapping[str, Json]) -> WhatsappContent:
    """What the API does not hand out (polls, view-once media, events): only that it came, and why it is missing."""
    error = next(dicts(message.get("errors")), {})
    details = drop_none(
        type="unsupported",
        raw=kind[:64],
        what=as_str(as_dict(message.get("unsupported")).get("type")),
        code=as_int(error.get("code")),
        reason=as_str(error.get("title")),
    )
    text = as_str(as_dict(message.get("text")).get("body"))
    return WhatsappContent(text, [Attachment(kind="other", details=details)])


PARSERS: Mapping[str, Parser] = {
    "text": lambda body: WhatsappContent(as_str(body.get("body"))),
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    "voice": _media("voice"),
    "document": _media("file"),
    "sticker": _media("sticker"),
    "location": _location,
    "order": _order,
    "button": _button,
    "interactive": _interactive,
}
"""Type of a message → what reads the object of that name."""
REPLIES: Mapping[str, Parser] = {"button_reply": _choice, "list_reply": _choice, "nfm_reply": _form}
"""Type of an `interactive` message → what reads the object of that name."""
