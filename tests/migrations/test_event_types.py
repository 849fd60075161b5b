"""Events in documents get their new types and fields; the rest of them is unchanged."""

import json

import pytest
from pydantic import TypeAdapter

from schemas.envelope import decode
from schemas.events import EVENT_TYPES
from schemas.renamed_events import RENAMED_EVENT_FIELDS, RENAMED_EVENT_TYPES
from services.migrations.m0002_event_types import change_dead_letter, change_outbox
from services.platform.store.port import Document

EVENT = {
    "specversion": "1.0",
    "id": "e1",
    "source": "conversations/0",
    "type": "pasokh.routing.task_changed",
    "time": "2026-03-02T09:00:00.000000Z",
    "datacontenttype": "application/json",
    "workspace": "shop",
    "partitionkey": "shop",
    "traceparent": None,
    "seq": 4,
    "index": 0,
    "data": {"conversation": "c1", "undue": True, "text": "سلام"},
}
RENAMED = {**EVENT, "data": {"conversation": "c1", "clear_due": True, "text": "سلام"}}


def encoded(event: object) -> str:
    return json.dumps(event, ensure_ascii=False)


def test_old_types_on_the_log_are_read_as_new_types() -> None:
    for old, new in RENAMED_EVENT_TYPES.items():
        assert decode(encoded({**EVENT, "type": old}).encode()).type == new


def test_old_fields_on_the_log_are_read_as_new_fields() -> None:
    event = decode(encoded(EVENT).encode())
    assert event.data == RENAMED["data"]
    assert decode(encoded(RENAMED).encode()).data == RENAMED["data"]


def test_every_new_name_of_the_table_exists() -> None:
    assert set(RENAMED_EVENT_TYPES.values()) <= EVENT_TYPES.keys()
    assert not RENAMED_EVENT_TYPES.keys() & EVENT_TYPES.keys()
    for event_type, names in RENAMED_EVENT_FIELDS.items():
        fields = EVENT_TYPES[event_type].contract.model_fields
        assert set(names.values()) <= fields.keys()
        assert not names.keys() & fields.keys()


def test_an_outbox_is_published_under_new_names() -> None:
    outbox: Document = {"events": [["routing", 0, "shop", encoded(EVENT)]]}
    changed = change_outbox(outbox)
    [row] = TypeAdapter(list[tuple[str, int, str, str]]).validate_python(changed["events"])
    assert (row[:3], json.loads(row[3])) == (("routing", 0, "shop"), RENAMED)
    assert change_outbox(changed) == changed


def test_a_dead_letter_is_retried_under_new_names() -> None:
    old = {**EVENT, "type": "pasokh.control.due", "data": {"at": "2026-03-02T09:00:00.000000Z"}}
    letter: Document = {
        "group": "g",
        "event_type": "pasokh.control.watermark_request",
        "event": encoded(old),
        "error": "E",
    }
    changed = change_dead_letter(letter)
    assert changed["event_type"] == "pasokh.control.watermark_request"
    assert json.loads(str(changed["event"])) == {**old, "type": "pasokh.control.watermark_request"}
    assert change_dead_letter(changed) == changed


@pytest.mark.parametrize("event_type", ["wake_up", "performed", "unreadable"])
def test_a_dead_letter_without_an_event_stays_as_it_is(event_type: str) -> None:
    letter: Document = {"event_type": event_type, "event": "no JSON"}
    assert change_dead_letter(letter) == letter
