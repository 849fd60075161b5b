"""What rests of counters, and of the conversations that are counted, comes back as it was written."""

from typing import Any

import pytest

from schemas.values import Json
from services.platform.store.codec import encode
from services.platform.store.port import Collection
from services.records.counters import COUNTED, COUNTERS, METRICS_STATES

COUNTER: dict[str, Json] = {
    "workspace": "w",
    "partition": 3,
    "version": 7,
    "values": {"pasokh_resolved_total|telegram": 2.0},
    "distributions": {"pasokh_wait_seconds|telegram": {"counts": {"5.0": 1, "+Inf": 2}, "total": 99.5}},
    "recent_messages": {"1772442000": 2},
    "recent_opened": {"1772442000": 1},
}
DEDUPE: dict[str, Json] = {"at": "2026-03-02T09:00:00.000000Z"}
STATE: dict[str, Json] = {
    "workspace": "w",
    "waiting": "pasokh_waiting|telegram|private|default|normal",
    "waiting_since": "2026-03-02T09:00:00.000000Z",
    "reopened": True,
    "status": "waiting",
    "status_since": "2026-03-02T09:00:00.000000Z",
    "counted_until": "2026-03-02T09:00:01.000000Z",
    "pending_seconds": 1.5,
    "handled_seconds": 2.5,
    "idle_seconds": 3.5,
    "handled_since": "2026-03-02T08:00:00.000000Z",
    "resolution": {"labels": {"channel": "telegram"}, "full_seconds": 60.0, "full_less_pending_seconds": 58.5},
    "is_visible": True,
    "unanswered_messages": ["m1", "m2"],
    "deleted_messages": ["m1"],
    "earlier": {
        "run": 1,
        "kind": "first_response",
        "was_answered": False,
        "visible_at": None,
        "log": [{"at": "2026-03-02T09:00:00.000000Z", "entry": "resolve"}],
    },
}


# Any: collections of several records.
@pytest.mark.parametrize(("collection", "document"), [(COUNTERS, COUNTER), (COUNTED, DEDUPE), (METRICS_STATES, STATE)])
def test_documents_come_back_as_they_were_written(collection: Collection[Any], document: dict[str, Json]) -> None:
    assert encode(collection.decode(document)) == document


def test_what_a_state_of_an_earlier_version_lacks_has_its_default() -> None:
    state = METRICS_STATES.decode({"workspace": "w", "status": "assigned"})
    assert (state.handled_seconds, state.unanswered_messages, state.earlier) == (0.0, [], None)
