"""Changes that several steps need: documents with fields renamed or dropped."""

from collections.abc import Callable, Mapping

from services.platform.store.port import Document


def rename_inside(field: str, names: Mapping[str, str]) -> Callable[[Document], Document]:
    """As `rename_fields`, for the object in one field of the document. A document without such an object is unchanged."""
    rename = rename_fields(names)

    def change(document: Document) -> Document:
        inner = document.get(field)
        return {**document, field: rename(inner)} if isinstance(inner, dict) else document

    return change


def drop_fields(*fields: str) -> Callable[[Document], Document]:
    """A change that takes these top-level fields away."""

    def change(document: Document) -> Document:
        return {name: value for name, value in document.items() if name not in fields}

    return change


def rename_fields(names: Mapping[str, str]) -> Callable[[Document], Document]:
    """A change that renames top-level fields (old → new) and keeps the order of all fields.

    Where a document has both names, the value of the new one stays.
    """

    def change(document: Document) -> Document:
        if not names.keys() & document.keys():
            return document
        renamed = {names.get(field, field): value for field, value in document.items()}
        return {**renamed, **{new: document[new] for new in names.values() if new in document}}

    return change
