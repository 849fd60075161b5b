"""What a message says: a table from its type to its text and files (.../reference/messaging-api/#message-event).

Files stay at LINE for a while that it does not state; `platform_id` is the number of their message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.activity import Attachment, AttachmentKind
from schemas.values import Json
from services.channels.handoff_links import HANDOFF_TOKEN
from services.channels.json_access import as_dict, as_int, as_str, drop_none, number, texts


@dataclass(frozen=True, slots=True)
class LineContent:
    """The content of a message, by the names of the fields of `Activity`."""

    text: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    album: str | None = None
    details: dict[str, Json] = field(default_factory=dict)


def start_token(text: str | None) -> str | None:
    """The token of a text that consists of one; the router alone can tell whether it is ours."""
    stripped = (text or "").strip()
    return stripped if HANDOFF_TOKEN.fullmatch(stripped) else None


def message_content(message: dict[str, Json]) -> LineContent | None:
    """The content of a message; None for one of a type that is not known."""
    parser = PARSERS.get(as_str(message.get("type")) or "")
    return parser(message) if parser else None


def _text(message: dict[str, Json]) -> LineContent:
    return LineContent(as_str(message.get("text")))


def _media(kind: AttachmentKind) -> Callable[[dict[str, Json]], LineContent]:
    def parse(message: dict[str, Json]) -> LineContent:
        provider, pictures = as_dict(message.get("contentProvider")), as_dict(message.get("imageSet"))
        # What another service provides (LIFF apps) is at its address, and LINE does not give it out.
        url = as_str(provider.get("originalContentUrl")) if provider.get("type") == "external" else None
        duration = number(message.get("duration"))
        attachment = Attachment(
            kind=kind,
            platform_id=as_str(message.get("id")) if url is None else None,
            url=url,
            name=as_str(message.get("fileName")),
            size_bytes=as_int(message.get("fileSize")),
            details=drop_none(duration_seconds=duration / 1000 if duration is not None else None),
        )
        return LineContent(attachments=[attachment], album=as_str(pictures.get("id")))

    return parse


def _location(message: dict[str, Json]) -> LineContent:
    details = drop_none(
        latitude=number(message.get("latitude")),
        longitude=number(message.get("longitude")),
        address=as_str(message.get("address")),
    )
    return LineContent(attachments=[Attachment(kind="location", name=as_str(message.get("title")), details=details)])


def _sticker(message: dict[str, Json]) -> LineContent:
    """A sticker has no file that we may fetch: its words say what it shows, where its maker wrote some."""
    keywords: list[Json] = [*texts(message.get("keywords"))]
    details = drop_none(
        type="sticker",
        package_id=as_str(message.get("packageId")),
        sticker_id=as_str(message.get("stickerId")),
        keywords=keywords,
    )
    return LineContent(as_str(message.get("text")), [Attachment(kind="sticker", details=details)])


PARSERS: Mapping[str, Callable[[dict[str, Json]], LineContent]] = {
    "text": _text,
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    "file": _media("file"),
    "location": _location,
    "sticker": _sticker,
}
"""Type of a message → its content."""
