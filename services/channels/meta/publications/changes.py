"""Changes of fields, which is how Meta reports what happens in public."""

import orjson

from schemas.activity import Activity
from schemas.values import Json
from services.channels.meta.entry import NOBODY, EntryContext


def parse_change(entry: EntryContext, field: str, value: Json) -> list[Activity]:
    """The activities of one change; kind `unknown` with the name of the field for one that is not known."""
    content = entry.content_id(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())
    return [
        Activity(
            id=entry.activity_id("unknown", field, content),
            workspace=entry.scope.workspace,
            channel=entry.scope.channel,
            account=entry.scope.account,
            kind="unknown",
            surface="public",
            person=entry.person(NOBODY),
            sent_at=entry.entry_at,
            received_at=entry.received_at,
            details={"raw": field},
        )
    ]
