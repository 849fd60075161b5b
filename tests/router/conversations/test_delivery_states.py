"""How reports about one message of ours combine: the order in which they arrive changes nothing."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.conversation import MessageState
from schemas.values import Failure, Surface
from services.router.conversations.domain.delivery_states import (
    RANKS,
    is_unsettled,
    rank,
    state_by_watermark,
    with_watermark,
)
from tests.fakes import START
from tests.router.conversations.test_responses import WAITING

DOUBT = Failure(code="outcome_unknown", detail="no answer came")
REFUSAL = Failure(code="blocked", detail="the person blocked us")


def test_a_refusal_outweighs_acceptance_and_delivery_outweighs_a_refusal() -> None:
    ranks = [rank("queued", None), rank("sent", None), rank("failed", REFUSAL), rank("delivered", None)]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)


def test_any_report_of_the_message_outweighs_a_doubt() -> None:
    assert rank("queued", None) < rank("failed", DOUBT) < rank("sent", None)


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read", "failed"])))
def test_the_highest_of_any_order_is_read(order: tuple[MessageState, ...]) -> None:
    assert max(order, key=lambda state: rank(state, REFUSAL)) == "read"


@pytest.mark.parametrize("state", ["received", "edited", "deleted"])
def test_a_message_in_another_state_never_changes(state: MessageState) -> None:
    assert all(rank(state, None) >= other for other in RANKS.values())


def test_a_message_is_unsettled_until_somebody_knows_who_has_it() -> None:
    assert [is_unsettled("queued", None), is_unsettled("failed", DOUBT)] == [True, True]
    assert not any([is_unsettled("sent", None), is_unsettled("failed", REFUSAL), is_unsettled("read", None)])


@given(st.permutations([("delivered", 10), ("read", 5), ("delivered", 20), ("read", 2)]))
def test_watermarks_only_rise_and_cover_what_was_sent_until_then(marks: list[tuple[MessageState, int]]) -> None:
    conversation = WAITING
    for state, seconds in marks:
        conversation = with_watermark(conversation, "private", state, START + timedelta(seconds=seconds))
    found = [state_by_watermark(conversation, "private", START + timedelta(seconds=at)) for at in (5, 6, 20, 21)]
    assert found == ["read", "delivered", "delivered", "sent"]


def test_a_watermark_of_one_surface_says_nothing_of_the_other() -> None:
    surfaces: tuple[Surface, Surface] = ("private", "public")
    conversation = with_watermark(WAITING, surfaces[0], "read", START)
    assert state_by_watermark(conversation, surfaces[1], START) == "sent"
