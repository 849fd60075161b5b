"""What the stand-in takes as a WhatsApp number (developers.facebook.com/docs/whatsapp/cloud-api/reference/messages, …/media)."""

import base64
import re
from collections.abc import Callable, Mapping

from schemas.values import Json
from services.demo.graph_shapes import GraphCall, GraphFiles, wrong_parameter

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
MEGABYTE = 1_048_576
SIZES: Mapping[str, int] = {"image": 5 * MEGABYTE, "audio": 16 * MEGABYTE, "video": 16 * MEGABYTE}
"""The largest files by the first part of their media type; every other file is a document."""
DOCUMENT_SIZE = 100 * MEGABYTE
ADDRESS = re.compile(r"\+?\d{5,20}|[A-Z]{2}\.[A-Za-z0-9]{1,128}|[A-Za-z0-9_.:@=-]{5,128}")
MESSAGE_ID = re.compile(r"wamid\.\S{4,250}")

Part = Mapping[str, Json]


def check_message(call: GraphCall, files: GraphFiles) -> str:
    """The text that a person sees of a message. Raises GraphRefusal for what the platform would not take."""
    kind = call.text("type") or "text"
    if kind not in _CHECKS:
        raise wrong_parameter("Param type must be one of {TEXT, IMAGE, AUDIO, VIDEO, DOCUMENT, TEMPLATE, ...}")
    part = call.object(kind)
    if not part:
        raise wrong_parameter(f"The parameter {kind} is required.")
    recipient(call)
    context = call.object("context")
    if context and not MESSAGE_ID.fullmatch(str(context.get("message_id"))):
        raise wrong_parameter("Param context['message_id'] is not a valid message id.")
    return _CHECKS[kind](kind, part, files)


def recipient(call: GraphCall) -> str:
    """`to`, or `recipient` for somebody without a phone number. Raises GraphRefusal."""
    address = call.text("to") or call.text("recipient")
    if not address:
        raise wrong_parameter("The parameter to is required.")
    if not ADDRESS.fullmatch(address):
        raise wrong_parameter("Param to must be a valid WhatsApp number or user id.")
    return address


def accepted(address: str, number: int) -> dict[str, Json]:
    """The answer to an accepted message."""
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": address, "wa_id": address.lstrip("+")}],
        "messages": [{"id": message_id(number)}],
    }


def message_id(number: int) -> str:
    """An id as WhatsApp gives it, always the same for a number."""
    return f"wamid.{base64.b64encode(f'DEMO-OUT-{number:012d}'.encode()).decode()}"


def check_seen(call: GraphCall) -> str:
    """What a mark of a message as read shows: `seen`, or `typing`. Raises GraphRefusal."""
    if call.text("status") != "read" or not MESSAGE_ID.fullmatch(call.text("message_id")):
        raise wrong_parameter("Param message_id is not a valid message id.")
    return "typing" if call.object("typing_indicator") else "seen"


def upload(call: GraphCall, files: GraphFiles) -> dict[str, Json]:
    """`POST /{phone-number-id}/media`. Raises GraphRefusal."""
    file = call.files.get("file")
    if call.text("messaging_product") != "whatsapp":
        raise wrong_parameter("The parameter messaging_product is required.")
    if file is None:
        raise wrong_parameter("The parameter file is required.")
    if len(file.content) > SIZES.get(file.media_type.partition("/")[0], DOCUMENT_SIZE):
        raise wrong_parameter("Param file must be smaller: the file is too large for its type.")
    return {"id": files.add(file)}


def _text(kind: str, part: Part, files: GraphFiles) -> str:
    return _shown(part.get("body"), TEXT_LIMIT, "text['body']")


def _media(kind: str, part: Part, files: GraphFiles) -> str:
    link, number = part.get("link"), str(part.get("id") or "")
    if not (isinstance(link, str) and link.startswith("https://")) and files.get(number) is None:
        raise wrong_parameter(f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID.")
    return _shown(part.get("caption") or "", CAPTION_LIMIT, f"{kind}['caption']", may_be_empty=True)


def _template(kind: str, part: Part, files: GraphFiles) -> str:
    language = part.get("language")
    if not part.get("name") or not isinstance(language, dict) or not language.get("code"):
        raise wrong_parameter("The parameter template['language']['code'] is required.")
    return f"[template {part['name']}]"


def _reaction(kind: str, part: Part, files: GraphFiles) -> str:
    if not MESSAGE_ID.fullmatch(str(part.get("message_id"))):
        raise wrong_parameter("Param reaction['message_id'] is not a valid message id.")
    return str(part.get("emoji") or "")


def _interactive(kind: str, part: Part, files: GraphFiles) -> str:
    body = part.get("body")
    return _shown(body.get("text") if isinstance(body, dict) else None, CAPTION_LIMIT, "interactive['body']['text']")


def _shown(value: Json, limit: int, name: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value.strip() or may_be_empty):
        raise wrong_parameter(f"The parameter {name} is required.")
    if len(value) > limit:
        raise wrong_parameter(f"Param {name} must be at most {limit} characters long.")
    return value


_CHECKS: Mapping[str, Callable[[str, Part, GraphFiles], str]] = {
    "text": _text,
    "image": _media,
    "audio": _media,
    "video": _media,
    "document": _media,
    "sticker": _media,
    "template": _template,
    "reaction": _reaction,
    "interactive": _interactive,
}
