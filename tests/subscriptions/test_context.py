"""What rests in timers of webhook subscriptions stays readable."""

import pytest

from schemas.values import Json
from services.platform.store.codec import DataclassInstance, codec_for
from services.subscriptions.context import EndpointTimerPayload, ReplayCursor

SINCE, UNTIL = "2026-03-02T09:00:00.000000Z", "2026-03-03T09:00:00.000000Z"


@pytest.mark.parametrize(
    ("payload", "document"),
    [
        (EndpointTimerPayload, {"workspace": "w", "webhook": "crm", "event": "e_1", "attempt": 2}),
        (EndpointTimerPayload, {"workspace": "w", "webhook": "crm", "event": None, "attempt": 0}),
        (
            ReplayCursor,
            {"workspace": "w", "webhook": "crm", "event": None, "since": SINCE, "until": UNTIL, "cursor": "c"},
        ),
    ],
)
def test_data_of_a_timer_come_back_as_they_were(payload: type[DataclassInstance], document: dict[str, Json]) -> None:
    codec = codec_for(payload)
    assert codec.encode(codec.decode(document)) == document
