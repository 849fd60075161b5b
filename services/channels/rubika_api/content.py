"""The content of a message of Rubika: text, attachments, links, and what it answers or forwards (rubika.ir/botapi/models#message).

No file is downloaded here: `platform_id` of an attachment is the `file_id` for `getFile`.
"""

import math
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.activity import Attachment, AttachmentKind
from schemas.values import EncryptedText, Json
from services.channels.json_access import as_dict, as_id_str, as_str, dicts, drop_none, number, texts
from services.channels.rubika_api.origin import identifier, opaque_id
from services.domain.media_types import UNKNOWN, kind_for

AttachmentReader = Callable[[dict[str, Json]], Attachment]
KINDS: Mapping[str, AttachmentKind] = {
    "Image": "image",
    "Video": "video",
    "Gif": "video",
    "Music": "audio",
    "Voice": "voice",
    "File": "file",
}
"""The types of a file (`FileTypeEnum`) → what they are here. Not every update states one: then the name decides."""
_TYPES = mimetypes.MimeTypes()
"""The types that Python knows by itself, so that no file of the machine changes what is parsed."""


@dataclass(frozen=True, slots=True)
class RubikaContent:
    """What a message says. `answered` is the id of the message that it replies to."""

    text: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    forwarded_from: str | None = None
    answered: str | None = None

    @property
    def encrypted_text(self) -> EncryptedText | None:
        """The text as activities carry it."""
        return EncryptedText(text=self.text) if self.text is not None else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there that an agent could read."""
        return self.text is None and not self.attachments


def read_content(message: dict[str, Json]) -> RubikaContent:
    """The content of a message, or of an inline message, which has some of the same fields."""
    return RubikaContent(
        text=as_str(message.get("text")),
        attachments=[read(found) for name, read in READERS.items() if (found := as_dict(message.get(name)))],
        links=_links(message),
        forwarded_from=_forwarded_from(message),
        answered=identifier(message.get("reply_to_message_id")),
    )


def forwarded_ids(message: dict[str, Json]) -> dict[str, Json]:
    """The ids of a forwarded message: of its chat, its author and itself. Rubika gives no name."""
    source = as_dict(message.get("forwarded_from"))
    return drop_none(
        forwarded_chat_id=identifier(source.get("from_chat_id")),
        forwarded_sender_id=identifier(source.get("from_sender_id")),
        forwarded_message_id=identifier(source.get("message_id")),
    )


def _file(file: dict[str, Json]) -> Attachment:
    name = as_str(file.get("file_name"))
    media_type = _TYPES.guess_type(name)[0] if name else None
    stated = KINDS.get(as_str(file.get("type")) or "")
    size = as_id_str(file.get("size"))
    return Attachment(
        kind=stated or kind_for(media_type or UNKNOWN),
        platform_id=opaque_id(file.get("file_id")),
        name=name,
        media_type=media_type,
        size_bytes=int(size) if size and int(size) > 0 else None,
    )


def _sticker(sticker: dict[str, Json]) -> Attachment:
    file = _file(as_dict(sticker.get("file")))
    details = drop_none(emoji=as_str(sticker.get("emoji_character")), sticker_id=identifier(sticker.get("sticker_id")))
    return file.model_copy(update={"kind": "sticker", "details": details})


def _location(location: dict[str, Json]) -> Attachment:
    where = drop_none(latitude=_degrees(location.get("latitude")), longitude=_degrees(location.get("longitude")))
    return Attachment(kind="location", details=where)


def _live_location(live: dict[str, Json]) -> Attachment:
    place = _location(as_dict(live.get("current_location")))
    state = drop_none(live=True, status=as_str(live.get("status")), period_seconds=number(live.get("live_period")))
    return place.model_copy(update={"details": {**place.details, **state}})


def _degrees(value: Json) -> float | None:
    """An angle, which Rubika writes as text."""
    try:
        degrees = float(value) if isinstance(value, str) else number(value)
    except ValueError:
        return None
    return degrees if degrees is not None and math.isfinite(degrees) else None


def _contact(contact: dict[str, Json]) -> Attachment:
    # Nothing says whose card it is: a number in it proves nobody.
    names = [as_str(contact.get("first_name")), as_str(contact.get("last_name"))]
    details = drop_none(phone=as_str(contact.get("phone_number")))
    return Attachment(kind="contact", name=" ".join(name for name in names if name) or None, details=details)


def _poll(poll: dict[str, Json]) -> Attachment:
    options: list[Json] = [*texts(poll.get("options"))]
    state = as_str(as_dict(poll.get("poll_status")).get("state"))
    details = drop_none(type="poll", options=options, state=state)
    return Attachment(kind="other", name=as_str(poll.get("question")), details=details)


def payment_details(payment: dict[str, Json]) -> dict[str, Json]:
    """The state of a payment, which holds nothing that a person wrote."""
    return drop_none(payment_id=identifier(payment.get("payment_id")), status=identifier(payment.get("status")))


def _payment(payment: dict[str, Json]) -> Attachment:
    return Attachment(kind="other", details={"type": "payment", **payment_details(payment)})


READERS: Mapping[str, AttachmentReader] = {
    "file": _file,
    # Some clients of the platform name a file as the call that sends it does.
    "file_inline": _file,
    "sticker": _sticker,
    "location": _location,
    "live_location": _live_location,
    "contact_message": _contact,
    "poll": _poll,
    "payment": _payment,
}
"""Fields of a message → what they become."""


def _forwarded_from(message: dict[str, Json]) -> str | None:
    """What the original author is (a user, a channel, a bot), or the name that is shown in place of one who hides."""
    source, hidden = as_dict(message.get("forwarded_from")), message.get("forwarded_no_link")
    shown = as_str(hidden) or as_str(as_dict(hidden).get("from_title"))
    if shown:
        return shown
    return as_str(source.get("type_from")) or ("unknown" if source or hidden else None)


def _links(message: dict[str, Json]) -> list[str]:
    """Addresses behind words. The parts of a text name them in three forms, of which libraries of the API know one each."""
    found: list[str | None] = []
    for part in dicts(as_dict(message.get("metadata")).get("meta_data_parts")):
        link = as_dict(part.get("link"))
        found += [as_str(part.get("link_url")), as_str(link.get("url"))]
        found.append(as_str(as_dict(link.get("hyperlink_data")).get("url")))
    return list(dict.fromkeys(url for url in found if url))
