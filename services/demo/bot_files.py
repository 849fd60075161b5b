"""Files of the stand-in for Telegram: those that customers sent, and the forms with which a bot sends some.

Methods as core.telegram.org/bots/api has them: getFile, sendPhoto, sendVideo, sendAudio, sendVoice, sendSticker, sendDocument,
sendMediaGroup.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from starlette.requests import Request

from schemas.values import Json
from services.demo.forms import FormFile, read_form

MAX_GET_FILE = 20_000_000
MAX_CAPTION = 1024
REMEMBERED = 200
SINGLE = {
    "sendphoto": "photo",
    "sendvideo": "video",
    "sendaudio": "audio",
    "sendvoice": "voice",
    "sendsticker": "sticker",
    "senddocument": "document",
}

SENDING_FILES = frozenset({*SINGLE, "sendmediagroup"})


class BotApiError(Exception):
    """An error response of the Bot API, with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.parameters = parameters


@dataclass
class BotFiles:
    """Files by their path. A file id is the path behind `file-`."""

    _contents: "OrderedDict[str, bytes]" = field(default_factory=OrderedDict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add(self, content: bytes) -> dict[str, Json]:
        """Store a file; its `file_id`, as an update or a sent message names it."""
        path = f"documents/file_{next(self._numbers)}"
        self._contents[path] = content
        if len(self._contents) > REMEMBERED:
            self._contents.popitem(last=False)
        return {"file_id": f"file-{path}", "file_size": len(content)}

    def describe(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """The result of `getFile`. Raises BotApiError."""
        path = str(body.get("file_id") or "").removeprefix("file-")
        if path not in self._contents:
            raise BotApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(self._contents[path]) > MAX_GET_FILE:
            raise BotApiError(400, "Bad Request: file is too big")
        return {"file_id": f"file-{path}", "file_size": len(self._contents[path]), "file_path": path}

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises BotApiError."""
        if path not in self._contents:
            raise BotApiError(404, "Not Found")
        return self._contents[path]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of a form. `caption` is empty for all but the first of an album."""

    kind: str
    name: str
    content: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class SentFiles:
    """A form of a bot: its parameters, and its files in order."""

    fields: dict[str, Json]
    files: list[SentFile]
    is_album: bool


async def read_files(request: Request) -> SentFiles:
    """Read the form of a method that sends files. Raises BotApiError."""
    method = request.path_params["method"].lower()
    form = await read_form(request)
    fields, files = form.fields, form.files
    if method == "sendmediagroup":
        media = fields.pop("media", None)
        items = [one for one in media if isinstance(one, dict)] if isinstance(media, list) else []
        if not 2 <= len(items) <= 10:
            raise BotApiError(400, "Bad Request: an album has 2 to 10 files")
        return SentFiles(fields, [_album_item(one, files) for one in items], is_album=True)
    kind = SINGLE[method]
    if kind not in files:
        raise BotApiError(400, f"Bad Request: there is no {kind} in the request")
    sent = SentFile(kind, files[kind].name, files[kind].content, _caption(fields.get("caption")))
    return SentFiles(fields, [sent], is_album=False)


def _album_item(item: Mapping[str, Json], files: Mapping[str, FormFile]) -> SentFile:
    field_name = str(item.get("media")).removeprefix("attach://")
    if field_name not in files:
        raise BotApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
    file = files[field_name]
    return SentFile(str(item.get("type")), file.name, file.content, _caption(item.get("caption")))


def _caption(value: Json) -> str:
    caption = value if isinstance(value, str) else ""
    if len(caption.encode("utf-16-le")) // 2 > MAX_CAPTION:
        raise BotApiError(400, "Bad Request: message caption is too long")
    return caption
