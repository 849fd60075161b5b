"""What rests stays readable: a stored document becomes its record and comes back, field by field, as it was.

`documents.json` has one document of every collection of `services/records`, with every field filled. It is written by
hand and stays when code changes: a field that is renamed, dropped or written in another format fails here, and then
needs a migration (`services/migrations`).
"""

import dataclasses
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from services import records
from services.platform.store.codec import encode
from services.platform.store.port import Collection, Document

DOCUMENTS: dict[str, Document] = orjson.loads(Path(__file__).with_name("documents.json").read_bytes())


# Any: a collection of some model is none of every model.
def _collections() -> dict[str, Collection[Any]]:
    """The collections of `services/records` by name, but those of contracts: tests/schemas holds these."""
    modules = (import_module(f"{records.__name__}.{module.name}") for module in pkgutil.iter_modules(records.__path__))
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Collection)]
    return {one.name: one for one in found if one.model.__module__.startswith("services.")}


COLLECTIONS = _collections()


def field_names(collection: Collection[Any]) -> set[str]:
    model = collection.model
    if issubclass(model, BaseModel):
        return set(model.model_fields)
    return {field.name for field in dataclasses.fields(model)}


def test_every_collection_has_a_document() -> None:
    assert set(DOCUMENTS) == set(COLLECTIONS)


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_a_document_has_every_field_of_its_record(name: str) -> None:
    assert set(DOCUMENTS[name]) == field_names(COLLECTIONS[name])


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_a_record_is_written_as_the_document_that_it_was_read_from(name: str) -> None:
    collection, document = COLLECTIONS[name], DOCUMENTS[name]
    assert encode(collection.decode(document)) == document


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_a_field_of_a_later_version_is_ignored(name: str) -> None:
    collection, document = COLLECTIONS[name], DOCUMENTS[name]
    assert collection.decode({**document, "of_a_later_version": 1}) == collection.decode(document)
