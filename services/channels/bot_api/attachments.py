"""Attachments of a Bot API message. No file is downloaded here: `platform_id` is the `file_id` for `getFile`."""

from collections.abc import Callable

from schemas.activity import Attachment, AttachmentKind
from schemas.values import Json
from services.channels.bot_api.origin import full_name
from services.channels.bot_api.public_context import story_link
from services.channels.json_access import as_dict, as_int, as_list, as_str, dicts, drop_none, number

AttachmentParser = Callable[[Json], list[Attachment]]
STICKER_TYPES = {"is_animated": "application/x-tgsticker", "is_video": "video/webm"}
"""Flags of a sticker → its file type. Without one it is a picture."""


def _file(kind: AttachmentKind, value: Json) -> list[Attachment]:
    file = as_dict(value)
    attachment = Attachment(
        kind=kind,
        platform_id=as_str(file.get("file_id")),
        name=as_str(file.get("file_name")),
        media_type=as_str(file.get("mime_type")),
        size_bytes=as_int(file.get("file_size")),
        details=drop_none(
            emoji=as_str(file.get("emoji")),
            duration_seconds=number(file.get("duration")),
            title=as_str(file.get("title")),
            performer=as_str(file.get("performer")),
        ),
    )
    return [attachment] if file else []


def _sticker(value: Json) -> list[Attachment]:
    """A sticker. Its file type follows from its flags (core.telegram.org/bots/api#sticker): no field names it."""
    sticker = as_dict(value)
    flagged = (media_type for flag, media_type in STICKER_TYPES.items() if sticker.get(flag) is True)
    media_type = next(flagged, "image/webp")
    return [one.model_copy(update={"media_type": media_type}) for one in _file("sticker", value)]


def _files(kind: AttachmentKind) -> AttachmentParser:
    return lambda value: _file(kind, value)


def _photo(value: Json) -> list[Attachment]:
    sizes = [size for size in dicts(value) if size]
    # A photo comes in several sizes, and the Bot API promises no order of them.
    widest = max(sizes, key=lambda size: as_int(size.get("width")) or 0, default=None)
    return _file("image", widest)


def _live_photo(value: Json) -> list[Attachment]:
    """A photo that moves: the still picture, and the film, which `file_id` names."""
    photo = as_dict(value)
    return [*_photo(photo.get("photo")), *_file("video", photo)]


def _location(value: Json) -> list[Attachment]:
    location = as_dict(value)
    where = drop_none(latitude=number(location.get("latitude")), longitude=number(location.get("longitude")))
    return [Attachment(kind="location", details=where)] if location else []


def _venue(value: Json) -> list[Attachment]:
    venue = as_dict(value)
    where = _location(venue.get("location"))
    details = drop_none(address=as_str(venue.get("address"))) | (where[0].details if where else {})
    return [Attachment(kind="location", name=as_str(venue.get("title")), details=details)] if venue else []


def _contact(value: Json) -> list[Attachment]:
    contact = as_dict(value)
    names = [as_str(contact.get("first_name")), as_str(contact.get("last_name"))]
    details = drop_none(phone=as_str(contact.get("phone_number")))
    name = " ".join(n for n in names if n) or None
    return [Attachment(kind="contact", name=name, details=details)] if contact else []


def _poll(value: Json) -> list[Attachment]:
    poll = as_dict(value)
    # A poll or checklist has no text field of its own; its words are kept so that an agent sees what was sent.
    options: list[Json] = [as_str(as_dict(o).get("text")) for o in as_list(poll.get("options"))]
    details = drop_none(type="poll", options=[o for o in options if o])
    return [Attachment(kind="other", name=as_str(poll.get("question")), details=details)] if poll else []


def _checklist(value: Json) -> list[Attachment]:
    checklist = as_dict(value)
    tasks: list[Json] = [as_str(as_dict(t).get("text")) for t in as_list(checklist.get("tasks"))]
    details = drop_none(type="checklist", tasks=[t for t in tasks if t])
    return [Attachment(kind="other", name=as_str(checklist.get("title")), details=details)] if checklist else []


def _parse_titled(type_: str) -> AttachmentParser:
    def read(value: Json) -> list[Attachment]:
        titled = as_dict(value)
        details = drop_none(type=type_, emoji=as_str(titled.get("emoji")), value=as_int(titled.get("value")))
        return [Attachment(kind="other", name=as_str(titled.get("title")), details=details)] if titled else []

    return read


def _story(value: Json) -> list[Attachment]:
    """A forwarded story: the Bot API gives nothing of it but whose it is."""
    story = as_dict(value)
    details = drop_none(type="story", link=story_link(story))
    return [Attachment(kind="other", name=full_name(as_dict(story.get("chat"))), details=details)] if story else []


def _paid(value: Json) -> list[Attachment]:
    media = [as_dict(m) for m in as_list(as_dict(value).get("paid_media"))]
    return [attachment for m in media for attachment in _paid_medium(m)]


def _paid_medium(medium: dict[str, Json]) -> list[Attachment]:
    found = [
        *_photo(medium.get("photo")),
        *_file("video", medium.get("video")),
        *_live_photo(medium.get("live_photo")),
    ]
    # Nobody has paid for a preview, and it has no file.
    preview = drop_none(type="paid_media", duration_seconds=number(medium.get("duration")))
    return found or [Attachment(kind="other", details=preview)]


# Fields of `Message` → their parsers. For backward compatibility Telegram repeats an animation as `document`, a venue as
# `location` and the picture of a live photo as `photo`: `SUPERSEDED_BY` names which of the two is left out.
ATTACHMENT_PARSERS: dict[str, AttachmentParser] = {
    "photo": _photo,
    "live_photo": _live_photo,
    "video": _files("video"),
    "video_note": _files("video"),
    "animation": _files("video"),
    "audio": _files("audio"),
    "voice": _files("voice"),
    "document": _files("file"),
    "sticker": _sticker,
    "venue": _venue,
    "location": _location,
    "contact": _contact,
    "poll": _poll,
    "checklist": _checklist,
    "paid_media": _paid,
    "dice": _parse_titled("dice"),
    "game": _parse_titled("game"),
    "invoice": _parse_titled("invoice"),
    "story": _story,
}
SUPERSEDED_BY = {"document": "animation", "location": "venue", "photo": "live_photo"}


def attachments(message: dict[str, Json]) -> list[Attachment]:
    """All attachments of a message, in the order of `ATTACHMENT_PARSERS`."""
    wanted = [field for field in ATTACHMENT_PARSERS if field in message and SUPERSEDED_BY.get(field) not in message]
    live = as_dict(message.get("live_photo"))
    if live and not live.get("photo"):
        # A live photo may come without its picture; the field for older bots has it.
        wanted.insert(0, "photo")
    return [attachment for field in wanted for attachment in ATTACHMENT_PARSERS[field](message.get(field))]
