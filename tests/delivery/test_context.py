"""What rests in timers of the sender stays readable."""

import pytest

from schemas.values import Json
from services.delivery.context import DeliveryTimerPayload, HoldTimerPayload
from services.platform.store.codec import DataclassInstance, codec_for


@pytest.mark.parametrize(
    ("payload", "document"),
    [
        (DeliveryTimerPayload, {"key": "w/telegram:main:42", "attempt": 3, "gates": None}),
        (DeliveryTimerPayload, {"key": "w/telegram:main:42", "attempt": 0, "gates": 1}),
        (HoldTimerPayload, {"account": "2/w/telegram:main", "chat": None}),
        (HoldTimerPayload, {"account": "2/w/telegram:main", "chat": "-100"}),
    ],
)
def test_data_of_a_timer_come_back_as_they_were(payload: type[DataclassInstance], document: dict[str, Json]) -> None:
    codec = codec_for(payload)
    assert codec.encode(codec.decode(document)) == document


def test_hold_of_a_chat_has_another_id_than_its_accounts() -> None:
    assert HoldTimerPayload(account="2/w/telegram:main").hold_id == "2/w/telegram:main"
    assert HoldTimerPayload(account="2/w/telegram:main", chat="-100").hold_id == "2/w/telegram:main/-100"
