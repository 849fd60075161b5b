"""Changes of fields, which is how Meta reports what happens in public."""

from collections.abc import Callable, Mapping

from schemas.activity import Activity
from schemas.values import Json
from services.channels.meta.entry import EntryContext
from services.channels.meta.publications.comments import parse_comment
from services.channels.meta.publications.feed import parse_feed
from services.channels.meta.publications.publication import unknown

FIELDS: Mapping[str, Callable[[EntryContext, str, Json], list[Activity]]] = {
    "feed": parse_feed,
    "mention": parse_feed,
    "ratings": parse_feed,
    "comments": parse_comment,
    "live_comments": parse_comment,
    "mentions": parse_comment,
}
"""The fields that a Page and an Instagram account have in public."""


def parse_change(entry: EntryContext, field: str, value: Json) -> list[Activity]:
    """The activities of one change; kind `unknown` with the name of the field for one that is not known."""
    parse = FIELDS.get(field)
    return parse(entry, field, value) if parse else [unknown(entry, field, value)]
