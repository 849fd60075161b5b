"""Turns stored documents into typed records and back. No other code does.

A record is a pydantic model (what REST shows as it is) or a frozen, slotted dataclass (what only a processor needs). A
document is read into a checked record once; a record is written without a check, because the type checker has seen
where its values came from. Unknown fields of a document are ignored, and fields that it lacks have their defaults, so
that versions before and after can read each other.
"""

from collections.abc import Mapping
from dataclasses import Field
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, TypeAdapter

from schemas.values import Json


class DataclassInstance(Protocol):
    """An instance of any dataclass."""

    # Any: what a field holds is known to its dataclass.
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


StoredRecord: TypeAlias = BaseModel | DataclassInstance
Model = TypeVar("Model", bound=StoredRecord)


class Codec(Generic[Model]):
    """Reads and writes the documents of one class. Make it with `codec_for`, which compiles it once."""

    def __init__(self, model: type[Model]) -> None:
        self._adapter = TypeAdapter[Model](model)

    def decode(self, document: Mapping[str, Json]) -> Model:
        """The record of a document. Raises pydantic's ValidationError, a ValueError that names class and fields."""
        return self._adapter.validate_python(document)

    def encode(self, record: Model) -> dict[str, Json]:
        """The document of a record: JSON values alone, instants as texts of 27 characters."""
        document: dict[str, Json] = self._adapter.dump_python(record, mode="json")
        return document


# Any: a table of codecs of many classes.
_codecs: dict[type, Codec[Any]] = {}


def codec_for(model: type[Model]) -> Codec[Model]:
    """The codec of a class, compiled at the first call."""
    codec = _codecs.get(model)
    if codec is None:
        codec = _codecs[model] = Codec(model)
    return codec


def encode(record: StoredRecord) -> dict[str, Json]:
    """The document of a record of any class."""
    return codec_for(type(record)).encode(record)
