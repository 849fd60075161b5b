"""What a message carries beside its text, as attachments. Nothing is fetched: `platform_id` is for `getFile`."""

from collections.abc import Callable

from schemas.activity import Attachment, AttachmentKind
from schemas.values import Json
from services.channels.bot_api.json_access import given, items, mapping, number, text, whole

Reading = Callable[[Json], list[Attachment]]


def _file(kind: AttachmentKind, value: Json) -> list[Attachment]:
    file = mapping(value)
    one = Attachment(
        kind=kind,
        platform_id=text(file.get("file_id")),
        name=text(file.get("file_name")),
        media_type=text(file.get("mime_type")),
        size_bytes=whole(file.get("file_size")),
        details=given(
            emoji=text(file.get("emoji")),
            duration_seconds=number(file.get("duration")),
            title=text(file.get("title")),
            performer=text(file.get("performer")),
        ),
    )
    return [one] if file else []


def _files(kind: AttachmentKind) -> Reading:
    return lambda value: _file(kind, value)


def _photo(value: Json) -> list[Attachment]:
    sizes = [mapping(size) for size in items(value) if mapping(size)]
    widest = max(sizes, key=lambda size: whole(size.get("width")) or 0, default=None)
    return _file("image", widest)


def _location(value: Json) -> list[Attachment]:
    place = mapping(value)
    where = given(latitude=number(place.get("latitude")), longitude=number(place.get("longitude")))
    return [Attachment(kind="location", details=where)] if place else []


def _venue(value: Json) -> list[Attachment]:
    venue = mapping(value)
    where = _location(venue.get("location"))
    details = given(address=text(venue.get("address"))) | (where[0].details if where else {})
    return [Attachment(kind="location", name=text(venue.get("title")), details=details)] if venue else []


def _contact(value: Json) -> list[Attachment]:
    contact = mapping(value)
    names = [text(contact.get("first_name")), text(contact.get("last_name"))]
    details = given(phone=text(contact.get("phone_number")))
    name = " ".join(n for n in names if n) or None
    return [Attachment(kind="contact", name=name, details=details)] if contact else []


def _poll(value: Json) -> list[Attachment]:
    poll = mapping(value)
    options: list[Json] = [text(mapping(o).get("text")) for o in items(poll.get("options"))]
    details = given(type="poll", options=[o for o in options if o])
    return [Attachment(kind="other", name=text(poll.get("question")), details=details)] if poll else []


def _checklist(value: Json) -> list[Attachment]:
    checklist = mapping(value)
    tasks: list[Json] = [text(mapping(t).get("text")) for t in items(checklist.get("tasks"))]
    details = given(type="checklist", tasks=[t for t in tasks if t])
    return [Attachment(kind="other", name=text(checklist.get("title")), details=details)] if checklist else []


def _thing(type_: str) -> Reading:
    def read(value: Json) -> list[Attachment]:
        thing = mapping(value)
        details = given(type=type_, emoji=text(thing.get("emoji")), value=whole(thing.get("value")))
        return [Attachment(kind="other", name=text(thing.get("title")), details=details)] if thing else []

    return read


def _paid(value: Json) -> list[Attachment]:
    media = [mapping(m) for m in items(mapping(value).get("paid_media"))]
    return [found for m in media for found in (*_photo(m.get("photo")), *_file("video", m.get("video")))]


# In this order: an animation repeats itself as `document`, a venue as `location`; see `attachments`.
READINGS: dict[str, Reading] = {
    "photo": _photo,
    "live_photo": _files("image"),
    "video": _files("video"),
    "video_note": _files("video"),
    "animation": _files("video"),
    "audio": _files("audio"),
    "voice": _files("voice"),
    "document": _files("file"),
    "sticker": _files("sticker"),
    "venue": _venue,
    "location": _location,
    "contact": _contact,
    "poll": _poll,
    "checklist": _checklist,
    "paid_media": _paid,
    "dice": _thing("dice"),
    "game": _thing("game"),
    "invoice": _thing("invoice"),
    "story": _thing("story"),
}
REPEATED_BY = {"document": "animation", "location": "venue"}


def attachments(message: dict[str, Json]) -> list[Attachment]:
    """Everything that a message carries, in the order of the table above."""
    wanted = [field for field in READINGS if field in message and REPEATED_BY.get(field) not in message]
    return [found for field in wanted for found in READINGS[field](message[field])]
