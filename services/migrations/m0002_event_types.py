"""Events in outboxes and dead letters get the types and fields of `schemas.renamed_events`.

Facts and the filters of webhook subscriptions name only types of facts, and none of those was renamed.
"""

import json

from schemas.renamed_events import current_data, current_type
from schemas.values import Json
from services.platform.store.migration_steps import Migration, Rewrite
from services.platform.store.port import Document


def change_outbox(outbox: Document) -> Document:
    """An outbox. Its rows are `[topic, partition, key, encoded event]`."""
    rows = outbox["events"]
    if not isinstance(rows, list):
        raise TypeError("an outbox is a list of rows")
    return {**outbox, "events": [_change_row(row) for row in rows]}


def change_dead_letter(letter: Document) -> Document:
    """A dead letter. Its `event` is an encoded event, unless `event_type` names a timer or an effect."""
    event_type, event = letter["event_type"], letter["event"]
    if not isinstance(event_type, str) or not isinstance(event, str):
        raise TypeError("a dead letter names its event")
    # "timer" or "effect": `event` is then the data of either, and no event that could be renamed.
    if not event_type.startswith("pasokh."):
        return letter
    return {**letter, "event_type": current_type(event_type), "event": _change_encoded(event)}


def _change_row(row: Json) -> Json:
    if not isinstance(row, list) or not isinstance(row[3], str):
        raise TypeError("a row of an outbox ends with the event")
    return [*row[:3], _change_encoded(row[3])]


def _change_encoded(text: str) -> str:
    event = json.loads(text)
    event_type = current_type(event["type"])
    changed = {**event, "type": event_type, "data": current_data(event_type, event["data"])}
    return text if changed == event else json.dumps(changed, ensure_ascii=False, separators=(",", ":"))


STEP = Migration(
    number=2,
    name="event types",
    rewrites=(Rewrite("outboxes", change_outbox), Rewrite("dead_letters", change_dead_letter)),
)
