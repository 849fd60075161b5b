"""Files of the stand-in for Telegram: those that customers sent, and the forms with which a bot sends some.

Methods as core.telegram.org/bots/api has them: getFile, sendPhoto, sendVideo, sendAudio, sendDocument, sendMediaGroup.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from itertools import count

import orjson
from starlette.requests import Request

from schemas.values import Json

MAX_GET_FILE = 20_000_000
MAX_CAPTION = 1024
REMEMBERED = 200
SINGLE = {"sendphoto": "photo", "sendvideo": "video", "sendaudio": "audio", "senddocument": "document"}

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


def is_form(request: Request) -> bool:
    """Whether a call's body is a form."""
    return request.headers.get("content-type", "").startswith("multipart/form-data")


async def read_files(request: Request) -> SentFiles:
    """Read the form of a method that sends files. Raises BotApiError."""
    method = request.path_params["method"].lower()
    fields, files = _form(request.headers.get("content-type", ""), await request.body())
    if method == "sendmediagroup":
        media = fields.pop("media", None)
        items = [one for one in media if isinstance(one, dict)] if isinstance(media, list) else []
        if not 2 <= len(items) <= 10:
            raise BotApiError(400, "Bad Request: an album has 2 to 10 files")
        return SentFiles(fields, [_album_item(one, files) for one in items], is_album=True)
    kind = SINGLE[method]
    if kind not in files:
        raise BotApiError(400, f"Bad Request: there is no {kind} in the request")
    name, content = files[kind]
    return SentFiles(fields, [SentFile(kind, name, content, _caption(fields.get("caption")))], is_album=False)


def _album_item(item: Mapping[str, Json], files: Mapping[str, tuple[str, bytes]]) -> SentFile:
    field_name = str(item.get("media")).removeprefix("attach://")
    if field_name not in files:
        raise BotApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
    name, content = files[field_name]
    return SentFile(str(item.get("type")), name, content, _caption(item.get("caption")))


def _caption(value: Json) -> str:
    caption = value if isinstance(value, str) else ""
    if len(caption.encode("utf-16-le")) // 2 > MAX_CAPTION:
        raise BotApiError(400, "Bad Request: message caption is too long")
    return caption


def _form(content_type: str, body: bytes) -> tuple[dict[str, Json], dict[str, tuple[str, bytes]]]:
    """The parameters of a form, and its files as (name, bytes) by the name of their field."""
    parsed = BytesParser(EmailMessage, policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields: dict[str, Json] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for part in parsed.iter_parts():
        field_name = str(part.get_param("name", "", "content-disposition"))
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        if (file_name := part.get_filename()) is not None:
            files[field_name] = (file_name, data)
        else:
            fields[field_name] = _value(data.decode())
    return fields, files


def _value(text: str) -> Json:
    """A parameter: JSON where it is an object, a list or a number, else text."""
    if text[:1] not in ("{", "[") and not text.removeprefix("-").isdecimal():
        return text
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value
