"""Forms as providers post them: `multipart/form-data` (RFC 7578) or `application/x-www-form-urlencoded`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from urllib.parse import parse_qsl

from services.channels.port import InvalidPayload, Request

MAX_FIELDS = 1000
_NAME = re.compile(r'(?:^|;)\s*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. `file_name` is None for what is no file; `media_type` and `charset` are in lower case, empty if not stated."""

    name: str
    content: bytes
    file_name: str | None = None
    media_type: str = ""
    charset: str = ""


class ReceivedForm:
    """The fields of a form, repeated ones too."""

    def __init__(self, fields: list[FormField]) -> None:
        self.fields = fields

    def last(self, name: str) -> FormField | None:
        """The last field of this name."""
        return next((field for field in reversed(self.fields) if field.name == name), None)

    def text(self, name: str, charset: str = "utf-8") -> str:
        """The last field of this name as text, in its own charset or this one; empty without it. Never raises."""
        field = self.last(name)
        return decode_text(field.content, field.charset or charset) if field else ""


def decode_text(content: bytes, charset: str) -> str:
    """The text of bytes; in UTF-8 where the charset is unknown. What cannot be decoded is replaced."""
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError, UnicodeError):
        return content.decode("utf-8", "replace")


def read_form(request: Request) -> ReceivedForm:
    """The form of a call. Raises InvalidPayload for a body that is none."""
    # The header is read as a mail header is: parameters may be quoted or not.
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    if header.get_content_type() == "application/x-www-form-urlencoded":
        return ReceivedForm(_urlencoded(request.body))
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise InvalidPayload("the body is no form: its content-type is neither urlencoded nor multipart/form-data")
    fields = list(_multipart(request.body, boundary.encode("latin-1", "replace")))
    if not fields:
        raise InvalidPayload("the body has no field with the boundary that its content-type names")
    return ReceivedForm(fields)


def _urlencoded(body: bytes) -> list[FormField]:
    # As latin-1 every byte stands for itself.
    try:
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidPayload(f"the form has more than {MAX_FIELDS} fields") from None
    return [FormField(_utf8(name), value.encode("latin-1")) for name, value in pairs]


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


def _multipart(body: bytes, boundary: bytes) -> Iterator[FormField]:
    # Some clients end lines with LF alone; a boundary at the very start has no line end before it.
    delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|$)")
    found = list(delimiter.finditer(body))
    if len(found) > MAX_FIELDS:
        raise InvalidPayload(f"the form has more than {MAX_FIELDS} fields")
    for number, mark in enumerate(found):
        if mark[1]:
            return
        end = found[number + 1].start() if number + 1 < len(found) else len(body)
        field = _field(body[mark.end() : max(end, mark.end())])
        if field is not None:
            yield field


def _field(part: bytes) -> FormField | None:
    head, separator, content = part.partition(b"\r\n\r\n")
    if not separator or b"\n\n" in head:
        head, _, content = part.partition(b"\n\n")
    lines = [line.partition(":") for line in decode_text(head, "utf-8").splitlines()]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    names = {key.lower(): value for key, value in _NAME.findall(headers.get("content-disposition", ""))}
    if "name" not in names:
        return None
    kind = Message()
    kind["content-type"] = headers.get("content-type", "text/plain")
    stated = kind.get_content_type() if "content-type" in headers else ""
    charset = kind.get_content_charset("") if stated else ""
    return FormField(names["name"], content, names.get("filename"), stated, charset)
