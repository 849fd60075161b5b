"""The envelope of a webhook: `object`, and entries, each of one page, account or business (developers.facebook.com/docs/graph-api/webhooks)."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from schemas.values import Json
from services.channels.json_access import LATEST_SECOND, as_dict, as_id_str, as_int, as_list, as_str, dicts, iso_time
from services.channels.port import InvalidPayload, Request

MAX_BODY = 3 * 1024 * 1024
"""The bytes of the largest call, which has up to 1000 updates (…/graph-api/webhooks/getting-started)."""
MILLISECONDS_FROM = 10**12
"""A number of this size or more is in milliseconds: as seconds it would be the year 33658."""


def read_entries(request: Request) -> tuple[str, list[dict[str, Json]]]:
    """`object` and the entries of a webhook. Raises InvalidPayload for what is no JSON object with an `object`."""
    try:
        envelope = request.json()
    except (ValueError, RecursionError):
        raise InvalidPayload("the body is no JSON") from None
    subject = as_dict(envelope).get("object")
    if not isinstance(subject, str):
        raise InvalidPayload("the body is no webhook of Meta: it has no object")
    return subject, [as_dict(entry) for entry in as_list(as_dict(envelope).get("entry"))]


def instant(value: Json) -> datetime | None:
    """The UTC time of Unix seconds or milliseconds, as a number or as text, or of a date by ISO 8601 with its offset.

    None for anything else, and for 0.
    """
    text = as_id_str(value)
    if text is None:
        return iso_time(value)
    number = int(text)
    seconds = number / 1000 if number >= MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= LATEST_SECOND else None


def own_entries(request: Request, own_ids: Collection[str | None]) -> list[dict[str, Json]]:
    """The entries of a webhook that are of an account with these ids; none of what is no webhook."""
    try:
        _, entries = read_entries(request)
    except InvalidPayload:
        return []
    return [entry for entry in entries if as_platform_id(entry.get("id")) in own_ids]


def changes_of(entry: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """The changes of an entry. The flat shape is one change without a list around it."""
    yield from dicts(entry.get("changes"))
    if "field" in entry:
        yield entry


def body_of(subject: str, own: str, at: Json, content: Mapping[str, list[Json]]) -> bytes:
    """A webhook's body of one entry, for what was read at the platform instead."""
    return orjson.dumps({"object": subject, "entry": [{"id": own, "time": at, **content}]})


def sorted_json(value: Json) -> str:
    """A JSON value as text, the same for the same value."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def as_platform_id(value: Json) -> str | None:
    """An id as text. Meta writes digits as text, old events of Pages write them as numbers, and message ids are any text."""
    number = as_int(value)
    return str(number) if number else as_str(value)


def web_url(value: Json) -> str | None:
    """The value when it is an address in the web, else None."""
    try:
        parts = urlsplit(as_str(value) or "")
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return as_str(value) if is_web else None
