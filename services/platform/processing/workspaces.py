"""Which workspace a value is about, so that whatever belongs to one that is being deleted can be left out."""

from collections.abc import Mapping


def belongs_to(value: object) -> str | None:
    """The workspace that a document, a timer's data or an effect's request is about; None: about none.

    It is the field `workspace`, else the first part of the field `key`, else that of the value's `message` or `data`.
    """
    workspace, key = _field(value, "workspace"), _field(value, "key")
    if isinstance(workspace, str) and workspace:
        return workspace
    if isinstance(key, str) and "/" in key:
        return key.split("/", 1)[0]
    inner = (_field(value, name) for name in ("message", "data"))
    return next((found for one in inner if one is not None and (found := belongs_to(one)) is not None), None)


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
