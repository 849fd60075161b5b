"""Decide: records become inputs, the documents that their handlers read are loaded, and each input is handled.

Nothing here is written or sent: a batch is what one commit will do.
"""

from typing import Any

from schemas.commands import WORKSPACE_GATE, DeadLetterAction, WorkspaceGate
from schemas.envelope import decode
from services.platform.bus.port import Record
from services.platform.processing import dead_letters, failpoints
from services.platform.processing.batch import Batch
from services.platform.processing.inputs import (
    CONTROL,
    EffectCompleted,
    Input,
    PendingInput,
    ReceivedEvent,
    TimerFired,
    causation_id,
)
from services.platform.processing.processor import Accounting, AnyProcessor
from services.platform.processing.restarts import PARTITION_RESET_ERRORS
from services.platform.processing.runtime import Runtime
from services.platform.processing.unit_of_work import UnitOfWork
from services.platform.processing.workspaces import belongs_to


class Poison(Exception):
    """The deciding code raised: an input of the batch cannot be handled (rule 8). `error` is what it raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error = error


async def decode_inputs(batch: Batch, accounting: Accounting | None = None) -> None:
    """Fill `inputs`: without duplicates and inputs of closed workspaces, with the inputs that operators retry.

    Raises ValueError for a record that is no event. Store errors pass through.
    """
    for one in batch.pending:
        if one.record is not None:
            await _decode_record(batch, one.record, accounting)
        elif (known := _without_record(batch.work, one)) is not None and not _is_of_closed_workspace(batch, known):
            batch.inputs.append(known)


async def _decode_record(batch: Batch, record: Record, accounting: Accounting | None) -> None:
    event = decode(record.value)
    if not batch.seen.admit(event, record.topic):
        batch.duplicates += 1
    elif event.type == dead_letters.DEAD_LETTER_ACTION:
        revived = await dead_letters.carry_out(batch.work, event.payload_as(DeadLetterAction), accounting)
        batch.inputs += [revived] if revived is not None else []
    # Control events pass even for a closed workspace: the one that opens it again is among them.
    elif event.workspace not in batch.closed or event.type.startswith(CONTROL):
        if event.type == WORKSPACE_GATE:
            _set_gate(batch, event.payload_as(WorkspaceGate))
        batch.inputs.append(ReceivedEvent(event, record.topic, record.offset))


def _set_gate(batch: Batch, gate: WorkspaceGate) -> None:
    """Close a workspace, or open it again."""
    named = frozenset({gate.workspace})
    batch.closed = batch.closed - named if gate.is_open else batch.closed | named


def _without_record(work: UnitOfWork, one: PendingInput) -> TimerFired | EffectCompleted | None:
    """The timer or the result that is pending. The commit that handles a timer deletes it (rule 6)."""
    if one.timer is not None:
        work.cancel_timer(one.timer.name)
        return one.timer
    return one.completed


def _is_of_closed_workspace(batch: Batch, one: TimerFired | EffectCompleted) -> bool:
    if not batch.closed:
        return False
    return belongs_to(one.data if isinstance(one, TimerFired) else one.request) in batch.closed


async def decide(batch: Batch, processor: AnyProcessor, memory: Any, runtime: Runtime) -> None:
    """Decide the whole batch in memory.

    Raises Poison when that is impossible for one of its inputs; errors of store and bus pass through as they are.
    """
    try:
        await decode_inputs(batch, processor.accounting)
        await runtime.hook(failpoints.INPUTS_KNOWN)
        decisions = await processor.load(batch.work, memory, batch.inputs)
    except PARTITION_RESET_ERRORS:
        # A store that is away is no fault of the input: as a poison, its whole topic would become dead letters.
        raise
    except Exception as error:
        raise Poison(error) from error
    await runtime.hook(failpoints.DOCUMENTS_READ)

    def decide_one(received: Input) -> None:
        batch.work.cause = causation_id(received)
        try:
            decisions.decide(received)
        except Exception as error:
            raise Poison(error) from error

    if processor.linger_seconds:
        await runtime.slicer.slices(decide_one, batch.inputs, runtime.time_source)
    else:
        for one in batch.inputs:
            decide_one(one)
    # Only workspaces that were closed before: the batch that closes one still commits what came ahead of the gate.
    if batch.closed_before:
        batch.work.leave_out(batch.closed_before)
    await runtime.hook(failpoints.DECIDED)
