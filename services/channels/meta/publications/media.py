"""Where the pictures and films of public posts are now: the addresses of a webhook end after some days or weeks.

developers.facebook.com/docs/graph-api/reference: photo (`images`, the largest first), video (`source`), comment (`attachment`), story-attachment.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from schemas.values import Json
from services.channels.json_access import as_dict, dicts
from services.channels.meta.webhook import web_url


def file_id(holder: str, identity: str, number: int = 0) -> str:
    """The id of a file by which the API gives its address. `holder`: `photo`, `video`, or the `comment` or `post` it is in."""
    return f"{holder}:{identity}/{number}"


def question(identity: str) -> tuple[str, Callable[[dict[str, Json]], str | None]] | None:
    """The path at which the API says where a file is, and the reader of its answer; None for what is no id of `file_id`."""
    holder, _, rest = identity.partition(":")
    node, _, number = rest.rpartition("/")
    known = _HOLDERS.get(holder)
    if known is None or not (node and number.isdigit()):
        return None
    fields, read = known
    return f"{quote(node, safe='')}?fields={fields}", lambda answer: web_url(read(answer, int(number)))


def _photo(answer: dict[str, Json], number: int) -> Json:
    return next((one.get("source") for one in dicts(answer.get("images"))), None)


def _comment(answer: dict[str, Json], number: int) -> Json:
    return _address(as_dict(answer.get("attachment")))


def _post(answer: dict[str, Json], number: int) -> Json:
    shown = list(dicts(as_dict(answer.get("attachments")).get("data")))
    # Several pictures of a post are below one attachment, an album.
    parts = [part for one in shown for part in dicts(as_dict(one.get("subattachments")).get("data"))] or shown
    return _address(parts[number]) if number < len(parts) else None


def _address(attachment: dict[str, Json]) -> Json:
    """A film has its own address beside that of the picture which stands for it."""
    media = as_dict(attachment.get("media"))
    return media.get("source") or as_dict(media.get("image")).get("src")


_HOLDERS: Mapping[str, tuple[str, Callable[[dict[str, Json], int], Json]]] = {
    "photo": ("images", _photo),
    "video": ("source", lambda answer, number: answer.get("source")),
    "comment": ("attachment", _comment),
    "post": ("attachments{media,subattachments{media}}", _post),
}
