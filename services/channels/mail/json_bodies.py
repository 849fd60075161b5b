"""JSON of providers: whole bodies, and the texts inside forms and notifications that are JSON themselves."""

import orjson

from schemas.values import Json
from services.channels.json_access import as_dict
from services.channels.port import InvalidPayload
from services.platform.http.bodies import MAX_DEPTH, too_deep
from services.platform.http.lenient_json import read_json


def read_document(content: bytes) -> Json:
    """The JSON of these bytes. Raises InvalidPayload."""
    # Only whole JSON bodies were checked for their depth; a form may hold JSON, and a notification holds some as a text.
    if too_deep(content):
        raise InvalidPayload(f"the JSON nests arrays and objects deeper than {MAX_DEPTH}")
    try:
        return read_json(content)
    except (ValueError, RecursionError):
        raise InvalidPayload("the body is not JSON") from None


def read_signed(content: bytes) -> dict[str, Json]:
    """The JSON object of these bytes as it is, for a signature over its texts. Raises InvalidPayload.

    Every other reader repairs texts (it takes NUL out of them), and a signature is over what was sent.
    """
    try:
        document: Json = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise InvalidPayload("the body is not JSON") from None
    return as_dict(document)


def read_text(text: str) -> Json:
    """The JSON of a text, None for one that is no JSON. Raises nothing."""
    try:
        return read_document(text.encode("utf-8", "surrogatepass"))
    except InvalidPayload:
        return None


def read_object(content: bytes) -> dict[str, Json]:
    """The JSON object of these bytes. Raises InvalidPayload."""
    document = read_document(content)
    if not isinstance(document, dict):
        raise InvalidPayload("the body is no JSON object")
    return as_dict(document)
