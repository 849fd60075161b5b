"""Reading JSON of which every field is optional and any may have the wrong type: what is wrong reads as absent."""

import re
from datetime import UTC, datetime

from schemas.values import Json

NUMBER = re.compile(r"-?[0-9]{1,20}")
LATEST_SECOND = 253402300799


def as_dict(value: Json) -> dict[str, Json]:
    """An object; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def as_list_of_dicts(value: Json) -> list[Json]:
    """An array; anything else is an empty one."""
    return value if isinstance(value, list) else []


def as_str(value: Json) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def as_int(value: Json) -> int | None:
    """A whole number; true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Json) -> float | None:
    """Any number; true and false are none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_id_str(value: Json) -> str | None:
    """The id of a chat, user or message: a whole number, or one written as text. Never 0."""
    number = as_int(value)
    if number is not None:
        return str(number) if number else None
    return value if isinstance(value, str) and NUMBER.fullmatch(value) and value != "0" else None


def seconds(value: Json) -> datetime | None:
    """A moment given in Unix seconds; 0 is how an inaccessible message says that it has none."""
    number = as_int(value)
    return datetime.fromtimestamp(number, UTC) if number is not None and 0 < number <= LATEST_SECOND else None


def drop_none(**fields: Json) -> dict[str, Json]:
    """The fields that are there: no None, no empty text, list or object."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}
