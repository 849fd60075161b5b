"""Forms as providers post them: `multipart/form-data` (RFC 7578) or `application/x-www-form-urlencoded`.

Documents and tests of providers write the fields of a form as a JSON object of texts. That is read as well.
"""

import re
from binascii import a2b_qp
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.channels.mail.json_bodies import read_signed
from services.channels.port import InvalidPayload, Request

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MAX_FIELDS = 1000
_NUMBER = re.compile(r"[0-9]{1,4}")
_MALFORMED = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. `file_name` is None for what is no file; `media_type` and `charset` are in lower case, empty if not stated."""

    name: str
    content: bytes
    file_name: str | None = None
    media_type: str = ""
    charset: str = ""


class PostedForm:
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

    def numbered(self, prefix: str) -> list[FormField]:
        """The fields whose names are this and a number, in the order of their numbers: files."""
        digits = ((field.name.removeprefix(prefix), field) for field in self.fields if field.name.startswith(prefix))
        found = [(int(number), field) for number, field in digits if _NUMBER.fullmatch(number)]
        return [field for _, field in sorted(found, key=lambda pair: pair[0])]

    def first_text(self, name: str) -> str:
        """The first field of this name as text in UTF-8; empty without it. Never raises."""
        field = next((field for field in self.fields if field.name == name), None)
        return decode_text(field.content, "utf-8") if field else ""


def decode_text(content: bytes, charset: str) -> str:
    """The text of bytes; in UTF-8 where the charset is unknown. What cannot be decoded is replaced."""
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def is_form(request: Request) -> bool:
    """Whether the call says that its body is a form, or is an object of texts."""
    return _content_type(request).get_content_type() in (URLENCODED, MULTIPART) or bool(_json_fields(request))


def read_form(request: Request, only: Collection[str] | None = None) -> PostedForm:
    """The form of a call, of its fields those that are named in `only`. An empty body is a form without fields.

    Raises InvalidPayload for a body that is no form.
    """
    header = _content_type(request)
    kind, boundary = header.get_content_type(), header.get_boundary()
    if kind == URLENCODED:
        # What is not asked for is not decoded.
        return PostedForm(list(_urlencoded(request.body, only)))
    # A parameter of a header is text; the delimiter in the body is bytes.
    is_multipart = kind == MULTIPART and bool(boundary)
    fields = _multipart(request.body, str(boundary).encode("latin-1", "replace")) if is_multipart else _texts(request)
    return PostedForm([field for field in fields if only is None or field.name in only])


def _texts(request: Request) -> list[FormField]:
    texts = _json_fields(request)
    if not texts:
        raise InvalidPayload("the body is no form: its content-type is neither urlencoded nor multipart/form-data")
    return [FormField(name, text) for name, text in texts.items()]


def _json_fields(request: Request) -> dict[str, bytes]:
    """The texts of an object that has nothing else; empty for any other body."""
    try:
        fields = read_signed(request.body) if request.body.lstrip()[:1] == b"{" else {}
    except InvalidPayload:
        return {}
    texts = {name: value.encode() for name, value in fields.items() if isinstance(value, str)}
    return texts if len(texts) == len(fields) else {}


def _content_type(request: Request) -> Message:
    # The header is read as a mail header is: parameters may be quoted or not.
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    return header


def _urlencoded(body: bytes, only: Collection[str] | None) -> Iterator[FormField]:
    """The fields of the URL standard, 5.1. What is not asked for is not decoded: that takes seconds for 30 MB."""
    pairs = body.split(b"&", MAX_FIELDS)
    if len(pairs) > MAX_FIELDS:
        raise InvalidPayload(f"the form has more than {MAX_FIELDS} fields")
    for pair in pairs:
        raw, _, value = pair.partition(b"=")
        name = decode_text(_unquote(raw), "utf-8")
        if pair and (only is None or name in only):
            yield FormField(name, _unquote(value))


def _unquote(text: bytes) -> bytes:
    plain = text.replace(b"+", b" ")
    if _MALFORMED.search(plain):
        return unquote_to_bytes(plain)
    # Quoted-printable but for its sign, and decoded in C: 30 MB take 0.1 s instead of 5 s.
    return a2b_qp(plain.replace(b"=", b"=3D").replace(b"%", b"="))


def _multipart(body: bytes, boundary: bytes) -> list[FormField]:
    first = body.find(b"\n")
    if body[:first].rstrip() == b"--" + boundary and body[first - 1 : first] != b"\r":
        # Some clients end lines with LF alone, which RFC 2046 does not allow.
        body = body.replace(b"\n", b"\r\n")
    parts = _FormParts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise InvalidPayload("the body is not multipart/form-data with the boundary of its content-type") from error
    return parts.fields


class _FormParts:
    """Collects the parts of a body as the parser meets them. Raises InvalidPayload for too many."""

    def __init__(self) -> None:
        self.fields: list[FormField] = []
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._content: list[bytes] = []

    def callbacks(self) -> "MultipartCallbacks":
        """What the parser calls. It hands over slices of the body: `data[start:end]`."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_name,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._content.append(data[start:end]),
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._headers, self._content = {}, []

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _end(self) -> None:
        if len(self.fields) == MAX_FIELDS:
            raise InvalidPayload(f"the form has more than {MAX_FIELDS} fields")
        _, names = parse_options_header(self._headers.get(b"content-disposition"))
        kind, options = parse_options_header(self._headers.get(b"content-type"))
        file_name = names.get(b"filename")
        self.fields.append(
            FormField(
                decode_text(names.get(b"name", b""), "utf-8"),
                b"".join(self._content),
                None if file_name is None else decode_text(file_name, "utf-8"),
                decode_text(kind, "ascii").lower(),
                decode_text(options.get(b"charset", b""), "ascii").lower(),
            )
        )
