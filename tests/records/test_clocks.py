"""What rests of SLA clocks and of counted conversations comes back as it was written."""

from typing import Any

import pytest

from schemas.values import Json
from services.platform.store.codec import encode
from services.platform.store.port import Collection
from services.records.clocks import CLOCK_SCHEDULES, CLOCKS, SLA_STATES

CALENDAR: dict[str, Json] = {
    "timezone": "Europe/Riga",
    "hours": {"mon": [["09:00", "17:00"]]},
    "holidays": ["2026-12-24"],
}
ESCALATE: dict[str, Json] = {"on": "warned", "priority": "urgent", "team": "leads"}
CLOCK: dict[str, Json] = {
    "metric": "first_response",
    "policy": "p",
    "target_seconds": 60.0,
    "started_at": "2026-03-02T09:00:00.000000Z",
    "due_at": "2026-03-02T09:01:00.000000Z",
    "state": "paused",
    "stopped_at": "2026-03-02T09:00:30.000000Z",
    "late_by_seconds": 1.5,
    "run": 2,
    "policy_version": 3,
    "warn_at": [0.5, 0.8],
    "warned": [0.5],
    "calendar": CALENDAR,
    "escalate": ESCALATE,
    "answers": [{"message": "r1", "at": "2026-03-02T09:00:30.000000Z"}],
    "ended_at": "2026-03-02T09:00:40.000000Z",
    "paused_at": "2026-03-02T09:00:35.000000Z",
    "pauses": [{"since": "2026-03-02T09:00:10.000000Z", "until": "2026-03-02T09:00:20.000000Z"}],
    "next_at": "2026-03-02T09:00:48.000000Z",
    "conversation": "c1",
    "workspace": "w",
    "key": "w/telegram:main:1",
    "partition": 3,
    "channel": "telegram",
    "account": "main",
    "surface": "private",
    "team": "default",
    "priority": "normal",
}
SLA_STATE: dict[str, Json] = {
    "conversation": "c1",
    "workspace": "w",
    "team": "default",
    "priority": "normal",
    "policy": {
        "policy": "p",
        "version": 3,
        "targets": {
            "first_response_seconds": 60.0,
            "next_response_seconds": None,
            "resolution_seconds": 3600.0,
            "pickup_seconds": None,
            "public_response_seconds": None,
        },
        "warn_at": [0.5],
        "calendar": CALENDAR,
        "escalate": ESCALATE,
    },
    "selected_versions": [1, 3],
    "open_targets": {
        "first_response": {"since": "2026-03-02T09:00:00.000000Z", "run": 2},
        "pickup": {"since": "2026-03-02T09:00:00.000000Z", "run": None},
    },
    "runs": {"first_response": 2},
    "started_once": ["public_response"],
    "response_tracking": {
        "run": 1,
        "kind": "first_response",
        "was_answered": False,
        "visible_at": None,
        "log": [{"since": "2026-03-02T09:00:00.000000Z", "count": 1, "last": "m1", "entry": "messages"}],
    },
}
SCHEDULE: dict[str, Json] = {
    "timer_at": "2026-03-02T09:01:00.200000Z",
    "in_flight": "2026-03-02T09:00:59.000000Z",
    "watermark": "2026-03-02T09:00:00.000000Z",
}


# Any: collections of several records.
@pytest.mark.parametrize(
    ("collection", "document"), [(CLOCKS, CLOCK), (SLA_STATES, SLA_STATE), (CLOCK_SCHEDULES, SCHEDULE)]
)
def test_documents_come_back_as_they_were_written(collection: Collection[Any], document: dict[str, Json]) -> None:
    assert encode(collection.decode(document)) == document


def test_what_a_short_document_lacks_has_its_default() -> None:
    required = ("metric", "policy", "target_seconds", "started_at", "due_at", "state")
    copied = ("conversation", "workspace", "key", "partition", "channel", "account", "surface", "team", "priority")
    clock = CLOCKS.decode({name: CLOCK[name] for name in (*required, *copied)})
    assert (clock.run, clock.policy_version, clock.answers, clock.pauses, clock.next_at) == (1, 0, [], [], None)
    assert CLOCK_SCHEDULES.decode({}).timer_at is None
