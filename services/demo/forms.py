"""Forms of callers (multipart/form-data, RFC 7578): parameters as JSON values where they are some, and files."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

import orjson
from starlette.requests import Request

from schemas.values import Json


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SentForm:
    """The parameters of a form, and its files by the names of their fields."""

    fields: dict[str, Json]
    files: dict[str, FormFile]


def is_form(request: Request) -> bool:
    """Whether a call's body is a form with files."""
    return request.headers.get("content-type", "").startswith("multipart/form-data")


async def read_form(request: Request) -> SentForm:
    """Read the form of a call."""
    content_type, body = request.headers.get("content-type", ""), await request.body()
    parsed = BytesParser(EmailMessage, policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    form = SentForm({}, {})
    for part in parsed.iter_parts():
        field_name = str(part.get_param("name", "", "content-disposition"))
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        if (file_name := part.get_filename()) is not None:
            form.files[field_name] = FormFile(file_name, part.get_content_type(), data)
        else:
            form.fields[field_name] = json_or_text(data.decode())
    return form


def json_or_text(text: str) -> Json:
    """A parameter: JSON where it is an object, a list or a number, else text."""
    if text[:1] not in ("{", "[") and not text.removeprefix("-").isdecimal():
        return text
    try:
        value: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value
