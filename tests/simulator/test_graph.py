"""The whole graph under everything that can go wrong, and proof that leaving a rule out is noticed."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from schemas.sla import Watermark, WatermarkRequest
from services.delivery import processor as sender
from services.delivery import start
from services.delivery.context import message_timer
from services.platform.processing.document_cache import DocumentCache
from services.platform.processing.inputs import ReceivedEvent
from services.platform.processing.processor import Handler
from services.platform.processing.unit_of_work import UnitOfWork
from services.router.conversations import command_outcomes, inbound, processor
from services.router.conversations.customer_messages import add_message
from tests.simulator.graph_run import run_graph
from tests.simulator.run import RunResult

SEEDS = int(os.environ.get("PASOKH_GRAPH_SEEDS", "1000"))
ONE = os.environ.get("PASOKH_SEED")
CHUNK = 25
FIRST_OF_CHUNKS = range(0, SEEDS, CHUNK) if ONE is None else (int(ONE),)
TRIED = 60


def one_seed(seed: int) -> RunResult:
    """The seed decides what kind of world it is: engine, size, and (inside) how hard the storm is."""
    return run_graph(seed, embedded=seed % 4 == 0, small=seed % 11 != 0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", FIRST_OF_CHUNKS)
def test_nothing_is_lost_doubled_or_judged_wrongly(first: int) -> None:
    for seed in range(first, first + (CHUNK if ONE is None else 1)):
        verdict = one_seed(seed)
        assert not verdict.wrong, f"replay with PASOKH_SEED={seed}: {verdict.wrong}"


def test_a_seed_of_the_graph_replays_exactly() -> None:
    assert one_seed(3).history == one_seed(3).history


def _tick_at_once(context: Any, arrived: ReceivedEvent) -> None:
    work: UnitOfWork = context.work
    at = WatermarkRequest.model_validate(arrived.event.data).at
    key, here = f"pasokh/{work.place.source}", work.place.partition
    work.emit("pasokh.control.watermark", key, Watermark(at=at), topic="conversations", partition=here)


def _send_again(context: Any, timer: Any) -> None:
    message_id, payload = message_timer(timer)
    record = sender._open_attempt(context, message_id, payload.attempt)
    if record is not None:
        start.start(context, record)


def _every_message_is_new(work: UnitOfWork, activity: Any, configuration: Any) -> None:
    fresh = activity.model_copy(update={"message": work.new_id("message")})
    add_message(work, fresh, configuration, "received")


LEFT_OUT: list[Any] = [
    pytest.param(
        inbound.MESSAGE_HANDLERS, "message", _every_message_is_new, id="4: a message is its own dedupe record"
    ),
    pytest.param(
        processor.PROCESSOR.handlers,
        "pasokh.control.watermark_request",
        Handler(_tick_at_once),
        id="7: a tick waits for what came before",
    ),
    pytest.param(
        sender.PROCESSOR.timers,
        "settle/",
        Handler(_send_again, sender.OF_MESSAGE),
        id="9: what may have been sent is not sent again",
    ),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("table", "key", "instead"), LEFT_OUT)
def test_a_rule_left_out_of_the_graph_is_noticed(
    table: dict[str, Any], key: str, instead: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(table, key, instead)
    assert any(run_graph(seed).wrong for seed in range(TRIED))


@pytest.mark.timeout(300)
def test_what_an_owner_wrote_and_never_forgets_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DocumentCache, "clear", lambda _: None)
    assert any(run_graph(seed).wrong for seed in range(TRIED))


@pytest.mark.timeout(300)
def test_commands_without_a_record_of_their_outcome_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_outcomes, "is_repeat", lambda *_: False)
    assert any(run_graph(seed).wrong for seed in range(TRIED))
