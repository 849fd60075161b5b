"""Attachments of direct messages. No file is downloaded here."""

from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from schemas.activity import Attachment, AttachmentKind
from schemas.values import Json
from services.channels.json_access import as_dict, as_list, as_str, dicts, drop_none, number
from services.channels.meta.webhook import as_platform_id, web_url

LIKES = frozenset({"369239263222822", "369239343222814", "369239383222810"})
"""The thumb of Messenger in its three sizes: a sticker by its id (developers.facebook.com/docs/messenger-platform)."""
THUMBS_UP, HEART = "\U0001f44d", "❤️"

Parser = Callable[[str, dict[str, Json]], Attachment]


def _file(kind: AttachmentKind) -> Parser:
    def read(type_: str, payload: dict[str, Json]) -> Attachment:
        url = web_url(payload.get("url"))
        name = unquote(urlsplit(url).path.rsplit("/", 1)[-1]) if url and kind == "file" else ""
        return Attachment(kind=kind, name=name or None, url=url)

    return read


def _image(type_: str, payload: dict[str, Json]) -> Attachment:
    sticker = as_platform_id(payload.get("sticker_id"))
    if sticker is None:
        return Attachment(kind="image", url=web_url(payload.get("url")))
    details = drop_none(sticker_id=sticker, emoji=THUMBS_UP if sticker in LIKES else None)
    return Attachment(kind="sticker", url=web_url(payload.get("url")), details=details)


def _heart(type_: str, payload: dict[str, Json]) -> Attachment:
    return Attachment(kind="sticker", url=web_url(payload.get("url")), details={"type": type_, "emoji": HEART})


def _location(type_: str, payload: dict[str, Json]) -> Attachment:
    at = as_dict(payload.get("coordinates"))
    where = drop_none(latitude=number(at.get("lat")), longitude=number(at.get("long")))
    return Attachment(kind="location", name=as_str(payload.get("title")), details=where)


def _shared(type_: str, payload: dict[str, Json]) -> Attachment:
    """A post, a reel, a story: its file while the platform's address of it lasts, and its id."""
    details = drop_none(
        type=type_,
        media_id=next((found for name in MEDIA_IDS if (found := as_platform_id(payload.get(name)))), None),
        story_id=as_platform_id(payload.get("id")) if type_.startswith("story") else None,
        path=_path(payload),
    )
    return Attachment(kind="other", name=as_str(payload.get("title")), url=web_url(payload.get("url")), details=details)


def _page(type_: str, payload: dict[str, Json]) -> Attachment:
    """A link with a preview: its address is a web page and no file. See `links`."""
    return Attachment(
        kind="other", name=as_str(payload.get("title")), details=drop_none(type=type_, path=_path(payload))
    )


def _path(payload: dict[str, Json]) -> str | None:
    """What stands in place of an address: Instagram sends paths, Messenger names of files."""
    return as_str(payload.get("url")) if web_url(payload.get("url")) is None else None


FILES = frozenset({"image", "video", "audio", "file"})
MEDIA_IDS = ("reel_video_id", "ig_post_media_id", "post_id", "product_id")
PARSERS: Mapping[str, Parser] = {
    "image": _image,
    "animated_image": _image,
    "video": _file("video"),
    "audio": _file("audio"),
    "file": _file("file"),
    "like_heart": _heart,
    "location": _location,
    "fallback": _page,
}
"""Types with a form of their own; every other is shown with its name, its title and its file."""


def attachments(message: dict[str, Json]) -> list[Attachment]:
    """All attachments of a message, in their order; for one that the API does not show, that there is one."""
    mid = as_platform_id(message.get("mid"))
    found = [_attachment(one, mid, number) for number, one in enumerate(dicts(message.get("attachments")))]
    if message.get("is_unsupported") is True:
        found.append(Attachment(kind="other", details={"type": "unsupported"}))
    return found


def _attachment(value: dict[str, Json], mid: str | None, number: int) -> Attachment:
    type_ = as_str(value.get("type")) or "unsupported"
    # A fallback has title and URL beside its payload in some versions, and no payload at all.
    payload = drop_none(title=value.get("title"), url=value.get("url")) | as_dict(value.get("payload"))
    found = PARSERS.get(type_, _shared)(type_, payload)
    # By its message and its number in it the API gives the file a new address: see `media`.
    is_file = found.kind in FILES and found.url is not None and mid is not None
    return found.model_copy(update={"platform_id": f"{mid}/{number}"}) if is_file else found


def links(message: dict[str, Json], text: str | None) -> list[str]:
    """The addresses of pages that attachments link to and the text does not show."""
    pages = [one for one in dicts(message.get("attachments")) if as_str(one.get("type")) == "fallback"]
    urls = [web_url(as_dict(page.get("payload")).get("url") or page.get("url")) for page in pages]
    return [url for url in dict.fromkeys(urls) if url is not None and url not in (text or "")]


def has_content(message: dict[str, Json]) -> bool:
    """Whether a message shows anything: a text, a file, or that it has something that the API does not show."""
    return bool(
        as_str(message.get("text")) or as_list(message.get("attachments")) or message.get("is_unsupported") is True
    )
