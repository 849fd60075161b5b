"""Access to JSON whose every field is optional and may have the wrong type. A value of the wrong type reads as absent."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from schemas.values import Json
from services.platform.http.lenient_json import read_json

# Ids are 64-bit, and JavaScript rounds numbers above 2**53: they are text here, and copies of the API send text too.
NUMBER = re.compile(r"-?[0-9]{1,20}")
LATEST_SECOND = 253402300799
"""9999-12-31T23:59:59Z, the last second that `datetime` can hold."""


def json_object(body: bytes) -> dict[str, Json] | None:
    """The JSON object of an answer, empty for an empty body. None for anything else: a page of a proxy before the platform."""
    try:
        value = read_json(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def as_dict(value: Json) -> dict[str, Json]:
    """The value when it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """The value when it is an array, else an empty array."""
    return value if isinstance(value, list) else []


def dicts(value: Json) -> Iterator[dict[str, Json]]:
    """The objects of an array; nothing for anything else."""
    return (item for item in as_list(value) if isinstance(item, dict))


def texts(value: Json) -> list[str]:
    """The texts of an array; nothing for anything else."""
    return [item for item in as_list(value) if isinstance(item, str)]


def as_str(value: Json) -> str | None:
    """The value when it is a non-empty string, else None."""
    return value if isinstance(value, str) and value else None


def as_int(value: Json) -> int | None:
    """The value when it is an integer, else None. JSON's true and false are no integers."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Json) -> float | None:
    """The value when it is a number, else None. JSON's true and false are no numbers."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_id_str(value: Json) -> str | None:
    """The id of a chat, user or message as text: from an integer or a string of digits. 0 and anything else give None."""
    integer = as_int(value)
    if integer is not None:
        return str(integer) if integer else None
    return value if isinstance(value, str) and NUMBER.fullmatch(value) and value != "0" else None


def seconds(value: Json) -> datetime | None:
    """The UTC time of Unix seconds, a number or digits. None for 0, which Telegram writes for an inaccessible message."""
    stated = int(as_id_str(value) or 0)
    return datetime.fromtimestamp(stated, UTC) if 0 < stated <= LATEST_SECOND else None


def iso_time(value: Json) -> datetime | None:
    """The UTC time of a text by ISO 8601; None for one without an offset, or that is no time."""
    try:
        stated = datetime.fromisoformat(as_str(value) or "")
        return stated.astimezone(UTC) if stated.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def drop_none(**fields: Json) -> dict[str, Json]:
    """The fields without those that are None or an empty text, list or object."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}
