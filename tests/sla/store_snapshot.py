"""The documents of a store after a partition of `sla` has applied facts: its own, the facts of both kinds, and its row."""

from collections.abc import Iterable
from copy import deepcopy

from schemas.envelope import Event
from services.domain.conversation_state import ConversationState
from services.platform.store.collections import ROWS, TIMERS, PartitionCheckpoint, put_fact
from services.platform.store.port import Key, Put
from services.records.conversations import CONVERSATIONS
from tests.sla.harness import SlaHarness

SOURCE = "conversations/0"


def store_snapshot(sla: SlaHarness, *, last_applied: int | None = None) -> list[Put]:
    """All documents. `last_applied` is the number of facts that the row counts as applied, all of them by default."""
    numbers = [event.seq or 0 for event in sla.fact_events]
    last = numbers[-1] if last_applied is None else numbers[last_applied - 1]
    row = PartitionCheckpoint(seq=sla.seq, dedupe_vector={f"{SOURCE}|conversations": (last, 0)}, decided_at=sla.now)
    puts = [
        Put(key, deepcopy(document)) for key, document in sla.store.documents.items() if key.collection != TIMERS.name
    ]
    clock_facts = [event for event in sla.sent if event.type.startswith("pasokh.sla.")]
    puts += [put_fact(event) for event in (*_renamed(sla.fact_events), *clock_facts)]
    case = ConversationState(**dict(sla.case), key="w/telegram:main:1")
    puts.append(Put(Key(CONVERSATIONS.name, case.id), case))
    return [*puts, Put(Key(ROWS.name, "sla/0"), row)]


def _renamed(events: Iterable[Event]) -> Iterable[Event]:
    """The facts with the source and the numbers that conversations gives them."""
    return (event.model_copy(update={"source": SOURCE}) for event in events)
