"""What the stand-ins of the Graph API share: its errors, its files, and the values of a call."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from schemas.values import Json
from services.demo.forms import FormFile

REMEMBERED = 200


class GraphRefusal(Exception):
    """An error response of the Graph API (developers.facebook.com/docs/graph-api/guides/error-handling)."""

    def __init__(self, code: int, message: str, *, status: int = 400, subcode: int | None = None) -> None:
        super().__init__(message)
        self.code, self.status, self.subcode = code, status, subcode

    def shape(self) -> dict[str, Json]:
        """The body of the response."""
        error: dict[str, Json] = {"message": str(self), "type": "OAuthException", "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": {**error, "fbtrace_id": "AbCdEfGhIjKlMnOpQrS"}}


def wrong_parameter(detail: str) -> GraphRefusal:
    """The error 100, with which the Graph API answers what it cannot take."""
    return GraphRefusal(100, f"(#100) {detail}")


@dataclass(frozen=True, slots=True)
class GraphCall:
    """A call of `/{version}/{node}[/{edge}]`. `values` are its parameters, from the query and the body."""

    node: str
    edge: str | None
    values: Mapping[str, Json]
    files: Mapping[str, FormFile]
    base_url: str

    def text(self, name: str) -> str:
        """A parameter that is a text; empty when it is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def object(self, name: str) -> Mapping[str, Json]:
        """A parameter that is an object; an empty one when it is none."""
        value = self.values.get(name)
        return value if isinstance(value, dict) else {}


@dataclass
class GraphFiles:
    """The files that were uploaded, or that customers sent, by their numeric id."""

    _files: "OrderedDict[str, FormFile]" = field(default_factory=OrderedDict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1_000_000_001))

    def add(self, file: FormFile) -> str:
        """Store a file; its id."""
        number = str(next(self._numbers))
        self._files[number] = file
        if len(self._files) > REMEMBERED:
            self._files.popitem(last=False)
        return number

    def get(self, number: str) -> FormFile | None:
        """The file of this id."""
        return self._files.get(number)

    def describe(self, number: str, base_url: str) -> dict[str, Json]:
        """The media node as the WhatsApp API shows it (…/whatsapp/cloud-api/reference/media)."""
        file = self._files[number]
        return {
            "messaging_product": "whatsapp",
            "url": f"{base_url}/_media/{number}",
            "mime_type": file.media_type,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "file_size": len(file.content),
            "id": number,
        }


def derived_id(text: str) -> str:
    """An id of digits that is always the same for a text."""
    return re.sub(r"\D", "", str(int(hashlib.sha256(text.encode()).hexdigest(), 16)))[:16]
