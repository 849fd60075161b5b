"""Nothing of a workspace that is being deleted is handled or written, until its name is opened again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas.commands import WORKSPACE_GATE, WorkspaceGate
from schemas.envelope import Event, encode
from schemas.values import Contract, Json
from services.platform.bus.port import Record
from services.platform.processing.batch import Batch, start_batch
from services.platform.processing.commit import advanced_row
from services.platform.processing.decide import decode_inputs
from services.platform.processing.inputs import PendingInput, ReceivedEvent, TimerFired
from services.platform.processing.unit_of_work import PartitionContext, UnitOfWork
from services.platform.processing.workspaces import belongs_to
from services.platform.store.collections import PartitionCheckpoint
from services.platform.store.port import Collection
from tests.fakes import START, MemoryStore


class Thing(Contract):
    """Something of a workspace."""

    workspace: str | None = None
    key: str | None = None
    message: Any = None


THINGS = Collection("things", Thing, writer="group")
ROW = PartitionCheckpoint(seq=1, decided_at=START)


def record(
    offset: int, workspace: str, kind: str = "pasokh.inbound.message", data: dict[str, Json] | None = None
) -> PendingInput:
    event = Event(
        id=f"e{offset}",
        source="rest",
        type=kind,
        time=START,
        workspace=workspace,
        partitionkey=workspace,
        data=data or {},
    )
    return PendingInput(record=Record("inbound", 0, offset, workspace, encode(event)))


def gate(offset: int, workspace: str, *, is_open: bool) -> PendingInput:
    return record(offset, workspace, WORKSPACE_GATE, WorkspaceGate(workspace=workspace, is_open=is_open).model_dump())


async def understood(row: PartitionCheckpoint, *taken: PendingInput) -> Batch:
    batch = start_batch(
        row,
        taken,
        UnitOfWork(PartitionContext("group", 0, 1, row.seq + 1), START + timedelta(seconds=1), MemoryStore()),
    )
    await decode_inputs(batch)
    return batch


def names(batch: Batch) -> list[str]:
    return [one.event.id for one in batch.inputs if isinstance(one, ReceivedEvent)]


async def test_events_of_a_closed_workspace_are_passed_over_and_others_are_not() -> None:
    batch = await understood(
        ROW, record(1, "gone"), gate(2, "gone", is_open=False), record(3, "gone"), record(4, "other")
    )
    assert names(batch) == ["e1", "e2", "e4"]
    after = advanced_row(batch, 2)
    assert (after.closed, after.offsets) == (["gone"], {"inbound": 5})
    later = await understood(
        after, record(5, "gone"), record(6, "gone", "pasokh.control.watermark"), record(7, "other")
    )
    assert names(later) == ["e6", "e7"]


async def test_a_workspace_that_is_opened_again_is_handled_again() -> None:
    closed = replace(ROW, closed=["gone", "still"])
    batch = await understood(closed, record(1, "gone"), gate(2, "gone", is_open=True), record(3, "gone"))
    assert names(batch) == ["e2", "e3"]
    assert advanced_row(batch, 2).closed == ["still"]


async def test_timers_of_a_closed_workspace_are_gone() -> None:
    closed = replace(ROW, closed=["gone"])
    timers = [
        TimerFired("close/1", START, {"key": "gone/telegram:main:1"}),
        TimerFired("rules/gone", START, {"workspace": "gone"}),
        TimerFired("close/2", START, {"key": "other/telegram:main:1"}),
        TimerFired("clocks_due", START, {}),
    ]
    batch = await understood(closed, *(PendingInput(timer=one) for one in timers))
    assert [one.name for one in batch.inputs if isinstance(one, TimerFired)] == ["close/2", "clocks_due"]
    assert len(batch.work.deletes()) == 4


def test_what_is_decided_about_a_closed_workspace_is_taken_back() -> None:
    work = UnitOfWork(PartitionContext("group", 0, 1, 2), START, MemoryStore())
    for name, thing in {
        "own": Thing(workspace="gone"),
        "key": Thing(key="gone/telegram:main:1"),
        "inner": Thing(message=Thing(workspace="gone")),
        "other": Thing(workspace="other"),
        "none": Thing(),
    }.items():
        work.put(THINGS, name, thing)
    work.emit("pasokh.conversation.closed", "gone/telegram:main:1", Thing())
    work.emit("pasokh.conversation.closed", "other/telegram:main:1", Thing())
    work.emit("pasokh.control.watermark_request", "gone/control", Thing(), topic="sla", partition=0)
    work.leave_out(["gone"])
    assert sorted(key.id for key in work.written) == ["none", "other"]
    assert [one.key for one in work.outbox] == ["other/telegram:main:1", "gone/control"]
    assert [put.document["workspace"] for put in work.puts() if put.key.collection == "facts"] == ["other"]


def test_whose_a_document_is() -> None:
    assert belongs_to({"workspace": "a", "key": "b/x"}) == "a"
    assert belongs_to({"workspace": "", "key": "b/x"}) == "b"
    assert belongs_to({"data": {"key": "c/x"}}) == "c"
    assert belongs_to({"message": "an id", "data": {}}) is None
